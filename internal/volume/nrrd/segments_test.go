package nrrd

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/volume"
)

func bracketed(x, y, z float64) string { return fmt.Sprintf("(%v,%v,%v)", x, y, z) }

// A segment's name and colour go to its label; a label without a segment has no entry.
func TestSegments(t *testing.T) {
	want := []volume.Label{{ID: 1, Name: "liver", Color: "#8000ff"}, {ID: 7, Name: "left kidney", Color: "#00ff33"}}
	if d := cmp.Diff(want, read(t, good()).Table.Labels); d != "" {
		t.Error(d)
	}
	for _, c := range []struct {
		name, want, warned string
		change             func(*file)
	}{
		{"no segments", "", "", func(f *file) { f.skip = "Segment" }},
		{"other keys only", "", "", func(f *file) {
			f.skip = "Segment"
			f.key("Segmen0_Name", "a").key("Segment01_Name", "b").key("Segment-1_Name", "c")
		}},
		{"no layer", "liver left kidney", "", func(f *file) { f.skip = "Segment0_Layer" }},
		{"no value, which is 1", "liver left kidney", "", func(f *file) { f.skip = "Segment0_LabelValue" }},
		{"no name", "Segment_1 left kidney", "", func(f *file) { f.skip = "Segment0_Name" }},
		{"escapes", `two lines\ left kidney`, "", func(f *file) { f.key("Segment0_Name", `two\nlines\\`) }},
		{"not printable", "a b left kidney", "", func(f *file) { f.key("Segment0_Name", "a\x00\x1b b\xff") }},
		{"not Latin", "肝脏 left kidney", "", func(f *file) { f.key("Segment0_Name", "肝脏") }},
		{"long", strings.Repeat("ä", 200) + " left kidney", "", func(f *file) { f.key("Segment0_Name", strings.Repeat("ä", 5000)) }},
		{"twice", "liver", "labels_table_ignored", func(f *file) { f.key("Segment1_LabelValue", "1") }},
		{"an empty second", "liver", "", func(f *file) { f.key("Segment1_LabelValue", "1").key("Segment1_Extent", "0 -1 0 -1 0 -1") }},
		{"an empty first", "left kidney", "", func(f *file) { f.key("Segment1_LabelValue", "1").key("Segment0_Extent", "0 -1 0 -1 0 -1") }},
		{"the background", "left kidney", "labels_table_ignored", func(f *file) { f.key("Segment0_LabelValue", "0") }},
		{"a word for a value", "left kidney", "labels_table_ignored", func(f *file) { f.key("Segment0_LabelValue", "one") }},
		{"another layer", "left kidney", "labels_table_ignored", func(f *file) { f.key("Segment0_Layer", "3") }},
	} {
		f := good()
		c.change(f)
		m := read(t, f)
		var names []string
		for _, l := range m.Table.Labels {
			names = append(names, l.Name)
		}
		if got := strings.Join(names, " "); got != c.want || warningCodes(m) != c.warned || !slices.Equal(labels(m), f.values) {
			t.Errorf("%s: %q %v, want %q %s", c.name, got, m.Warnings, c.want, c.warned)
		}
	}
	for text, want := range map[string]string{"1 1 1": "#ffffff", "0 0": "", "a b c": "", "NaN 0 0": "", "2 0 0": "", "-1 0 0": "", "": ""} {
		if got := (&segment{color: text}).rgb(); got != want {
			t.Errorf("colour %q: %q, want %q", text, got, want)
		}
	}
	f := good()
	f.skip = "Segment0_Color"
	if m := read(t, f.key("Segment0_DefaultColor", "1 0 0")); m.Table.Labels[0].Color != "#ff0000" {
		t.Errorf("the colour of an old file: %+v", m.Table.Labels)
	}
}

// Layers in which no voxel is labelled twice become one map; others are refused.
func TestLayers(t *testing.T) {
	for _, c := range []struct {
		name, names, warned string
		want                []float64
		change              func(*file)
	}{
		{"one value for both", "1 liver 2 left kidney", "labels_renumbered", []float64{0, 1, 2, 1, 0, 2}, func(*file) {}},
		{"as old versions wrote it", "1 liver 2 left kidney", "labels_renumbered", []float64{0, 1, 2, 1, 0, 2}, func(f *file) {
			f.fields = slices.DeleteFunc(f.fields, func(s string) bool { return strings.Contains(s, "_Layer") || strings.Contains(s, "_LabelValue") })
		}},
		{"two values", "1 liver 300 left kidney", "", []float64{0, 1, 300, 1, 0, 300}, func(f *file) {
			f.typ, f.endian = "short", "big"
			f.key("Segment1_LabelValue", "300")
			for i := 1; i < len(f.values); i += 2 {
				f.values[i] *= 300
			}
		}},
		{"two segments in a layer", "1 liver 2 left kidney 5 spleen", "", []float64{0, 1, 2, 5, 0, 2}, func(f *file) {
			f.key("Segment1_LabelValue", "2").key("Segment2_Name", "spleen").key("Segment2_LabelValue", "5").key("Segment2_Layer", "0")
			f.values = []float64{0, 0, 1, 0, 0, 2, 5, 0, 0, 0, 0, 2}
		}},
	} {
		f := layered()
		c.change(f)
		m := read(t, f)
		var names []string
		for _, l := range m.Table.Labels {
			names = append(names, fmt.Sprint(l.ID, " ", l.Name))
		}
		if got := strings.Join(names, " "); got != c.names || warningCodes(m) != c.warned || !slices.Equal(labels(m), c.want) || m.Dims != [3]int{3, 2, 1} {
			t.Errorf("%s: %q %v %v, want %q %v", c.name, got, labels(m), m.Warnings, c.names, c.want)
		}
	}
	for _, c := range []struct {
		name, code string
		change     func(*file)
	}{
		{"overlap", "overlapping_segments", func(f *file) { f.values[3] = 1 }},
		{"a value of no segment", "bad_labels", func(f *file) { f.values[2] = 4 }},
		{"no segments", "bad_labels", func(f *file) { f.skip = "Segment" }},
	} {
		f := layered()
		c.change(f)
		if _, err := ReadLabels(bytes.NewReader(f.bytes())); code(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
}

// Many layers of many voxels, more than are decoded at a time.
func TestManyLayers(t *testing.T) {
	const layers, n = 300, 1000
	f := good()
	f.skip = "Segment0_"
	f.sizes, f.values = []int{layers, n, 1, 1}, make([]float64, layers*n)
	f.set("kinds", "list domain domain domain").set("space directions", "none (1,0,0) (0,2,0) (0,0,3)")
	f.fields = f.fields[:4]
	f.skip = ""
	for l := range layers {
		f.key(fmt.Sprintf("Segment%d_ID", l), fmt.Sprintf("s%d", l))
	}
	for i := range n {
		f.values[i*layers+i%layers] = 1
	}
	m := read(t, f)
	for i := range n {
		if m.At(i) != i%layers+1 {
			t.Fatalf("voxel %d: %d", i, m.At(i))
		}
	}
	if l, _ := m.Table.Find(layers); l.Name != "s299" {
		t.Errorf("%+v", l)
	}
}
