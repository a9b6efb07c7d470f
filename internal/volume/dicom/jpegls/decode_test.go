package jpegls

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/dicom/codec"
	"github.com/iris-oculus/iris/internal/volume/dicom/jpegls/jpeglstest"
)

// patterns are images with every kind of content, by name.
var patterns = map[string]func(x, y, maximum int, r *rand.Rand) int{
	"zero":     func(x, y, m int, r *rand.Rand) int { return 0 },
	"white":    func(x, y, m int, r *rand.Rand) int { return m },
	"middle":   func(x, y, m int, r *rand.Rand) int { return (m + 1) / 2 },
	"noise":    func(x, y, m int, r *rand.Rand) int { return r.IntN(m + 1) },
	"extremes": func(x, y, m int, r *rand.Rand) int { return m * r.IntN(2) },
	"checks":   func(x, y, m int, r *rand.Rand) int { return m * ((x + y) & 1) },
	"ramp":     func(x, y, m int, r *rand.Rand) int { return (3*x + 5*y) % (m + 1) },
	"steps":    func(x, y, m int, r *rand.Rand) int { return (x / 7 * 31) % (m + 1) },
	"scan": func(x, y, m int, r *rand.Rand) int { // a disc with noise in flat air
		if dx, dy := x-20, y-14; dx*dx+dy*dy > 150 {
			return 0
		}
		return min(m, m/3+r.IntN(m/16+2))
	},
	"specks": func(x, y, m int, r *rand.Rand) int { // long runs with rare interruptions
		if r.IntN(40) == 0 {
			return r.IntN(m + 1)
		}
		return m / 2
	},
}

func makeImage(pattern string, width, height, precision, maximum int) jpeglstest.Image {
	im := jpeglstest.Image{Width: width, Height: height, Precision: precision}
	r := rand.New(rand.NewPCG(uint64(width*31+height), uint64(precision)))
	for y := range height {
		for x := range width {
			im.Samples = append(im.Samples, patterns[pattern](x, y, maximum, r))
		}
	}
	return im
}

// decodeAll decodes a stream as the data set of the image would have it decoded.
func decodeAll(stream []byte, im jpeglstest.Image, bits int) ([]int, codec.Info, error) {
	limits := codec.Limits{Columns: im.Width, Rows: im.Height, Bits: bits}
	dst := make([]byte, limits.Bytes())
	info, err := Decode(dst, stream, limits)
	got := make([]int, im.Width*im.Height)
	for i := range got {
		switch bits {
		case 8:
			got[i] = int(dst[i])
		case 16:
			got[i] = int(binary.LittleEndian.Uint16(dst[2*i:]))
		default:
			got[i] = int(binary.LittleEndian.Uint32(dst[4*i:]))
		}
	}
	return got, info, err
}

// check compresses and decodes an image.
func check(t *testing.T, im jpeglstest.Image, o jpeglstest.Options) {
	t.Helper()
	stream, want := jpeglstest.Encode(im, o)
	for _, bits := range []int{8, 16, 32} {
		if bits < im.Precision {
			continue
		}
		got, info, err := decodeAll(stream, im, bits)
		if err != nil {
			t.Fatalf("%d × %d, %d bits, %+v: %v", im.Width, im.Height, im.Precision, o, err)
		}
		lossy := o.Near > 0 || o.Point > 0
		if info != (codec.Info{Precision: im.Precision, Lossy: lossy}) {
			t.Errorf("info = %+v", info)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%d × %d, %d bits, %+v: sample %d = %d, want %d", im.Width, im.Height, im.Precision, o, i, got[i], want[i])
			}
			if d := got[i] - im.Samples[i]; o.Point == 0 && (d > o.Near || d < -o.Near) {
				t.Fatalf("sample %d = %d, compressed was %d with NEAR %d", i, got[i], im.Samples[i], o.Near)
			}
		}
	}
}

func TestEveryPrecision(t *testing.T) {
	for precision := 2; precision <= 16; precision++ {
		for name := range patterns {
			t.Run(fmt.Sprintf("%d/%s", precision, name), func(t *testing.T) {
				check(t, makeImage(name, 41, 29, precision, 1<<precision-1), jpeglstest.Options{})
			})
		}
	}
}

func TestEverySize(t *testing.T) {
	for _, width := range []int{1, 2, 3, 4, 5, 8, 15, 16, 17, 64, 300} {
		for _, height := range []int{1, 2, 3, 17} {
			for name := range patterns {
				check(t, makeImage(name, width, height, 12, 4095), jpeglstest.Options{})
				check(t, makeImage(name, width, height, 8, 255), jpeglstest.Options{Near: 2})
			}
		}
	}
}

// TestNear covers every NEAR that 8 bits allow, and large ones of 16 bits.
func TestNear(t *testing.T) {
	for name := range patterns {
		for near := 1; near <= 127; near++ {
			check(t, makeImage(name, 23, 19, 8, 255), jpeglstest.Options{Near: near})
		}
		for _, precision := range []int{2, 3, 10, 12, 16} {
			m := 1<<precision - 1
			for _, near := range []int{1, 2, 3, 7, 50, 254, 255} {
				if near <= m/2 {
					check(t, makeImage(name, 23, 19, precision, m), jpeglstest.Options{Near: near})
				}
			}
		}
	}
}

// TestPresets covers LSE 1: every value alone and all of them, and the largest and the
// smallest that are valid.
func TestPresets(t *testing.T) {
	for _, p := range []jpeglstest.Preset{
		{MaxVal: 1000}, {MaxVal: 2047}, {MaxVal: 4094}, {MaxVal: 255}, {MaxVal: 128}, {MaxVal: 127}, {MaxVal: 3}, {MaxVal: 1},
		{T1: 1, T2: 1, T3: 1}, {T1: 5}, {T2: 100}, {T3: 300}, {T1: 4095, T2: 4095, T3: 4095}, {T1: 10, T2: 10, T3: 4095},
		{Reset: 3}, {Reset: 255}, {Reset: 4095}, {Reset: 63},
		{MaxVal: 3000, T1: 9, T2: 33, T3: 150, Reset: 31},
	} {
		m := or(p.MaxVal, 4095)
		for name := range patterns {
			for _, near := range []int{0, 3} {
				if near <= m/2 && (p.T1 == 0 || p.T1 > near) {
					check(t, makeImage(name, 37, 23, 12, m), jpeglstest.Options{Near: near, Preset: p})
				}
			}
		}
	}
}

// TestLongRuns has lines that pass every RUNindex, with runs that end exactly where a
// line does and one sample before and after.
func TestLongRuns(t *testing.T) {
	for _, width := range []int{4, 5, 255, 256, 257, 65535} {
		im := jpeglstest.Image{Width: width, Height: 6, Precision: 8, Samples: make([]int, width*6)}
		check(t, im, jpeglstest.Options{})
		check(t, im, jpeglstest.Options{Near: 1})
		for y := range 6 {
			im.Samples[y*width+(y*width)/7] = 200
			im.Samples[y*width+width-1] = y & 1
		}
		check(t, im, jpeglstest.Options{})
		check(t, im, jpeglstest.Options{Near: 1})
	}
	tall := jpeglstest.Image{Width: 1, Height: 70000, Precision: 16, Samples: make([]int, 70000)}
	check(t, tall, jpeglstest.Options{Large: 4})
}

// TestResetStatistics has so many samples of one context that A would leave 32 bits if
// its sum were kept in less than the standard allows.
func TestResetStatistics(t *testing.T) {
	for name := range patterns {
		check(t, makeImage(name, 301, 300, 16, 65535), jpeglstest.Options{Preset: jpeglstest.Preset{Reset: 65535}})
		check(t, makeImage(name, 301, 300, 16, 65535), jpeglstest.Options{Preset: jpeglstest.Preset{Reset: 3, T1: 1, T2: 65535, T3: 65535}})
	}
}

func TestContainer(t *testing.T) {
	spiff := jpeglstest.Segment(0xE8, []byte("SPIFF\x00\x01\x02\x00\x01\x00\x00\x00\x1d\x00\x00\x00\x29\x08\x08\x06\x00\x00\x00\x00\x01\x00\x00\x00\x01")...)
	cases := map[string]jpeglstest.Options{
		"restart each line":      {Restart: 1},
		"restart, 3 bytes":       {Restart: 4, RestartBytes: 3},
		"restart, 4 bytes":       {Restart: 2, RestartBytes: 4},
		"restart, near":          {Restart: 3, Near: 2},
		"restart beyond the end": {Restart: 1000},
		"point transform":        {Point: 3},
		"point transform, near":  {Point: 2, Near: 1},
		"LSE 4 with 2 bytes":     {Large: 2},
		"LSE 4 with 3 bytes":     {Large: 3},
		"LSE 4 and DNL":          {Large: 4, LineCount: true},
		"DNL":                    {LineCount: true},
		"no EOI":                 {NoEnd: true},
		"line interleave":        {Interleave: 1},
		"sample interleave":      {Interleave: 2},
		"SPIFF and comment":      {Before: append(append(spiff, jpeglstest.Segment(0xE8, 0, 0, 0, 1)...), jpeglstest.Segment(markerCOM, 'a')...)},
		"unused mapping table":   {Before: jpeglstest.Segment(markerLSE, 2, 1, 1, 9, 8, 7)},
		"fill bytes":             {Before: append([]byte{0xFF, 0xFF}, jpeglstest.Segment(0xE0)...)},
	}
	for name, o := range cases {
		t.Run(name, func(t *testing.T) {
			for pattern := range patterns {
				check(t, makeImage(pattern, 41, 29, 12, 4095), o)
				check(t, makeImage(pattern, 41, 29, 8, 255), o)
			}
		})
	}
	im := makeImage("noise", 41, 29, 12, 4095)
	for _, o := range []jpeglstest.Options{{}, {NoEnd: true}} {
		stream, _ := jpeglstest.Encode(im, o)
		if _, _, err := decodeAll(append(stream, 0, 0, 0), im, 16); err != nil {
			t.Errorf("with padding: %v", err)
		}
	}
	stream, want := jpeglstest.Encode(im, jpeglstest.Options{})
	before := append(append([]byte{}, stream[:len(stream)-2]...), 0, 0xFF, 0xFF, jpeglstest.EOI)
	if got, _, err := decodeAll(before, im, 16); err != nil || !slices.Equal(got, want) {
		t.Errorf("with padding before the end (CharLS issue 437), and DCMTK's: %v", err)
	}
}

// TestJAI decodes what JAI Image I/O writes: samples of more than 12 bits with default
// thresholds that are not the standard's (CharLS issue 25).
func TestJAI(t *testing.T) {
	for _, precision := range []int{13, 14, 16} {
		f := 1 << precision / 256
		for _, near := range []int{0, 2} {
			p := jpeglstest.Preset{T1: f + 2 + 3*near, T2: 4*f + 3 + 5*near, T3: 17*f + 4 + 7*near}
			for name := range patterns {
				check(t, makeImage(name, 41, 29, precision, 1<<precision-1), jpeglstest.Options{Near: near, Preset: p, Hidden: true})
			}
		}
	}
	// Other thresholds remain an error, and so does a damaged stream.
	im := makeImage("noise", 41, 29, 16, 65535)
	stream, _ := jpeglstest.Encode(im, jpeglstest.Options{Preset: jpeglstest.Preset{T1: 9, T2: 9, T3: 9}, Hidden: true})
	if _, _, err := decodeAll(stream, im, 16); err == nil {
		t.Error("any thresholds fit")
	}
}

// TestRefused has streams that are valid for somebody, and what they are refused as.
func TestRefused(t *testing.T) {
	im := makeImage("scan", 41, 29, 12, 4095)
	plain, _ := jpeglstest.Encode(im, jpeglstest.Options{})
	frame := 2 // the frame header's marker
	scan := frame + 13
	edit := func(at int, v ...byte) []byte {
		out := append([]byte{}, plain...)
		copy(out[at:], v)
		return out
	}
	insert := func(b ...byte) []byte { return append(append([]byte{0xFF, markerSOI}, b...), plain[2:]...) }
	join := func(parts ...[]byte) (out []byte) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	three := join(plain[:2], jpeglstest.Segment(markerSOF55, 8, 0, 29, 0, 41, 3, 1, 17, 0, 2, 17, 0, 3, 17, 0), plain[scan:])
	for name, c := range map[string]struct {
		stream      []byte
		unsupported bool
	}{
		"empty":                     {nil, false},
		"SOI only":                  {plain[:2], false},
		"not JPEG":                  {[]byte("JUNKJUNK"), false},
		"colour":                    {three, true},
		"baseline JPEG":             {edit(frame+1, 0xC0), true},
		"lossless JPEG":             {edit(frame+1, 0xC3), true},
		"JPEG-LS part 2":            {edit(frame+1, markerSOF57), true},
		"LSE of part 2":             {insert(jpeglstest.Segment(markerLSE, 7, 0)...), true},
		"mapping table in use":      {edit(scan+6, 1), true},
		"LSE of no kind":            {insert(jpeglstest.Segment(markerLSE, 99)...), false},
		"LSE empty":                 {insert(jpeglstest.Segment(markerLSE)...), false},
		"LSE 1 short":               {insert(jpeglstest.Segment(markerLSE, 1, 0, 0)...), false},
		"LSE 4 of other size":       {insert(jpeglstest.Segment(markerLSE, 4, 2, 0, 30, 0, 41)...), false},
		"LSE 4 of 5 bytes":          {insert(jpeglstest.Segment(markerLSE, 4, 5, 0, 0, 0, 0, 29, 0, 0, 0, 0, 41)...), false},
		"MAXVAL of more bits":       {insert(jpeglstest.Segment(markerLSE, 1, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0)...), false},
		"thresholds not in order":   {insert(jpeglstest.Segment(markerLSE, 1, 0, 0, 0, 9, 0, 8, 0, 7, 0, 0)...), false},
		"threshold above MAXVAL":    {insert(jpeglstest.Segment(markerLSE, 1, 0, 0, 0, 9, 0, 18, 0x10, 0, 0, 0)...), false},
		"RESET 2":                   {insert(jpeglstest.Segment(markerLSE, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2)...), false},
		"RESET above MAXVAL":        {insert(jpeglstest.Segment(markerLSE, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0)...), false},
		"restart interval, no RST":  {insert(jpeglstest.Segment(markerDRI, 0, 4)...), false},
		"restart interval, 5 bytes": {insert(jpeglstest.Segment(markerDRI, 0, 0, 0, 0, 4)...), false},
		"precision 1":               {edit(frame+4, 1), false},
		"precision 17":              {edit(frame+4, 17), false},
		"other rows":                {edit(frame+6, 28), false},
		"other columns":             {edit(frame+8, 40), false},
		"zero columns":              {edit(frame+7, 0, 0), false},
		"zero rows, no DNL":         {edit(frame+5, 0, 0), false},
		"65535 rows":                {edit(frame+5, 255, 255), false},
		"no component":              {edit(frame+9, 0), false},
		"other component":           {edit(scan+5, 9), false},
		"interleave 3":              {edit(scan+8, 3), false},
		"NEAR 255 of 4095":          {edit(scan+7, 255), false},
		"point transform of 12":     {edit(scan+9, 12), false},
		"two frames":                {insert(plain[frame:scan]...), false},
		"scan first":                {join(plain[:2], plain[scan:]), false},
		"two scans":                 {join(plain[:len(plain)-2], plain[scan:]), false},
		"more data than the image":  {join(plain[:len(plain)-2], []byte{1, 2, 3, 0xFF, markerEOI}), false},
		"more data, no EOI":         {join(plain[:len(plain)-2], []byte{1, 2, 3}), false},
		"cut in the data":           {plain[:len(plain)/2], false},
		"cut, with EOI":             {join(plain[:len(plain)/2], []byte{0xFF, markerEOI}), false},
		"EOI before the scan":       {join(plain[:scan], []byte{0xFF, markerEOI}), false},
		"segment beyond the end":    {[]byte{0xFF, markerSOI, 0xFF, 0xE0, 0xFF, 0xFF, 0}, false},
		"segment of length 1":       {[]byte{0xFF, markerSOI, 0xFF, 0xE0, 0, 1, 0}, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := decodeAll(c.stream, im, 16)
			var e *codec.Error
			if !errors.As(err, &e) {
				t.Fatalf("error = %v", err)
			}
			if e.Unsupported != c.unsupported {
				t.Errorf("unsupported = %v: %v", e.Unsupported, err)
			}
		})
	}
}

// TestMutations decodes thousands of damaged streams: each ends with an image or with
// an error of this package's kind.
func TestMutations(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, o := range []jpeglstest.Options{{}, {Near: 3}, {Restart: 4}, {Preset: jpeglstest.Preset{MaxVal: 4000, Reset: 4000}}, {LineCount: true, Large: 3}} {
		im := makeImage("scan", 41, 29, 12, 4000)
		stream, _ := jpeglstest.Encode(im, o)
		for range 4000 {
			bad := append([]byte{}, stream...)
			for range 1 + r.IntN(3) {
				switch at := r.IntN(len(bad)); r.IntN(4) {
				case 0:
					bad[at] ^= 1 << r.IntN(8)
				case 1:
					bad[at] = byte(r.IntN(256))
				case 2:
					bad = bad[:at+1]
				default:
					bad = append(bad[:at], bad[min(len(bad), at+1+r.IntN(8)):]...)
				}
				if len(bad) == 0 {
					break
				}
			}
			_, _, err := decodeAll(bad, im, 16)
			var e *codec.Error
			if err != nil && (!errors.As(err, &e) || e.Message == "") {
				t.Fatalf("error = %#v", err)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, o := range []jpeglstest.Options{{}, {Near: 3}, {Restart: 4}, {Point: 2}, {Preset: jpeglstest.Preset{MaxVal: 4000, Reset: 4000}}, {LineCount: true, Large: 3}} {
		stream, _ := jpeglstest.Encode(makeImage("scan", 41, 29, 12, 4000), o)
		f.Add(stream, uint16(41), uint16(29))
	}
	f.Fuzz(func(t *testing.T, stream []byte, columns, rows uint16) {
		im := jpeglstest.Image{Width: int(columns % 512), Height: int(rows % 512)}
		for _, bits := range []int{8, 16} {
			_, _, err := decodeAll(stream, im, bits)
			var e *codec.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("error = %#v", err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, near := range []int{0, 2} {
		for _, name := range []string{"scan", "noise", "ramp"} {
			im := makeImage(name, 512, 512, 12, 4095)
			stream, _ := jpeglstest.Encode(im, jpeglstest.Options{Near: near})
			limits := codec.Limits{Columns: im.Width, Rows: im.Height, Bits: 16}
			dst := make([]byte, limits.Bytes())
			b.Run(fmt.Sprintf("%s/near%d", name, near), func(b *testing.B) {
				b.SetBytes(int64(len(dst)))
				for b.Loop() {
					if _, err := Decode(dst, stream, limits); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
