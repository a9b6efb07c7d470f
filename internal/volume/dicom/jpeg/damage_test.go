package jpeg_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg/jpegtest"
)

// edit replaces the bytes at the first place where old stands.
func edit(t *testing.T, stream []byte, old, with string) []byte {
	t.Helper()
	if !bytes.Contains(stream, []byte(old)) {
		t.Fatalf("no % x in the stream", old)
	}
	return bytes.Replace(stream, []byte(old), []byte(with), 1)
}

func TestDamagedStreams(t *testing.T) {
	m := jpegtest.Picture("smooth", 40, 30, 12)
	l := limits(m, 16)
	good := jpegtest.Lossless(m, 1, 0, jpegtest.Options{})
	intervals := jpegtest.Lossless(m, 1, 0, jpegtest.Options{Restart: 400})
	steps := jpegtest.Even(7)
	blocks, _ := jpegtest.Transform(m, steps)
	lossy := jpegtest.Sequential(m, blocks, steps, jpegtest.Options{})
	scans := jpegtest.Scripts["successive approximation"]
	progressive := func(s ...jpegtest.Scan) []byte {
		return jpegtest.Progressive(m, blocks, steps, s, jpegtest.Options{})
	}
	lines := jpegtest.Lossless(m, 1, 0, jpegtest.Options{DNL: true})
	const sof, sos, dht, dqt = "\xFF\xC3\x00\x0B\x0C\x00\x1E\x00\x28\x01\x01\x11\x00", "\xFF\xDA\x00\x08\x01\x01\x00", "\xFF\xC4\x00", "\xFF\xDB"
	cases := []struct {
		name, says  string
		stream      []byte
		unsupported bool
	}{
		{"nothing", "does not begin", nil, false},
		{"one byte", "does not begin", good[:1], false},
		{"another format", "does not begin", []byte("\xFF\x4F\xFF\x51"), false},
		{"a start alone", "no frame header", good[:2], false},
		{"headers alone", "no image data", good[:2+13], false},
		{"part of a length", "ends in its headers", good[:5], false},
		{"part of a frame header", "are left", good[:10], false},
		{"an end before the image", "no image data", edit(t, good, dht, "\xFF\xD9\x00"), false},
		{"a segment of length 1", "1 bytes long", edit(t, good, sof, "\xFF\xC3\x00\x01\x0C\x00\x1E\x00\x28\x01\x01\x11\x00"), false},
		{"more rows", "40 × 31 pixels", edit(t, good, sof, "\xFF\xC3\x00\x0B\x0C\x00\x1F\x00\x28\x01\x01\x11\x00"), false},
		{"65535 × 65535 pixels", "65535 × 65535", edit(t, good, sof, "\xFF\xC3\x00\x0B\x0C\xFF\xFF\xFF\xFF\x01\x01\x11\x00"), false},
		{"no columns", "without pixels", edit(t, good, sof, "\xFF\xC3\x00\x0B\x0C\x00\x1E\x00\x00\x01\x01\x11\x00"), false},
		{"17 bits", "17 bits", edit(t, good, sof, "\xFF\xC3\x00\x0B\x11\x00\x1E\x00\x28\x01\x01\x11\x00"), false},
		{"1 bit", "1 bits", edit(t, good, sof, "\xFF\xC3\x00\x0B\x01\x00\x1E\x00\x28\x01\x01\x11\x00"), false},
		{"baseline of 10 bits", "10 bits", edit(t, good, sof, "\xFF\xC0\x00\x0B\x0A\x00\x1E\x00\x28\x01\x01\x11\x00"), false},
		{"three components", "3 colour components", edit(t, good, sof, "\xFF\xC3\x00\x11\x0C\x00\x1E\x00\x28\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"), true},
		{"no component", "0 colour components", edit(t, good, sof, "\xFF\xC3\x00\x08\x0C\x00\x1E\x00\x28\x00"), true},
		{"sampling factors of 0", "impossible component", edit(t, good, sof, "\xFF\xC3\x00\x0B\x0C\x00\x1E\x00\x28\x01\x01\x00\x00"), false},
		{"two frames", "two frame headers", edit(t, good, sof, sof+sof), false},
		{"a short frame header", "wrong length", edit(t, good, sof, "\xFF\xC3\x00\x0A\x0C\x00\x1E\x00\x28\x01\x01\x11"), false},
		{"a scan before the frame", "before its frame header", edit(t, good, sof, sos+"\x01\x00\x00"), false},
		{"hierarchical", "hierarchical", edit(t, good, "\xFF\xC3", "\xFF\xC7"), true},
		{"hierarchical progression", "hierarchical", edit(t, good, "\xFF\xC3", "\xFF\xDE"), true},
		{"arithmetic", "arithmetically", edit(t, good, "\xFF\xC3", "\xFF\xCB"), true},
		{"arithmetic conditioning", "arithmetically", edit(t, good, "\xFF\xC3", "\xFF\xCC"), true},
		{"arithmetic baseline", "arithmetically", edit(t, good, "\xFF\xC3", "\xFF\xC9"), true},
		{"JPEG-LS", "JPEG-LS", edit(t, good, "\xFF\xC3", "\xFF\xF7"), true},
		{"a reserved marker", "reserved", edit(t, good, "\xFF\xC3", "\xFF\x02"), false},
		{"no Huffman table", "no Huffman table", edit(t, good, dht, "\xFF\xFE\x00"), false},
		{"another Huffman table", "no Huffman table", edit(t, good, sos, "\xFF\xDA\x00\x08\x01\x01\x10"), false},
		{"Huffman table 4", "uses table 4", edit(t, good, sos, "\xFF\xDA\x00\x08\x01\x01\x40"), false},
		{"two components in the scan", "one component", edit(t, good, sos, "\xFF\xDA\x00\x08\x02\x01\x00"), false},
		{"another component", "component 9", edit(t, good, sos, "\xFF\xDA\x00\x08\x01\x09\x00"), false},
		{"predictor 0", "predictor 0", edit(t, good, sos+"\x01", sos+"\x00"), false},
		{"predictor 8", "predictor 8", edit(t, good, sos+"\x01", sos+"\x08"), false},
		{"a point transform of 12 bits", "point transform", edit(t, good, sos+"\x01\x00\x00", sos+"\x01\x00\x0C"), false},
		{"an interval of half a row", "whole rows", edit(t, good, sos, "\xFF\xDD\x00\x04\x00\x14"+sos), false},
		{"a long interval segment", "wrong length", edit(t, good, sos, "\xFF\xDD\x00\x05\x00\x14\x00"+sos), false},
		{"no image data", "ends before", good[:bytes.Index(good, []byte(sos))+10], false},
		{"half of the image data", "ends before", good[:len(good)-len(good)/3], false},
		{"without the last bytes", "ends before", good[:len(good)-6], false},
		{"a marker in the image data", "ends before", append(bytes.Clone(good[:len(good)-300]), good[len(good)-2:]...), false},
		{"more image data than pixels", "more than the image needs", append(bytes.Clone(good[:len(good)-2]), good[100:300]...), false},
		{"no restart marker", "restart marker", edit(t, intervals, "\xFF\xD1", "\xFF\xFE"), false},
		{"restart markers out of order", "restart marker", edit(t, intervals, "\xFF\xD1", "\xFF\xD2"), false},
		{"an interval that was lost", "restart marker", cut(intervals, "\xFF\xD0", "\xFF\xD1"), false},
		{"intervals that are not announced", "ends before", edit(t, intervals, "\xFF\xDD\x00\x04", "\xFF\xFE\x00\x04"), false},
		{"another number of rows behind", "40 × 31 pixels", edit(t, lines, "\xFF\xDC\x00\x04\x00\x1E", "\xFF\xDC\x00\x04\x00\x1F"), false},
		{"a number of rows of 3 bytes", "wrong length", edit(t, lines, "\xFF\xDC\x00\x04\x00\x1E", "\xFF\xDC\x00\x05\x00\x1E\x00"), false},
		{"no number of rows", "how many rows", edit(t, lines, "\xFF\xDC\x00\x04\x00\x1E", ""), false},
		{"codes that are not in the table", "impossible code", fill(good, sos), false},
		{"lossy codes that are not in the table", "impossible code", fill(lossy, "\xFF\xDA"), false},
		{"no quantization table", "no quantization table", edit(t, lossy, dqt, "\xFF\xFE"), false},
		{"a step of 0", "step of 0", edit(t, lossy, dqt+"\x00\x43\x02\x07", dqt+"\x00\x43\x02\x00"), false},
		{"quantization table 4", "impossible quantization", edit(t, lossy, dqt+"\x00\x43\x02", dqt+"\x00\x43\x04"), false},
		{"a short quantization table", "impossible quantization", edit(t, lossy, dqt+"\x00\x43\x02", dqt+"\x00\x43\x12"), false},
		{"lossy, half", "ends before", lossy[:len(lossy)*2/3], false},
		{"scans in the wrong order", "not in order", progressive(scans[1], scans[3]), false},
		{"a scan twice", "not in order", progressive(scans[0], scans[0]), false},
		{"a scan of mean and others", "impossible parameters", progressive(jpegtest.Scan{First: 0, Last: 5}), false},
		{"two bits in one scan", "impossible parameters", progressive(scans[0], jpegtest.Scan{High: 2}), false},
		{"a missing refinement", "last progressive scan", progressive(scans[:4]...), false},
		{"no mean", "no image data", progressive(jpegtest.Scan{First: 1, Last: 63}), false},
		{"cut between scans", "last progressive scan", cutAfter(progressive(jpegtest.Scripts["spectral selection"]...), 2), false},
	}
	for _, c := range cases {
		err := check(t, c.stream, l)
		var e *codec.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, c.says) || e.Unsupported != c.unsupported {
			t.Errorf("%s: %v, want an error that says %q", c.name, err, c.says)
		}
	}
}

// cut removes what stands from one mark to before another.
func cut(stream []byte, from, to string) []byte {
	i, j := bytes.Index(stream, []byte(from)), bytes.Index(stream, []byte(to))
	return append(bytes.Clone(stream[:i]), stream[j:]...)
}

// cutAfter keeps n scans of a progressive image.
func cutAfter(stream []byte, n int) []byte {
	at := 0
	for range n + 1 {
		at += 2 + bytes.Index(stream[at+2:], []byte("\xFF\xC4"))
	}
	return stream[:at]
}

// fill replaces image data by ones.
func fill(stream []byte, sos string) []byte {
	stream = bytes.Clone(stream)
	at := bytes.Index(stream, []byte(sos)) + 10
	for ; at < len(stream)-2; at += 2 {
		stream[at], stream[at+1] = 0xFF, 0
	}
	return stream
}

func TestHuffmanTables(t *testing.T) {
	table := func(counts ...byte) []byte {
		body := append(make([]byte, 1), counts...)
		body = append(body, make([]byte, 16-len(counts))...)
		for _, n := range counts {
			body = append(body, make([]byte, n)...)
		}
		return append([]byte{0xFF, 0xD8, 0xFF, 0xC4, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
	}
	short := table(0, 3)
	cases := []struct {
		name, says string
		stream     []byte
	}{
		{"a complete code is accepted", "no frame header", table(0, 4)},
		{"ones alone are accepted", "no frame header", table(1, 1, 2)},
		{"an empty table is accepted", "no frame header", table()},
		{"three codes of one bit", "more codes", table(3)},
		{"a code behind a complete code", "more codes", table(2, 0, 1)},
		{"five codes of two bits", "more codes", table(0, 5)},
		{"257 codes", "impossible Huffman", table(0, 0, 0, 0, 0, 0, 0, 0, 255, 2)},
		{"fewer symbols than codes", "impossible Huffman", append(short[:4:4], append([]byte{0, byte(len(short) - 5)}, short[6:len(short)-1]...)...)},
		{"part of a table", "cut off", append(short[:4:4], append([]byte{0, 10}, short[6:14]...)...)},
		{"class 2", "impossible Huffman", append(short[:6:6], append([]byte{0x20}, short[7:]...)...)},
		{"table 4", "impossible Huffman", append(short[:6:6], append([]byte{0x04}, short[7:]...)...)},
	}
	for _, c := range cases {
		if err := check(t, c.stream, codec.Limits{Columns: 4, Rows: 4, Bits: 16}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error that says %q", c.name, err, c.says)
		}
	}
}

// seeds are streams of every process and freedom.
func seeds(columns, rows int) (streams [][]byte, images []jpegtest.Image) {
	add := func(m jpegtest.Image, s []byte) { streams, images = append(streams, s), append(images, m) }
	for i, kind := range jpegtest.Kinds {
		o := jpegtest.Options{Tables: jpegtest.Tables(i % 3), Extras: i == 2, DNL: i == 3, NoEOI: i == 4, Restart: i % 2 * columns}
		m := jpegtest.Picture(kind, columns, rows, 16-2*i)
		add(m, jpegtest.Lossless(m, 1+i, i%2, o))
		for _, precision := range []int{8, 12} {
			o.Restart = i % 3
			m, steps := jpegtest.Picture(kind, columns, rows, precision), jpegtest.Even(uint16(1+i*i))
			blocks, _ := jpegtest.Transform(m, steps)
			add(m, jpegtest.Sequential(m, blocks, steps, o))
			for _, name := range []string{"both", "spectral selection"} {
				add(m, jpegtest.Progressive(m, blocks, steps, jpegtest.Scripts[name], o))
			}
		}
	}
	return streams, images
}

// Streams with bytes changed, cut, doubled and removed: an error or an image.
func TestMutations(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	streams, images := seeds(21, 13)
	images0 := 0
	rounds := 400
	for i, good := range streams {
		l := limits(images[i], 16)
		if err := check(t, good, l); err != nil {
			t.Fatal(err)
		}
		for range rounds {
			s := bytes.Clone(good)
			for range 1 + r.IntN(3) {
				switch at := r.IntN(len(s)); r.IntN(6) {
				case 0:
					s = s[:max(at, 1)]
				case 1:
					s = append(s[:at], s[min(len(s), at+1+r.IntN(9)):]...)
					s = append(s, 0)
				case 2:
					s = append(s[:at:at], s[at/2:]...)
				case 3:
					s[at] = 0xFF
				default:
					s[at] ^= byte(1 << r.IntN(8))
				}
			}
			if check(t, s, l) == nil {
				images0++
			}
		}
	}
	if n := rounds * len(streams); images0 == 0 || images0 > n*3/4 {
		t.Errorf("%d of %d damaged streams are images", images0, n)
	}
}

// Memory follows the frame and the stream, not what the stream claims.
func TestMemory(t *testing.T) {
	streams, _ := seeds(21, 13)
	big := codec.Limits{Columns: 8000, Rows: 8000, Bits: 16}
	dst := make([]byte, big.Bytes())
	for i, s := range streams {
		for j := range s { // the size that the limits want, in the frame header
			if s[j] == 0xFF && s[j+1] >= 0xC0 && s[j+1] <= 0xC3 {
				copy(s[j+5:], "\x1F\x40\x1F\x40")
				break
			}
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := jpeg.Decode(dst, s, big)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("stream %d: %d bytes are an image of 64 million pixels", i, len(s))
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("stream %d: %d bytes of memory for %d bytes of stream", i, n, len(s))
		}
	}
}

func FuzzDecode(f *testing.F) {
	streams, images := seeds(9, 11)
	for i, s := range streams {
		f.Add(s, uint8(images[i].Columns), uint8(images[i].Rows), uint8(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, columns, rows, bits uint8) {
		_ = check(t, stream, codec.Limits{Columns: int(columns), Rows: int(rows), Bits: 8 << (bits % 3)})
	})
}
