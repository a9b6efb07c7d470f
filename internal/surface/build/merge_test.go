package build_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/crossings"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// relabelled is the map in which all labels of a group have the smallest one.
func relabelled(m *volume.LabelMap, group ...uint8) *volume.LabelMap {
	out := *m
	out.U8 = append([]uint8(nil), m.U8...)
	for i, v := range out.U8 {
		for _, g := range group {
			if v == g {
				out.U8[i] = group[0]
			}
		}
	}
	return &out
}

// A merged solid is the surface of the map in which its members were one structure
// from the start, vertex for vertex: no wall stands within, and its neighbours have
// the surfaces that they would have beside such a structure.
func TestMergedIsOneStructure(t *testing.T) {
	for name, m := range map[string]*volume.LabelMap{
		"boxes": organs(),
		"torso": surfacetest.Torso([3]int{60, 50, 60}, [3]float64{7, 8, 10}),
		"noise": surfacetest.Noise(3, [3]int{12, 13, 14}, 5),
	} {
		for _, smoothing := range []float64{0, 0.5, 1} {
			all := build.Names(m)
			o := build.Options{Smoothing: smoothing, Merge: []build.Group{{Name: "solid", Of: all[:2]}}}
			got := surfaces(t, m, o)
			want := surfaces(t, relabelled(m, 1, 2), build.Options{Smoothing: smoothing})
			if len(got) != len(want) {
				t.Fatalf("%s: %d surfaces, want %d", name, len(got), len(want))
			}
			for i := range got {
				if !reflect.DeepEqual(got[i].Mesh, want[i].Mesh) || !reflect.DeepEqual(got[i].Measure, want[i].Measure) {
					t.Errorf("%s at smoothing %g: surface %d (%s) differs from that of a relabelled map", name, smoothing, i, got[i].Label.Name)
				}
			}
		}
	}
}

// A checkerboard of two labels has a wall at every voxel; merged it is a box.
func TestMergeLeavesNoInnerWalls(t *testing.T) {
	m := boxes([3]int{14, 14, 14}, map[uint16][][2][3]int{1: {{{2, 2, 2}, {12, 12, 12}}}})
	for i, v := range m.U8 {
		if v == 1 && (i%14+i/14%14+i/196)%2 == 0 {
			m.U8[i] = 2
		}
	}
	apart := surfaces(t, m, build.Options{})
	one := surfaces(t, m, build.Options{Merge: []build.Group{{Name: "box", Of: []string{"label_1", "label_2"}}}})
	if len(apart) != 2 || len(one) != 1 {
		t.Fatalf("%d and %d surfaces", len(apart), len(one))
	}
	// Exact voxels of 2 mm: each side of the box has 10×10 faces of two triangles.
	if n := len(one[0].Mesh.Triangles); n != 6*10*10*2 {
		t.Errorf("%d triangles: an inner wall is left", n)
	}
	sum := apart[0].Measure.VolumeML + apart[1].Measure.VolumeML
	if got := one[0].Measure; math.Abs(got.VolumeML-sum) > 1e-12 || math.Abs(got.VolumeML-8) > 1e-12 || got.Components != 1 || got.Genus != 0 {
		t.Errorf("%+v, want the sum %g", got, sum)
	}
	if n := crossings.Count(&one[0].Mesh); n != 0 {
		t.Errorf("%d pairs of triangles cross", n)
	}
}

// What the members agree on is the solid's; a code never is.
func TestMergedLabel(t *testing.T) {
	m := organs()
	for i, group := range []string{"organs", "organs", "glands"} {
		m.Table.Labels[i].Group = group
	}
	m.Table.Labels[1].Shell = true
	for _, c := range []struct {
		of   []string
		want volume.Label
	}{
		{[]string{"spleen", "liver"}, volume.Label{ID: 1, Name: "x", Color: "#00aa00", Group: "organs", Shell: true}},
		{[]string{"liver", "pancreas"}, volume.Label{ID: 1, Name: "x", Color: "#aa0000"}},
		{[]string{"liver"}, volume.Label{ID: 1, Name: "x", Color: "#aa0000", Group: "organs"}},
	} {
		got := surfaces(t, m, build.Options{Merge: []build.Group{{Name: "x", Of: c.of}}})[0].Label
		if got != c.want {
			t.Errorf("%v: %+v, want %+v", c.of, got, c.want)
		}
	}
}

func TestRefusedGroups(t *testing.T) {
	for name, groups := range map[string][]build.Group{
		"another group's member": {{Name: "spleen", Of: []string{"liver"}}, {Name: "x", Of: []string{"spleen"}}},
		"another label":          {{Name: "label_7", Of: []string{"liver"}}},
		"two groups of one name": {{Name: "x", Of: []string{"liver"}}, {Name: "x", Of: []string{"spleen"}}},
	} {
		if _, err := build.Surfaces(t.Context(), organs(), build.Options{Merge: groups}); err == nil || !strings.Contains(err.Error(), "is taken") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name string
		o    build.Options
		want []string
	}{
		{"nothing asked", build.Options{}, nil},
		{"one piece", build.Options{Structures: []string{"liver"}}, nil},
		{"absent", build.Options{Structures: []string{"liver", "pancreas"}}, []string{"structure_not_found: the scan shows nothing of pancreas"}},
		{"apart", build.Options{Merge: []build.Group{{Name: "x", Of: []string{"liver", "spleen"}}}},
			[]string{"merge_apart: x is 2 pieces that do not touch"}},
		{"a member absent", build.Options{Merge: []build.Group{{Name: "x", Of: []string{"liver", "pancreas"}}}, Structures: []string{"x"}},
			[]string{"structure_not_found: the scan shows nothing of pancreas, so x is made without"}},
		{"all absent", build.Options{Merge: []build.Group{{Name: "x", Of: []string{"pancreas"}}}, Structures: []string{"x", "liver"}},
			[]string{"structure_not_found: the scan shows nothing of x (pancreas)"}},
		{"a member asked for", build.Options{Merge: []build.Group{{Name: "x", Of: []string{"liver"}}}, Structures: []string{"liver"}}, nil},
	} {
		m := organs()
		got := build.Warnings(m, c.o, surfaces(t, m, c.o))
		if len(got) != len(c.want) {
			t.Errorf("%s: %v", c.name, got)
			continue
		}
		for i, w := range got {
			if !strings.HasPrefix(w.Code+": "+w.Message, c.want[i]) {
				t.Errorf("%s: %v, want %s", c.name, w, c.want[i])
			}
		}
	}
}
