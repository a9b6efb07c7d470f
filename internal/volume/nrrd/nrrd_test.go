package nrrd

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/iris-oculus/iris/internal/volume"
)

// Every type, byte order and encoding gives the same labels.
func TestReadForms(t *testing.T) {
	for typ, kind := range samples {
		for _, endian := range []string{"little", "big", ""} {
			for _, encoding := range []string{"raw", "gzip", "gz"} {
				f := good()
				f.typ, f.endian, f.encoding = typ, endian, encoding
				if kind.bytes > 1 {
					f.values[4] = 300
				}
				m, err := ReadLabels(bytes.NewReader(f.bytes()))
				if endian == "" && kind.bytes > 1 {
					if code(err) != "bad_header" {
						t.Errorf("%s without endian: %v", typ, err)
					}
					continue
				}
				if err != nil || !slices.Equal(labels(m), f.values) || len(m.Warnings) > 0 || (m.U8 != nil) != (kind.bytes == 1) {
					t.Errorf("%s %s %s: %v, %+v", typ, endian, encoding, err, m)
				}
			}
		}
	}
}

func TestReadOddFiles(t *testing.T) {
	want := good().values
	for name, change := range map[string]func(*file) []byte{
		"line ends of Windows": func(f *file) []byte { f.lineEnd = "\r\n"; return f.bytes() },
		"version 1":            func(f *file) []byte { f.version = "NRRD0001"; return f.bytes() },
		"version 5":            func(f *file) []byte { f.version = "NRRD0005"; return f.bytes() },
		"an unknown field":     func(f *file) []byte { return f.set("content", "a: b:=c").bytes() },
		"upper case":           func(f *file) []byte { f.skip = "space"; f.typ = "uint8"; return []byte(upper(f)) },
		"a long line":          func(f *file) []byte { return f.key("Segment0_Tags", strings.Repeat("x", 3*readAhead)).bytes() },
		"gzip in two members": func(f *file) []byte {
			f.encoding = "raw"
			b := f.bytes()
			at := len(b) - len(f.values)
			return append([]byte(strings.Replace(f.header(), "raw", "gzip", 1)), zipped(b[at:at+5], b[at+5:])...)
		},
		"one layer in a list": func(f *file) []byte {
			f.sizes = []int{1, 3, 2, 2}
			return f.set("kinds", "list domain domain domain").set("space directions", "none (1,0,0) (0,2,0) (0,0,3)").bytes()
		},
		"as pynrrd writes a list": func(f *file) []byte {
			f.sizes = []int{1, 3, 2, 2}
			return f.set("kinds", "list domain domain domain").set("space directions", "(nan,nan,nan) (1.0, 0.0, 0.0) (0,2,0) (0,0,3)").bytes()
		},
	} {
		m, err := ReadLabels(bytes.NewReader(change(good())))
		if err != nil || !slices.Equal(labels(m), want) || len(m.Warnings) > 0 || m.Affine.Spacing() != [3]float64{1, 2, 3} {
			t.Errorf("%s: %v, %+v", name, err, m)
		}
	}
	if m, err := ReadLabels(iotest.OneByteReader(bytes.NewReader(good().bytes()))); err != nil || !slices.Equal(labels(m), want) {
		t.Errorf("byte by byte: %v", err)
	}
	f := good()
	f.tail = make([]byte, 100)
	if m := read(t, f); warningCodes(m) != "trailing_bytes" {
		t.Errorf("bytes after the voxels: %v", m.Warnings)
	}
	if m, err := ReadLabels(bytes.NewReader(append(good().bytes(), "tail"...))); err != nil || warningCodes(m) != "trailing_bytes" {
		t.Errorf("bytes after the gzip data: %v, %v", err, m)
	}
	f = good()
	f.typ, f.endian = "int", "little"
	f.values[4] = 614454277
	if m := read(t, f.key("Segment1_LabelValue", "614454277")); m.At(4) != 4 || m.Table.Labels[3].Name != "left kidney" || m.Table.Labels[3].Source != 614454277 {
		t.Errorf("a label above 65,535: %+v", m)
	}
}

// upper is a file with its fields in another case.
func upper(f *file) string {
	text := string(f.bytes())
	for _, name := range []string{"type", "sizes", "encoding", "uint8"} {
		text = strings.Replace(text, name, strings.ToUpper(name), 1)
	}
	return strings.Replace(text, "kinds:", "Space: LPS\nSpace Directions: (1,0,0) (0,2,0) (0,0,3)\nSPACE ORIGIN: (10,20,30)\nkinds:", 1)
}

// A scan of many grey values is suspected, unless segments name its labels.
func TestScanIsSuspected(t *testing.T) {
	f := good()
	f.sizes, f.typ, f.endian, f.values = []int{32, 32, 2}, "ushort", "little", nil
	for i := range 2048 {
		f.values = append(f.values, float64(300+(i*7919)%1013))
	}
	named := read(t, f)
	f.skip = "Segment"
	if m := read(t, f); warningCodes(m) != "looks_like_a_scan" || warningCodes(named) != "" {
		t.Errorf("%v, named: %v", m.Warnings, named.Warnings)
	}
}

func TestRefusals(t *testing.T) {
	set := func(name, value string) func(*file) { return func(f *file) { f.set(name, value) } }
	for _, c := range []struct {
		name, code, says string
		change           func(*file)
	}{
		{"another version", "unrecognized", "", func(f *file) { f.version = "NRRD0006" }},
		{"a detached header", "unsupported_format", "voxels lie in another file", set("data file", "LIST\nscan.raw.gz")},
		{"a detached header, one word", "unsupported_format", ".nhdr", set("datafile", "scan.raw.gz")},
		{"no type", "unsupported_datatype", "", func(f *file) { f.typ = "" }},
		{"blocks", "unsupported_datatype", "", func(f *file) { f.typ = "block" }},
		{"bzip2", "unsupported_format", "encoding", func(f *file) { f.encoding = "bzip2" }},
		{"text", "unsupported_format", "encoding", func(f *file) { f.encoding = "ascii" }},
		{"a byte skip", "unsupported_format", "byte skip", set("byte skip", "-1")},
		{"a field twice", "bad_header", "two fields", set("sizes ", "3 2 2")},
		{"a line of nothing", "bad_header", "", func(f *file) { f.fields = append(f.fields, "what is this") }},
		{"two axes", "bad_dims", "", func(f *file) { f.sizes = []int{3, 4} }},
		{"five axes", "bad_dims", "", func(f *file) { f.sizes = []int{1, 1, 3, 2, 2} }},
		{"time", "bad_dims", "kind list", func(f *file) { f.sizes = []int{3, 2, 2, 1}; f.set("kinds", "domain domain domain time") }},
		{"no voxels", "bad_dims", "", func(f *file) { f.sizes = []int{3, 0, 2} }},
		{"less than none", "bad_dims", "", func(f *file) { f.sizes = []int{3, -2, 2} }},
		{"a long axis", "too_large", "", func(f *file) { f.sizes = []int{5000, 2, 2} }},
		{"many voxels", "too_large", "", func(f *file) { f.sizes = []int{4096, 4096, 4096} }},
		{"a size beyond 32 bits", "too_large", "", func(f *file) { f.sizes = []int{1 << 40, 2, 2} }},
		{"layers without end", "bad_dims", "layers", func(f *file) { *f = *layered(); f.sizes[0] = 5000 }},
		{"many bytes", "too_large", "bytes", func(f *file) { *f = *layered(); f.sizes = []int{4096, 512, 512, 512} }},
		{"no space", "missing_orientation", "which side is left", func(f *file) { f.skip = "space:" }},
		{"another space", "missing_orientation", "", set("space", "scanner-xyz")},
		{"no directions", "missing_orientation", "which side is left", func(f *file) { f.skip = "space directions" }},
		{"two directions", "bad_header", "directions", set("space directions", "(1,0,0) (0,1,0)")},
		{"directions of two numbers", "bad_header", "directions", set("space directions", "(1,0) (0,1) (1,1)")},
		{"directions without brackets", "bad_header", "directions", set("space directions", "1 0 0 0 1 0 0 0 1")},
		{"directions that are words", "bad_header", "directions", set("space directions", "(a,0,0) (0,1,0) (0,0,1)")},
		{"a direction of none", "bad_affine", "finite", set("space directions", "none (0,1,0) (0,0,1)")},
		{"an infinite direction", "bad_affine", "finite", set("space directions", "(inf,0,0) (0,1,0) (0,0,1)")},
		{"no length", "bad_affine", "spacing", set("space directions", "(0,0,0) (0,1,0) (0,0,1)")},
		{"in one plane", "bad_affine", "plane", set("space directions", "(1,0,0) (0,1,0) (1,1,0)")},
		{"sheared", "non_orthogonal_affine", "sheared", set("space directions", "(1,0,0) (0.2,1,0) (0,0,1)")},
		{"an origin of one number", "bad_header", "origin", set("space origin", "7")},
		{"an origin in another town", "bad_affine", "origin", set("space origin", "(1e9,0,0)")},
		{"inches", "bad_header", "units", set("space units", `"in" "in" "in"`)},
		{"two units", "bad_header", "units", set("space units", `"mm" "mm" "cm"`)},
		{"too few voxels", "truncated", "within the voxels", func(f *file) { f.values = f.values[:7] }},
		{"too few raw voxels", "truncated", "", func(f *file) { f.encoding, f.values = "raw", f.values[:7] }},
		{"a bomb", "bad_header", "follow the voxels", func(f *file) { f.tail = make([]byte, 8<<20) }},
		{"below zero", "bad_labels", "", func(f *file) { f.typ, f.values[3] = "int8", -1 }},
		{"between two labels", "bad_labels", "", func(f *file) { f.typ, f.endian, f.values[3] = "float", "little", 1.5 }},
	} {
		f := good()
		c.change(f)
		if m, err := ReadLabels(bytes.NewReader(f.bytes())); code(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v %v, want %s that says %q", c.name, m, err, c.code, c.says)
		}
	}
	whole := good().bytes()
	for n := range whole {
		if _, err := ReadLabels(bytes.NewReader(whole[:n])); code(err) != "truncated" && (n >= 8 || code(err) != "unrecognized") {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
	if _, err := ReadLabels(strings.NewReader("NRRD0005\ntype: short\ndata file: scan.raw")); code(err) != "unsupported_format" {
		t.Errorf("a detached header without a line end: %v", err)
	}
	broken := bytes.Clone(whole)
	broken[len(broken)-6] ^= 1
	if _, err := ReadLabels(bytes.NewReader(broken)); code(err) != "bad_gzip" {
		t.Errorf("a wrong checksum: %v", err)
	}
	if _, err := ReadLabels(strings.NewReader("NRRD0004\n" + strings.Repeat("# a comment of 32 characters ..\n", maxHeader/32))); code(err) != "bad_header" {
		t.Errorf("a header without end: %v", err)
	}
}

// An error of the reader is no fault of the file, wherever it comes.
func TestBrokenReader(t *testing.T) {
	gone, whole := errors.New("connection reset"), good().bytes()
	for n := range whole {
		if _, err := ReadLabels(io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(gone))); !errors.Is(err, gone) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// A header that asks for 2²⁹ voxels costs little memory when they do not come.
func TestLyingHeaderCostsLittle(t *testing.T) {
	for _, typ := range []string{"uchar", "ushort", "int"} {
		f := good()
		f.typ, f.endian, f.sizes, f.values = typ, "little", []int{1024, 1024, 512}, slices.Repeat([]float64{255, 0}, 1<<15)
		if typ != "uchar" {
			f.values[0] = 300
		}
		data := f.bytes()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := ReadLabels(bytes.NewReader(data)); code(err) != "truncated" {
			t.Errorf("%s: %v", typ, err)
		}
		runtime.ReadMemStats(&after)
		if cost := after.TotalAlloc - before.TotalAlloc; cost > 32<<20 {
			t.Errorf("%s: %d MiB were allocated", typ, cost>>20)
		}
	}
}

// The eight ways to point the axes, in every space, give the affine back.
func TestOrientations(t *testing.T) {
	names := []string{"right-anterior-superior", "left-posterior-superior", "left-anterior-superior", "RAS", "LPS", "LAS"}
	for flips := range 8 {
		want := volume.Affine{{0, -0.75, 0, 11.5}, {1.25, 0, 0, -7}, {0, 0, 2.5, 140.25}}
		for c := range 3 {
			if flips>>c&1 == 1 {
				for r := range 3 {
					want[r][c] = 0 - want[r][c]
				}
			}
		}
		for _, name := range names {
			sign := spaces[strings.ToLower(name)]
			var columns [4]vector
			for c := range columns {
				for r := range 3 {
					columns[c][r] = sign[r] * want[r][c]
				}
			}
			for _, unit := range []struct {
				name string
				mm   float64
			}{{"", 1}, {`"mm" "mm" "mm"`, 1}, {`"cm" "cm" "cm"`, 10}} {
				text := make([]string, 4)
				for c := range columns {
					v := columns[c]
					text[c] = bracketed(v[0]/unit.mm, v[1]/unit.mm, v[2]/unit.mm)
				}
				f := good().set("space", name).set("space directions", strings.Join(text[:3], " ")).set("space origin", text[3]).set("space units", unit.name)
				m := read(t, f)
				for r := range 3 {
					for c := range 4 {
						if d := m.Affine[r][c] - want[r][c]; d > 1e-12 || d < -1e-12 {
							t.Fatalf("%s %s %d: %v, want %v", name, unit.name, flips, m.Affine, want)
						}
					}
				}
			}
		}
	}
	f := good()
	f.skip = "space origin"
	if m := read(t, f); warningCodes(m) != "missing_origin" || m.Affine.Apply([3]float64{}) != [3]float64{} {
		t.Errorf("no origin: %v %v", m.Warnings, m.Affine)
	}
}
