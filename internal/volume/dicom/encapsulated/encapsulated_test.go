package encapsulated_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/decode"
	"github.com/iris-oculus/iris/internal/volume/dicom/encapsulated"
)

// These begin images: JPEG, JPEG 2000, and what may be RLE.
var (
	jpeg = "\xFF\xD8\xFF\xC3"
	j2k  = "\xFF\x4F\xFF\x51"
	rle  = "\x01\x00\x00\x00\x40\x00\x00\x00" + strings.Repeat("\x00", 56)
)

const (
	delimiter = "\xFE\xFF\xDD\xE0\x00\x00\x00\x00"
	item      = "\xFE\xFF\x00\xE0"
)

// items writes fragments, the offset table first.
func items(fragments ...string) string {
	out := ""
	for _, f := range fragments {
		out += item + string(binary.LittleEndian.AppendUint32(nil, uint32(len(f)))) + f
	}
	return out
}

func table(offsets ...uint32) string {
	var b []byte
	for _, at := range offsets {
		b = binary.LittleEndian.AppendUint32(b, at)
	}
	return string(b)
}

func wide(offsets ...uint64) []byte {
	var b []byte
	for _, at := range offsets {
		b = binary.LittleEndian.AppendUint64(b, at)
	}
	return b
}

// frames reads all frames of an element.
func frames(r io.Reader, e encapsulated.Element) ([]string, error) {
	if e.Frames == 1 {
		frame, err := encapsulated.One(r, e, nil)
		return []string{string(frame)}, err
	}
	all, err := encapsulated.Many(r, e)
	if err != nil {
		return nil, err
	}
	defer all.Close()
	var out []string
	var buffer []byte
	for n := range e.Frames {
		if buffer, err = all.Read(n, buffer); err != nil {
			return nil, err
		}
		out = append(out, string(buffer))
	}
	return out, nil
}

func code(err error) string {
	var fault *volume.Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return fmt.Sprint(err)
}

func TestFrames(t *testing.T) {
	a, b, c := jpeg+"aaaa", jpeg+"bbbbbb", jpeg+"cc" // each of an item of 16, 18, 14 bytes
	tail := "0123456789"
	type row struct {
		name, element string
		extended      []byte
		want          []string // nil: corrupt_pixel_data
	}
	check := func(count int, rows []row) {
		for _, c := range rows {
			t.Run(fmt.Sprint(count, " ", c.name), func(t *testing.T) {
				e := encapsulated.Element{Frames: count, FrameBytes: 64, Length: -1, Offsets: c.extended, Start: decode.Start}
				for name, r := range map[string]io.Reader{
					"at once": strings.NewReader(c.element), "byte by byte": iotest.OneByteReader(strings.NewReader(c.element)),
				} {
					got, err := frames(r, e)
					if c.want == nil && code(err) != "corrupt_pixel_data" || c.want != nil && (err != nil || !slices.Equal(got, c.want)) {
						t.Errorf("%s: %q %v, want %q", name, got, err, c.want)
					}
				}
			})
		}
	}
	check(1, []row{
		{"one fragment", items("", a) + delimiter, nil, []string{a}},
		{"one fragment, a table of one", items(table(0), a) + delimiter, nil, []string{a}},
		{"several fragments of one image", items("", a, tail, tail) + delimiter, nil, []string{a + tail + tail}},
		// rordenlab/dcm2niix#1013 and #995: a table of two for one image.
		{"a table that lists fragments", items(table(0, 16), a, tail) + delimiter, nil, []string{a + tail}},
		{"no table at all", items(a, tail) + delimiter, nil, []string{a + tail}},
		{"no table at all, one fragment", items(j2k+"aaaa") + delimiter, nil, []string{j2k + "aaaa"}},
		{"no delimiter", items("", a, tail), nil, []string{a + tail}},
		{"zeros after the fragments", items("", a) + strings.Repeat("\x00", 40), nil, []string{a}},
		{"trailing padding without a delimiter", items("", a) + "\xFC\xFF\xFC\xFFOB\x00\x00\x00\x00\x00\x00", nil, []string{a}},
		{"a delimiter within a fragment", items("", a+delimiter+tail) + delimiter, nil, []string{a + delimiter + tail}},
		{"the head of an item within a fragment", items("", a+items(tail)) + delimiter, nil, []string{a + items(tail)}},
		{"an odd fragment with its padding", items("", a+"x") + "\x00" + delimiter, nil, []string{a + "x"}},
		{"an odd fragment without", items("", a+"x", tail) + delimiter, nil, []string{a + "x" + tail}},
		{"odd fragments with padding between", items("", a+"x") + "\x00" + items(tail) + delimiter, nil, []string{a + "x" + tail}},
		{"fragments of no bytes", items("", "", a, "", tail) + delimiter, nil, []string{a + tail}},
		{"an item's delimiter between", items("", a) + "\xFE\xFF\x0D\xE0\x00\x00\x00\x00" + items(tail) + delimiter, nil, []string{a + tail}},
		// dcm4che/dcm4chee-arc-light#752: fragments of RLE may begin with any bytes.
		{"RLE in pieces that look like headers", items("", rle, rle, tail) + delimiter, nil, []string{rle + rle + tail}},
		{"two images under one frame", items("", a, b) + delimiter, nil, nil},
		{"no image", items("") + delimiter, nil, nil},
		{"nothing", delimiter, nil, nil},
		{"a fragment without a length", items("") + item + "\xFF\xFF\xFF\xFF" + a, nil, nil},
		{"no items", a + tail + tail, nil, nil},
	})
	check(3, []row{
		{"a fragment each", items("", a, b, c) + delimiter, nil, []string{a, b, c}},
		{"a fragment each and a table", items(table(0, 16, 34), a, b, c) + delimiter, nil, []string{a, b, c}},
		{"a fragment each and a table of zeros", items(table(0, 0, 0), a, b, c) + delimiter, nil, []string{a, b, c}},
		{"a table without fragments of its offsets", items(table(0, 17, 40), a, b, c) + delimiter, nil, []string{a, b, c}},
		// Enet4/dicom-rs#399: one entry too many.
		{"a table of one too many", items(table(0, 16, 34, 48), a, b, c) + delimiter, nil, []string{a, b, c}},
		{"a table that begins elsewhere", items(table(8, 24, 42), a, b, c) + delimiter, nil, []string{a, b, c}},
		{"no table", items(a, b, c) + delimiter, nil, []string{a, b, c}},
		// fo-dicom/fo-dicom#992: frames of several fragments, no table.
		{"several fragments a frame", items("", a, tail, b, c, tail, tail) + delimiter, nil, []string{a + tail, b, c + tail + tail}},
		{"several fragments a frame, a table of fragments", items(table(0, 16, 34, 52), a, tail, b, c) + delimiter, nil, []string{a + tail, b, c}},
		{"a table against the marks of images", items(table(0, 16, 34), a, tail, b, c) + delimiter, nil, []string{a + tail, b, c}},
		{"frames without marks and a table", items(table(0, 36, 54), tail, tail, tail, tail+tail) + delimiter, nil, []string{tail + tail, tail, tail + tail}},
		{"frames without marks and an extended table", items("", tail, tail, tail, tail+tail) + delimiter, wide(0, 36, 54), []string{tail + tail, tail, tail + tail}},
		{"an extended table that is wrong", items("", tail, tail, tail+tail) + delimiter, wide(0, 1, 1<<63), []string{tail, tail, tail + tail}},
		{"frames without marks, one each", items("", tail, tail, tail+tail) + delimiter, nil, []string{tail, tail, tail + tail}},
		{"RLE of several fragments", items("", rle+tail, tail, rle, rle) + delimiter, nil, []string{rle + tail + tail, rle, rle}},
		{"a table that counts empty fragments", items(table(0, 26, 44), tail, "", tail, tail, tail) + delimiter, nil, []string{tail, tail, tail + tail}},
		{"too few", items("", a, b) + delimiter, nil, nil},
		{"too many", items("", a, b, c, a) + delimiter, nil, nil},
		{"fragments that say nothing", items("", tail, tail, tail, tail) + delimiter, nil, nil},
		{"the first fragment is none's", items("", tail, a, b, c) + delimiter, nil, nil},
	})
}

// A file that ends within a fragment is cut; one that ends between fragments has no
// delimiter. An error of the stream itself stays what it is.
func TestCut(t *testing.T) {
	whole := items("", jpeg+"aaaa", "0123456789", jpeg+"bbbb") + delimiter
	for n := range len(whole) {
		for _, count := range []int{1, 2} {
			_, err := frames(strings.NewReader(whole[:n]), encapsulated.Element{Frames: count, FrameBytes: 64, Length: -1, Start: decode.Start})
			if got := code(err); got != "truncated" && got != "corrupt_pixel_data" && err != nil {
				t.Errorf("%d bytes: %v", n, err)
			}
			within := n > 16 && n < 24 || n > 32 && n < 42 || n > 50 && n < 58
			if within && code(err) != "truncated" {
				t.Errorf("%d frames, %d bytes: %v, want truncated", count, n, err)
			}
		}
	}
	broken := errors.New("connection lost")
	for n := range len(whole) {
		for _, count := range []int{1, 2} {
			r := io.MultiReader(strings.NewReader(whole[:n]), iotest.ErrReader(broken))
			if _, err := frames(r, encapsulated.Element{Frames: count, FrameBytes: 64, Length: -1, Start: decode.Start}); !errors.Is(err, broken) && code(err) != "corrupt_pixel_data" {
				t.Errorf("after %d bytes: %v", n, err)
			}
		}
	}
}

// A frame takes no more memory than its size allows, whatever a fragment says.
func TestBounds(t *testing.T) {
	e := encapsulated.Element{Frames: 1, FrameBytes: 64, Length: -1, Start: decode.Start}
	long := string(binary.LittleEndian.AppendUint32([]byte(item), 0xFFFFFFF0)) + jpeg
	for _, element := range []string{
		items("") + long, items("", jpeg) + long, items("", jpeg+strings.Repeat("x", int(e.MaxBytes()))),
		items("", strings.Repeat("x", 1<<20), strings.Repeat("x", 1<<20)) + delimiter,
	} {
		for _, count := range []int{1, 2} {
			e.Frames = count
			if count == 2 {
				element = strings.Replace(element, items(""), items("", jpeg), 1)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := frames(strings.NewReader(element), e)
			runtime.ReadMemStats(&after)
			if code(err) != "corrupt_pixel_data" && code(err) != "truncated" {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			allocated := after.TotalAlloc - before.TotalAlloc
			if allocated > 8<<20 {
				t.Errorf("%d bytes of input took %d bytes of memory", len(element), allocated)
			}
		}
	}
	many := items("") + strings.Repeat(items("x"), 1<<18+1)
	e.Frames = 1 << 20
	if _, err := frames(strings.NewReader(many), e); code(err) != "corrupt_pixel_data" {
		t.Errorf("a quarter of a million fragments: %v", err)
	}
}

// An element of known length is read to that length, and not into what follows.
func TestKnownLength(t *testing.T) {
	element := items("", jpeg+"aaaa")
	e := encapsulated.Element{Frames: 1, FrameBytes: 64, Length: int64(len(element)), Start: decode.Start}
	got, err := frames(strings.NewReader(element+items("more")), e)
	if err != nil || got[0] != jpeg+"aaaa" {
		t.Errorf("%q %v", got, err)
	}
}

// Whatever the bytes, there are as many frames as were asked for, or an error with a code.
func FuzzFrames(f *testing.F) {
	for _, seed := range []string{
		items("", jpeg+"aa", "0123"), items(table(0, 12), jpeg+"aaaa", j2k+"aaaa") + delimiter, items(rle, rle, "x") + delimiter,
	} {
		f.Add([]byte(seed), uint8(1))
		f.Add([]byte(seed), uint8(2))
	}
	f.Fuzz(func(t *testing.T, element []byte, count uint8) {
		e := encapsulated.Element{Frames: int(max(1, count)), FrameBytes: 256, Length: -1, Start: decode.Start}
		got, err := frames(bytes.NewReader(element), e)
		switch c := code(err); {
		case err == nil && len(got) != e.Frames:
			t.Fatalf("%d frames of %d", len(got), e.Frames)
		case err != nil && c != "corrupt_pixel_data" && c != "truncated":
			t.Fatal(err)
		}
	})
}
