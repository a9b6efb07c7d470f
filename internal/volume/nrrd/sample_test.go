package nrrd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/iris-oculus/iris/internal/volume"
)

// file is a file to be: a header in lines and its voxels.
type file struct {
	version, typ, endian, encoding string
	sizes                          []int
	fields                         []string // further lines
	skip                           string   // leave this field out
	values                         []float64
	tail                           []byte // after the voxels, inside the gzip data
	lineEnd                        string
}

// good is 3×2×2 voxels of 8 bits as 3D Slicer writes them: in LPS, 1 by 2 by 3 mm.
func good() *file {
	return &file{
		version: "NRRD0004", typ: "unsigned char", encoding: "gzip", sizes: []int{3, 2, 2}, lineEnd: "\n",
		fields: []string{
			"space: left-posterior-superior", "space directions: (1,0,0) (0,2,0) (0,0,3)", "kinds: domain domain domain", "space origin: (10,20,30)",
			"Segment0_ID:=Segment_1", "Segment0_Name:=liver", "Segment0_LabelValue:=1", "Segment0_Layer:=0", "Segment0_Color:=0.5 0 1",
			"Segment0_Extent:=0 2 0 1 0 1", "Segment0_Tags:=Segmentation.Status:inprogress|TerminologyEntry:a~b^c^d|",
			"Segment1_ID:=Segment_2", "Segment1_Name:= left  kidney ", "Segment1_LabelValue:=7", "Segment1_Layer:=0", "Segment1_Color:=0 1 0.2",
			"Segmentation_ContainedRepresentationNames:=Binary labelmap|",
		},
		values: []float64{0, 1, 1, 0, 7, 7, 0, 0, 9, 1, 0, 7},
	}
}

// layered is two layers of 3×2×1 voxels, each with its segment, both of value 1.
func layered() *file {
	f := good()
	f.sizes = []int{2, 3, 2, 1}
	f.set("kinds", "list domain domain domain")
	f.set("space directions", "none (1,0,0) (0,2,0) (0,0,3)")
	f.key("Segment1_Layer", "1")
	f.key("Segment1_LabelValue", "1")
	f.values = []float64{0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1}
	return f
}

// set replaces a field, or adds it.
func (f *file) set(name, value string) *file { return f.line(name+":", name+": "+value) }

// key replaces a key's value, or adds it.
func (f *file) key(name, value string) *file { return f.line(name+":=", name+":="+value) }

func (f *file) line(begins, line string) *file {
	for i, have := range f.fields {
		if strings.HasPrefix(have, begins) {
			f.fields[i] = line
			return f
		}
	}
	f.fields = append(f.fields, line)
	return f
}

// header is the lines up to the empty one.
func (f *file) header() string {
	text := []string{f.version, "# Complete NRRD file format specification at:", "type: " + f.typ, fmt.Sprintf("dimension: %d", len(f.sizes)),
		"sizes: " + strings.Trim(fmt.Sprint(f.sizes), "[]"), "encoding: " + f.encoding}
	if f.endian != "" {
		text = append(text, "endian: "+f.endian)
	}
	for _, line := range f.fields {
		if f.skip == "" || !strings.HasPrefix(line, f.skip) {
			text = append(text, line)
		}
	}
	return strings.Join(text, f.lineEnd) + f.lineEnd + f.lineEnd
}

func (f *file) bytes() []byte {
	var order binary.AppendByteOrder = binary.LittleEndian
	if f.endian == "big" {
		order = binary.BigEndian
	}
	k, at := samples[f.typ], []byte{}
	for _, v := range f.values {
		switch {
		case k.real && k.bytes == 4:
			at = order.AppendUint32(at, math.Float32bits(float32(v)))
		case k.real:
			at = order.AppendUint64(at, math.Float64bits(v))
		case k.bytes == 2:
			at = order.AppendUint16(at, uint16(int64(v)))
		case k.bytes == 4:
			at = order.AppendUint32(at, uint32(int64(v)))
		case k.bytes == 8:
			at = order.AppendUint64(at, uint64(int64(v)))
		default:
			at = append(at, byte(int64(v)))
		}
	}
	at = append(at, f.tail...)
	if f.encoding != "raw" {
		at = zipped(at)
	}
	return append([]byte(f.header()), at...)
}

func zipped(parts ...[]byte) []byte {
	var b bytes.Buffer
	for _, part := range parts {
		w := gzip.NewWriter(&b)
		w.Write(part)
		w.Close()
	}
	return b.Bytes()
}

func read(t *testing.T, f *file) *volume.LabelMap {
	t.Helper()
	m, err := ReadLabels(bytes.NewReader(f.bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// labels are a map's voxels.
func labels(m *volume.LabelMap) (all []float64) {
	for n := range m.Len() {
		all = append(all, float64(m.At(n)))
	}
	return all
}

func code(err error) string {
	var known *volume.Error
	if errors.As(err, &known) {
		return known.Code
	}
	return fmt.Sprint(err)
}

func warningCodes(m *volume.LabelMap) string {
	var codes []string
	for _, w := range m.Warnings {
		codes = append(codes, w.Code)
	}
	return strings.Join(codes, " ")
}
