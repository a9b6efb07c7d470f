package nifti

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/volume"
)

func table() volume.Table {
	return volume.Table{Iris: volume.TableVersion,
		Labels: []volume.Label{
			{ID: 1, Name: "bone", NameEN: "Bone", NameES: "Hueso", Color: "#e3d9b8", SNOMED: "272673000", Group: "skeleton"},
			{ID: 300, Name: "skin", Color: "#d9a58b", Shell: true}},
		Provenance: volume.Provenance{Model: "tissue", Version: "1", Task: "tissue", Note: "not a medical device"}}
}

func TestLabelsRoundTrip(t *testing.T) {
	// A sheared affine stays as it is: a label map is meshed where it lies.
	m := &volume.LabelMap{Dims: [3]int{2, 3, 2}, Table: table(),
		Affine: volume.Affine{{-1, 0, 0.5, 4}, {0, 2, 0, 5}, {0, 0, 3, 6}}, U8: []uint8{0, 1, 2, 3, 255, 0, 0, 7, 1, 1, 0, 9}}
	wide := *m
	wide.U8, wide.U16 = nil, []uint16{0, 1, 2, 3, 256, 65535, 0, 0, 300, 1, 0, 9}
	for _, want := range []*volume.LabelMap{m, &wide} {
		var out bytes.Buffer
		if err := WriteLabels(&out, want); err != nil {
			t.Fatal(err)
		}
		got, err := ReadLabels(&out)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

func TestLabelsOfEveryDatatype(t *testing.T) {
	for _, datatype := range []int{2, 256, 4, 512, 8, 768, 1024, 1280, 16, 64} {
		for _, high := range []float64{117, 300} {
			if high > 255 && widths[datatype] == 1 {
				continue
			}
			s := with(func(s *sample) {
				s.datatype = datatype
				scale(s, 0)
				s.values[3], s.values[59] = high, 1
				s.rows[0][2] = 0.9 // sheared: no matter
			})
			m, err := ReadLabels(bytes.NewReader(s.bytes()))
			if err != nil {
				t.Errorf("datatype %d: %v", datatype, err)
				continue
			}
			if (m.U8 != nil) == (m.U16 != nil) || (high > 255) != (m.U16 != nil) {
				t.Errorf("datatype %d, label %g: U8 %v, U16 %v", datatype, high, m.U8 != nil, m.U16 != nil)
			}
			if m.At(3) != int(high) || m.At(59) != 1 || m.At(0) != 0 {
				t.Errorf("datatype %d: labels %d, %d, %d", datatype, m.At(0), m.At(3), m.At(59))
			}
		}
	}
}

func TestLabelsRefused(t *testing.T) {
	for _, c := range []struct {
		name, code string
		change     func(*sample)
	}{
		{"negative", "bad_labels", func(s *sample) { s.values[5] = -1 }},
		{"too high", "bad_labels", func(s *sample) { s.datatype, s.values[5] = 64, 1<<54 }},
		{"between labels", "bad_labels", func(s *sample) { s.datatype, s.values[5] = 64, 1.06 }},
		{"broken", "bad_labels", func(s *sample) { s.datatype, s.values[5] = 16, 1.5 }},
		{"NaN", "bad_labels", func(s *sample) { s.datatype, s.values[5] = 16, math.NaN() }},
		{"truncated", "truncated", func(s *sample) { s.cut = 3 }},
		{"no orientation", "missing_orientation", func(s *sample) { s.scode = 0 }},
	} {
		s := good()
		scale(s, 0)
		c.change(s)
		if _, err := ReadLabels(bytes.NewReader(s.bytes())); code(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
}

// extension is one header extension, padded to 16 bytes.
func extension(order binary.ByteOrder, ecode int, text string) []byte {
	out := make([]byte, (8+len(text)+15)&^15)
	order.PutUint32(out, uint32(len(out)))
	order.PutUint32(out[4:], uint32(ecode))
	copy(out[8:], text)
	return out
}

func TestTableAmongForeignExtensions(t *testing.T) {
	const ours = `{"iris":"labels/1","labels":[{"id":2,"name":"liver","color":"#aa0000"}],"provenance":{"model":"m","version":"1","task":"total"}}`
	foreign := func(order binary.ByteOrder) []byte {
		return append(extension(order, 4, "AFNI"), extension(order, 6, "a comment of someone else")...)
	}
	for _, c := range []struct {
		name, code string
		labels     int
		extension  func(binary.ByteOrder) []byte
	}{
		{"only foreign", "", 0, foreign},
		{"after foreign", "", 1, func(o binary.ByteOrder) []byte { return append(foreign(o), extension(o, 6, ours)...) }},
		{"another ecode", "", 0, func(o binary.ByteOrder) []byte { return extension(o, 44, ours) }},
		{"broken chain before", "", 0, func(o binary.ByteOrder) []byte {
			e := append(foreign(o), extension(o, 6, ours)...)
			o.PutUint32(e, 3)
			return e
		}},
		{"size beyond the end", "", 0, func(o binary.ByteOrder) []byte {
			e := extension(o, 6, ours)
			o.PutUint32(e, 1<<31)
			return e
		}},
		{"broken JSON", "bad_labels", 0, func(o binary.ByteOrder) []byte { return extension(o, 6, ours[:60]) }},
		{"a warning", "", 1, func(o binary.ByteOrder) []byte {
			return extension(o, 6, strings.TrimSuffix(ours, "}")+`,"warnings":[{"code":"metal","message":"there is metal"}]}`)
		}},
		{"a warning without a sentence", "bad_labels", 0, func(o binary.ByteOrder) []byte {
			return extension(o, 6, strings.TrimSuffix(ours, "}")+`,"warnings":[{"code":"metal"}]}`)
		}},
		{"too many warnings", "bad_labels", 0, func(o binary.ByteOrder) []byte {
			return extension(o, 6, strings.TrimSuffix(ours, "}")+`,"warnings":[{"code":"a","message":"b"}`+strings.Repeat(`,{"code":"a","message":"b"}`, volume.MaxTableWarnings)+`]}`)
		}},
		{"id 0", "bad_labels", 0, func(o binary.ByteOrder) []byte {
			return extension(o, 6, strings.Replace(ours, `"id":2`, `"id":0`, 1))
		}},
		{"no name", "bad_labels", 0, func(o binary.ByteOrder) []byte {
			return extension(o, 6, strings.Replace(ours, `"liver"`, `""`, 1))
		}},
		{"a name with a line break", "bad_labels", 0, func(o binary.ByteOrder) []byte {
			return extension(o, 6, strings.Replace(ours, `liver`, `li\nver`, 1))
		}},
	} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			s := with(func(s *sample) { scale(s, 0); s.order = order; s.extension = c.extension(order) })
			m, err := ReadLabels(bytes.NewReader(s.bytes()))
			if code(err) != c.code || (err == nil && len(m.Table.Labels) != c.labels) {
				t.Errorf("%s, %v: %v %+v, want %q and %d labels", c.name, order, err, m, c.code, c.labels)
			}
		}
	}
}

func TestWriteLabelsRefusesABadTable(t *testing.T) {
	m := &volume.LabelMap{Dims: [3]int{2, 2, 2}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, 8), Table: table()}
	m.Table.Labels = append(m.Table.Labels, m.Table.Labels[0])
	if err := WriteLabels(&bytes.Buffer{}, m); err == nil {
		t.Error("a label twice was taken")
	}
}

// A connection that breaks is told as what it is, not as a file that ends: a stage
// tries the one again and rejects the other.
func TestBrokenConnection(t *testing.T) {
	for _, datatype := range []int{2, 4} { // read as bytes, and by way of the decoder
		s := with(func(s *sample) {
			s.datatype = datatype
			scale(s, 0)
		})
		whole := s.bytes()
		broken := io.MultiReader(bytes.NewReader(whole[:len(whole)-9]), iotest.ErrReader(io.ErrUnexpectedEOF))
		if _, err := ReadLabels(broken); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("broken: %v", err)
		}
		var fault *volume.Error
		if _, err := ReadLabels(bytes.NewReader(whole[:len(whole)-9])); !errors.As(err, &fault) || fault.Code != "truncated" {
			t.Errorf("short: %v", err)
		}
	}
}

// TestGoodFaith crosses the point where memory for the whole map is taken.
func TestGoodFaith(t *testing.T) {
	dims := [3]int{1024, 1024, 5} // 5 MiB voxels
	m := &volume.LabelMap{Dims: dims, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U16: make([]uint16, dims[0]*dims[1]*dims[2])}
	m.U16[5], m.U16[volume.GoodFaith-1], m.U16[volume.GoodFaith], m.U16[len(m.U16)-1] = 1, 2, 3, 300
	var out bytes.Buffer
	if err := WriteLabels(&out, m); err != nil {
		t.Fatal(err)
	}
	labels, err := ReadLabels(bytes.NewReader(out.Bytes()))
	if err != nil || labels.U16 == nil {
		t.Fatal(err)
	}
	v, err := ReadVolume(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range m.U16 {
		if labels.U16[n] != want || v.Voxels[n] != int16(want) {
			t.Fatalf("voxel %d = %d, %d, want %d", n, labels.U16[n], v.Voxels[n], want)
		}
	}
}
