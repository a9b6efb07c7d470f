package header_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
	"github.com/iris-oculus/iris/internal/volume/dicom/syntax"
)

func read(t testing.TB, file []byte) (*header.Header, []byte, error) {
	t.Helper()
	h, body, err := header.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return h, nil, err
	}
	rest, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return h, rest, nil
}

func code(err error) string {
	var fault *volume.Error
	if errors.As(err, &fault) {
		return fault.Code
	}
	return fmt.Sprint(err)
}

var natives = []string{syntax.ImplicitLE, syntax.ExplicitLE, syntax.ExplicitBE, syntax.Deflated}

// Every way of writing a data set says the same.
func TestReadEverySyntax(t *testing.T) {
	s := dicomtest.Axial(3, 4, 6)
	want, pixels, err := read(t, s.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if want.Rows != 4 || want.Columns != 6 || want.Frame(0).Position != [3]float64{-10, -20, 36} ||
		want.Frame(0).Intercept != -1024 || want.Series != "1.2.3.4" || !bytes.Equal(pixels, s.Pixels) {
		t.Fatalf("header is wrong: %+v", want)
	}
	for _, ts := range natives {
		for _, bare := range []bool{false, true} {
			if bare && ts == syntax.Deflated {
				continue // without a meta group nothing says that it is deflated
			}
			s.Syntax, s.NoMeta = ts, bare
			got, pixels, err := read(t, s.Bytes())
			if err != nil {
				t.Errorf("%s, bare %v: %v", ts, bare, err)
				continue
			}
			if len(pixels) != len(s.Pixels) {
				t.Errorf("%s, bare %v: %d bytes of pixels, want %d", ts, bare, len(pixels), len(s.Pixels))
			}
			same := *want
			same.TransferSyntax, same.Pixels.Words = got.TransferSyntax, got.Pixels.Words
			if d := cmp.Diff(&same, got); d != "" {
				t.Errorf("%s, bare %v: %s", ts, bare, d)
			}
		}
	}
}

// What lies in sequences of no interest, endless or not, changes nothing.
func TestReadPassesSequencesOver(t *testing.T) {
	icon := func(w *dicomtest.Writer) {
		w.Number(0x00280010, 64) // Rows of an icon are not the image's
		w.Head(0x7FE00010, "OW", 4)
		w.Buffer.Write([]byte{1, 2, 3, 4})
	}
	fragments := func(w *dicomtest.Writer) {
		w.Head(0x7FE00010, "OB", dicomtest.Endless)
		for range 2 { // raw bytes, among them a false delimiter
			w.Head(0xFFFEE000, "", 8)
			w.Buffer.Write([]byte{0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0})
		}
		w.Head(0xFFFEE0DD, "", 0)
	}
	for _, ts := range natives {
		for _, endless := range []bool{false, true} {
			s := dicomtest.Axial(0, 4, 6)
			s.Syntax = ts
			s.Extra = func(w *dicomtest.Writer) {
				w.Sequence(0x00880200, endless, icon, icon)
				if !w.Implicit { // implicit VR cannot tell fragments from items
					w.Sequence(0x00880204, endless, fragments)
				}
				w.Sequence(0x30060010, endless, func(w *dicomtest.Writer) {
					w.Sequence(0x30060012, !endless, icon)
				})
			}
			h, pixels, err := read(t, s.Bytes())
			if err != nil || h.Rows != 4 || len(pixels) != len(s.Pixels) {
				t.Errorf("%s, endless %v: %v", ts, endless, err)
			}
		}
	}
}

func group(tag uint32, attributes func(*dicomtest.Writer)) func(*dicomtest.Writer) {
	return func(w *dicomtest.Writer) { w.Sequence(tag, true, attributes) }
}

// Per-frame groups go before shared ones, those before the root.
func TestFrameOrderOfPrecedence(t *testing.T) {
	s := dicomtest.Axial(0, 2, 2)
	s.Frames, s.Pixels = "3", make([]byte, 3*8)
	s.Spacing = ""
	s.Extra = func(w *dicomtest.Writer) {
		w.Sequence(0x52009229, false, func(w *dicomtest.Writer) {
			group(0x00289110, func(w *dicomtest.Writer) { w.Text(0x00280030, "DS", `0.7\0.8`) })(w)
			group(0x00289145, func(w *dicomtest.Writer) { w.Text(0x00281053, "DS", "2") })(w)
		})
		frame := func(n int) func(*dicomtest.Writer) {
			return func(w *dicomtest.Writer) {
				group(0x00209113, func(w *dicomtest.Writer) { w.Text(0x00200032, "DS", dicomtest.At(1, 2, float64(n))) })(w)
				if n == 1 {
					group(0x00289145, func(w *dicomtest.Writer) { w.Text(0x00281053, "DS", "3") })(w)
				}
			}
		}
		w.Sequence(0x52009230, true, frame(0), frame(1), frame(2))
	}
	for _, ts := range natives {
		s.Syntax = ts
		h, _, err := read(t, s.Bytes())
		if err != nil {
			t.Fatal(ts, err)
		}
		for n := range 3 {
			f := h.Frame(n)
			slope := []float64{2, 3, 2}[n]
			if f.Position != [3]float64{1, 2, float64(n)} || f.Spacing != [2]float64{0.7, 0.8} || f.Slope != slope || f.Intercept != -1024 {
				t.Errorf("%s frame %d: %+v", ts, n, f)
			}
		}
	}
}

// A file cut anywhere is truncated or has no pixels; it is never read as whole.
func TestReadCutAnywhere(t *testing.T) {
	for _, ts := range natives {
		s := dicomtest.Axial(0, 3, 3)
		s.Syntax = ts
		file := s.Bytes()
		for n := range file {
			h, body, err := header.Read(bytes.NewReader(file[:n]), int64(n))
			if err != nil || !h.Pixels.Present {
				continue
			}
			if got, err := io.ReadAll(body); err == nil && int64(len(got)) >= h.Pixels.Length {
				t.Fatalf("%s: %d of %d bytes were enough", ts, n, len(file))
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	nested := func(w *dicomtest.Writer) {
		for range 4000 {
			w.Head(0x00880200, "SQ", dicomtest.Endless)
			w.Head(0xFFFEE000, "", dicomtest.Endless)
		}
	}
	many := func(w *dicomtest.Writer) {
		for range header.MaxElements + 1 {
			w.Text(0x00091000, "LO", "ab")
		}
	}
	cases := []struct {
		name, want string
		change     func(*dicomtest.Slice)
	}{
		{"nested too deeply", "corrupt_dicom", func(s *dicomtest.Slice) { s.Extra = nested }},
		{"without end", "corrupt_dicom", func(s *dicomtest.Slice) { s.Extra = many }},
		{"pixel length of 4 GiB", "truncated", func(s *dicomtest.Slice) { s.PixelLength = 0xFFFFFFF0 }},
		{"an item outside", "corrupt_dicom", func(s *dicomtest.Slice) {
			s.Extra = func(w *dicomtest.Writer) { w.Head(0xFFFEE000, "", 0) }
		}},
		{"an element over its sequence", "corrupt_dicom", func(s *dicomtest.Slice) {
			s.Extra = func(w *dicomtest.Writer) {
				w.Head(0x52009229, "SQ", 12)
				w.Head(0xFFFEE000, "", 4)
				w.Text(0x00280030, "DS", `0.7\0.8`)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := dicomtest.Axial(0, 2, 2)
			c.change(&s)
			if _, _, err := read(t, s.Bytes()); code(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// A deflated file that expands without end stops at the limit, in little memory.
func TestReadDeflateBomb(t *testing.T) {
	s := dicomtest.Axial(0, 2, 2)
	s.Syntax = syntax.Deflated
	s.Extra = func(w *dicomtest.Writer) {
		w.Head(0x00091000, "OB", 96<<20)
		w.Buffer.Write(make([]byte, 96<<20))
	}
	file := s.Bytes()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := read(t, file)
	runtime.ReadMemStats(&after)
	if code(err) != "too_large" {
		t.Errorf("%v, want too_large", err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("%d bytes allocated", grown)
	}
}

func TestSniff(t *testing.T) {
	with := dicomtest.Axial(0, 2, 2)
	for _, ts := range natives[:3] {
		with.Syntax, with.NoMeta = ts, true
		if header.Sniff(with.Bytes()) != header.Bare {
			t.Errorf("%s without preamble is not recognised", ts)
		}
		whole := with
		whole.NoMeta = false
		if header.Sniff(whole.Bytes()) != header.DICOM {
			t.Errorf("%s is not recognised", ts)
		}
	}
	shifted := append([]byte{' '}, with.Bytes()...)
	if header.Sniff(shifted) != header.Damaged {
		t.Error("a shifted file is not recognised as damaged")
	}
	for _, other := range []string{"", "PK\x03\x04", "plain text that speaks of 1.2.840.10008.1.2", "%PDF-1.4"} {
		if header.Sniff([]byte(other)) != header.Other {
			t.Errorf("%.20q is no DICOM", other)
		}
	}
}

// readerError is what a disk or a network says.
var errDisk = errors.New("disk on fire")

type failing struct{ r io.Reader }

func (f failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err == io.EOF {
		err = errDisk
	}
	return n, err
}

// An error of the storage is not the file's fault.
func TestReadPassesStorageErrorsOn(t *testing.T) {
	file := dicomtest.Axial(0, 2, 2).Bytes()
	for _, n := range []int{0, 100, 140, 300} {
		_, _, err := header.Read(failing{bytes.NewReader(file[:n])}, int64(len(file)))
		if !errors.Is(err, errDisk) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, ts := range natives {
		s := dicomtest.Axial(0, 3, 3)
		s.Syntax = ts
		s.Extra = func(w *dicomtest.Writer) {
			w.Sequence(0x52009230, true, group(0x00209113, func(w *dicomtest.Writer) { w.Text(0x00200032, "DS", `1\2\3`) }))
		}
		f.Add(s.Bytes())
		s.NoMeta = true
		f.Add(s.Bytes())
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h, body, err := header.Read(bytes.NewReader(file), int64(len(file)))
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20+64*uint64(len(file)) {
			t.Fatalf("%d bytes of input made it allocate %d", len(file), grown)
		}
		if err != nil {
			if fault := (*volume.Error)(nil); !errors.As(err, &fault) {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		for n := range min(h.Frames(), 4) {
			h.Frame(n)
		}
		if h.Pixels.Length > int64(len(file)) && h.TransferSyntax != syntax.Deflated {
			t.Fatalf("pixel data of %d bytes in %d", h.Pixels.Length, len(file))
		}
		if _, err := io.CopyN(io.Discard, body, 1<<20); err != nil && err != io.EOF {
			if fault := (*volume.Error)(nil); !errors.As(err, &fault) {
				t.Logf("pixel data: %v", err)
			}
		}
	})
}

// endlessFile is a file of 5 GiB: some bytes, then zeros. It counts what is read.
type endlessFile struct {
	head []byte
	read int64
}

func (f *endlessFile) Read(p []byte) (int, error) {
	n := copy(p, f.head)
	f.head = f.head[n:]
	clear(p[n:])
	f.read += int64(len(p))
	return len(p), nil
}

// One private element of 4 GB in front of the pixel data is refused before it is
// read: who looks at a header has little time and pays for every byte.
func TestAHeaderOfGigabytesIsNotRead(t *testing.T) {
	head := dicomtest.Axial(0, 4, 4).Bytes()
	head = head[:bytes.Index(head, []byte{0x08, 0x00, 0x16, 0x00})]
	head = append(head, 0x09, 0x00, 0x01, 0x10, 'O', 'B', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF)
	f := &endlessFile{head: head}
	if _, _, err := header.Read(f, 5<<30); code(err) != "corrupt_dicom" {
		t.Errorf("error %v, want corrupt_dicom", err)
	}
	if f.read > header.MaxBytes {
		t.Errorf("%d bytes were read, want at most %d", f.read, header.MaxBytes)
	}
}
