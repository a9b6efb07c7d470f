package jpeg_test

import (
	"bytes"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpeg/jpegtest"
)

// dct decodes a stream and compares it with the exact transform of its coefficients,
// rounded: a sample may differ by 1, where the exact value is near a half.
func dct(t *testing.T, name string, stream []byte, want jpegtest.Image, bits int) {
	t.Helper()
	l := limits(want, bits)
	got := bytes.Repeat([]byte{0xA5}, l.Bytes())
	info, err := jpeg.Decode(got, stream, l)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if want := (codec.Info{Precision: want.Precision, Lossy: true}); info != want {
		t.Errorf("%s: %+v, want %+v", name, info, want)
	}
	differ := 0
	for i, w := range want.Samples {
		v := int(got[i*bits/8])
		if bits > 8 {
			v |= int(got[i*bits/8+1]) << 8
		}
		if bits > 16 && (got[4*i+2] != 0 || got[4*i+3] != 0) {
			t.Fatalf("%s: sample %d is wider than 16 bits", name, i)
		}
		if d := v - int(w); d != 0 {
			differ++
			if d < -1 || d > 1 {
				t.Errorf("%s: sample %d is %d, want %d", name, i, v, w)
				return
			}
		}
	}
	if differ > 1+len(want.Samples)/100 {
		t.Errorf("%s: %d of %d samples differ", name, differ, len(want.Samples))
	}
}

var dctSizes = [][2]int{{1, 1}, {1, 9}, {9, 1}, {7, 7}, {8, 8}, {16, 8}, {17, 23}, {40, 33}}

func TestSequential(t *testing.T) {
	for _, precision := range []int{8, 12} {
		for _, size := range dctSizes {
			for _, kind := range jpegtest.Kinds {
				for _, step := range []uint16{1, 3, 40, 255, 5000} {
					m := jpegtest.Picture(kind, size[0], size[1], precision)
					steps := jpegtest.Even(step)
					blocks, _ := jpegtest.Transform(m, steps)
					want := jpegtest.Inverse(blocks, steps, m.Columns, m.Rows, precision)
					for _, tables := range []jpegtest.Tables{jpegtest.Optimal, jpegtest.Flat, jpegtest.Steep} {
						name := fmt.Sprintf("%s of %d bits, %d × %d, step %d, tables %d", kind, precision, m.Columns, m.Rows, step, tables)
						stream := jpegtest.Sequential(m, blocks, steps, jpegtest.Options{Tables: tables})
						dct(t, name, stream, want, (precision+7)/8*8)
					}
				}
			}
		}
	}
}

func TestSequentialEveryWriter(t *testing.T) {
	writers := map[string]jpegtest.Options{
		"an interval of one block":          {Restart: 1},
		"an interval of five blocks":        {Restart: 5, Extras: true},
		"an interval of the image":          {Restart: 30},
		"an interval of more":               {Restart: 1000},
		"table 3":                           {TableID: 3},
		"comments and fill bytes":           {Extras: true},
		"sampling factors of 2":             {Sampling: 0x22},
		"sampling factors of 4 and 1":       {Sampling: 0x41},
		"quantization tables of 16 bits":    {WideQ: true},
		"number of rows behind":             {DNL: true},
		"number of rows behind, intervals":  {DNL: true, Restart: 2, Extras: true},
		"no end":                            {NoEOI: true},
		"no end, intervals, wide, long":     {NoEOI: true, Restart: 7, WideQ: true, Tables: jpegtest.Steep},
		"sampling factors of 2 and restart": {Sampling: 0x22, Restart: 4},
	}
	for _, precision := range []int{8, 12} {
		m := jpegtest.Picture("smooth", 41, 35, precision)
		steps := jpegtest.Even(9)
		blocks, _ := jpegtest.Transform(m, steps)
		want := jpegtest.Inverse(blocks, steps, m.Columns, m.Rows, precision)
		for name, o := range writers {
			for _, bits := range []int{16, 32} {
				stream := jpegtest.Sequential(m, blocks, steps, o)
				dct(t, name, stream, want, bits)
				dct(t, name+", padded", append(stream, 0), want, bits)
				for script, scans := range jpegtest.Scripts {
					dct(t, name+", progressive, "+script, jpegtest.Progressive(m, blocks, steps, scans, o), want, bits)
				}
			}
		}
	}
}

func TestProgressive(t *testing.T) {
	for _, precision := range []int{8, 12} {
		for _, size := range dctSizes {
			for _, kind := range jpegtest.Kinds {
				for _, step := range []uint16{1, 30} {
					m := jpegtest.Picture(kind, size[0], size[1], precision)
					steps := jpegtest.Even(step)
					blocks, _ := jpegtest.Transform(m, steps)
					want := jpegtest.Inverse(blocks, steps, m.Columns, m.Rows, precision)
					for _, script := range slices.Sorted(maps.Keys(jpegtest.Scripts)) {
						name := fmt.Sprintf("%s of %d bits, %d × %d, step %d, %s", kind, precision, m.Columns, m.Rows, step, script)
						dct(t, name, jpegtest.Progressive(m, blocks, steps, jpegtest.Scripts[script], jpegtest.Options{}), want, 16)
					}
				}
			}
		}
	}
}

// A run of blocks that end may be 32767 long, and needs more than one code beyond.
func TestLongRunsOfBlocks(t *testing.T) {
	m := jpegtest.Image{Columns: 8 * 200, Rows: 8 * 180, Precision: 8, Samples: make([]uint16, 64*200*180)}
	blocks := make([]jpegtest.Block, 200*180)
	blocks[7][3], blocks[33000][63] = 9, -7
	steps := jpegtest.Even(8)
	for script, scans := range jpegtest.Scripts {
		stream := jpegtest.Progressive(m, blocks, steps, scans, jpegtest.Options{})
		dct(t, script, stream, jpegtest.Inverse(blocks, steps, m.Columns, m.Rows, 8), 8)
	}
}

// The inverse transform is that of the definition for blocks of random coefficients of
// any amplitude, also where samples are cut off at the ends of their range.
func TestAccuracy(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, amplitude := range []int{5, 300, 2048, 16000} {
		blocks := make([]jpegtest.Block, 400)
		for i := range blocks {
			for k := range blocks[i] {
				blocks[i][k] = int32(r.IntN(2*amplitude+1) - amplitude)
				if k > 0 {
					blocks[i][k] /= int32(k)
				}
			}
		}
		steps := jpegtest.Even(1)
		m := jpegtest.Inverse(blocks, steps, 160, 160, 12)
		dct(t, fmt.Sprint(amplitude), jpegtest.Sequential(m, blocks, steps, jpegtest.Options{}), m, 16)
	}
}

// Go's own decoder agrees on what Go's encoder writes and on what jpegtest writes, to 2:
// its transform is off by one as well.
func TestBesideTheStandardLibrary(t *testing.T) {
	for _, size := range dctSizes {
		for _, quality := range []int{20, 75, 100} {
			m := jpegtest.Picture("smooth", size[0], size[1], 8)
			var stream bytes.Buffer
			gray := &image.Gray{Pix: m.Bytes(8, 0), Stride: m.Columns, Rect: image.Rect(0, 0, m.Columns, m.Rows)}
			if err := stdjpeg.Encode(&stream, gray, &stdjpeg.Options{Quality: quality}); err != nil {
				t.Fatal(err)
			}
			agree(t, fmt.Sprint(size, quality), stream.Bytes(), m)
			steps := jpegtest.Even(uint16(101 - quality))
			blocks, _ := jpegtest.Transform(m, steps)
			agree(t, fmt.Sprint(size, quality, " sequential"), jpegtest.Sequential(m, blocks, steps, jpegtest.Options{Restart: 2}), m)
			for name, script := range jpegtest.Scripts {
				agree(t, fmt.Sprint(size, quality, name), jpegtest.Progressive(m, blocks, steps, script, jpegtest.Options{Restart: 3}), m)
			}
		}
	}
}

func agree(t *testing.T, name string, stream []byte, m jpegtest.Image) {
	t.Helper()
	got := make([]byte, m.Columns*m.Rows)
	if _, err := jpeg.Decode(got, stream, limits(m, 8)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	other, err := stdjpeg.Decode(bytes.NewReader(stream))
	if err != nil {
		t.Fatalf("%s: Go says %v", name, err)
	}
	for i, v := range got {
		if w := other.(*image.Gray).GrayAt(i%m.Columns, i/m.Columns).Y; int(v) > int(w)+2 || int(w) > int(v)+2 {
			t.Fatalf("%s: sample %d is %d, where Go says %d", name, i, v, w)
		}
	}
}

func BenchmarkDCT(b *testing.B) {
	for _, precision := range []int{8, 12} {
		m := jpegtest.Picture("smooth", 512, 512, precision)
		steps := jpegtest.Even(uint16(2 * precision))
		blocks, _ := jpegtest.Transform(m, steps)
		for name, stream := range map[string][]byte{
			"sequential":  jpegtest.Sequential(m, blocks, steps, jpegtest.Options{}),
			"progressive": jpegtest.Progressive(m, blocks, steps, jpegtest.Scripts["both"], jpegtest.Options{}),
		} {
			b.Run(fmt.Sprint(precision, name), func(b *testing.B) {
				l := limits(m, (precision+7)/8*8)
				dst := make([]byte, l.Bytes())
				b.SetBytes(int64(len(dst)))
				for b.Loop() {
					if _, err := jpeg.Decode(dst, stream, l); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
