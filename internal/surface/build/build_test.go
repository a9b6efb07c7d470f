package build_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// boxes is a map of cuboids, each from its low voxel to before its high one.
func boxes(dims [3]int, list map[uint16][][2][3]int) *volume.LabelMap {
	m := &volume.LabelMap{Dims: dims, Affine: volume.Affine{{2, 0, 0, 10}, {0, 2, 0, -20}, {0, 0, 2, 30}}}
	m.U8 = make([]uint8, m.Len())
	for label, bs := range list {
		for _, b := range bs {
			for z := b[0][2]; z < b[1][2]; z++ {
				for y := b[0][1]; y < b[1][1]; y++ {
					for x := b[0][0]; x < b[1][0]; x++ {
						m.U8[x+dims[0]*(y+dims[1]*z)] = uint8(label)
					}
				}
			}
		}
	}
	return m
}

func organs() *volume.LabelMap {
	m := boxes([3]int{30, 20, 20}, map[uint16][][2][3]int{
		1: {{{2, 2, 2}, {10, 12, 12}}},
		2: {{{10, 2, 2}, {16, 12, 12}}, {{25, 15, 15}, {27, 17, 17}}},
		7: {{{20, 5, 5}, {30, 12, 12}}},
	})
	m.Table = volume.Table{Iris: volume.TableVersion, Labels: []volume.Label{
		{ID: 1, Name: "liver", Color: "#aa0000", SNOMED: "10200004"},
		{ID: 2, Name: "spleen", Color: "#00aa00"},
		{ID: 3, Name: "pancreas", Color: "#0000aa"},
	}}
	return m
}

func surfaces(t *testing.T, m *volume.LabelMap, o build.Options) []surface.Surface {
	t.Helper()
	s, err := build.Surfaces(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s {
		if r := surfacetest.Check(&s[i].Mesh); !r.Manifold() {
			t.Errorf("%s: %+v", s[i].Label.Name, r)
		}
	}
	return s
}

func names(s []surface.Surface) (n []string) {
	for i := range s {
		n = append(n, s[i].Label.Name)
	}
	return n
}

func TestMeasures(t *testing.T) {
	m := organs()
	n := 0
	s := surfaces(t, m, build.Options{Voxels: func() ([]int16, error) {
		if n == m.Len() {
			return nil, io.EOF
		}
		slab := make([]int16, min(1000, m.Len()-n))
		for i := range slab {
			slab[i] = int16(40 + 2*(n+i)%4) // 40 and 42 in turn
		}
		n += len(slab)
		return slab, nil
	}})
	if d := cmp.Diff([]string{"liver", "spleen", "label_7"}, names(s)); d != "" {
		t.Fatal(d)
	}
	liver := s[0].Measure
	if liver.Voxels != 800 || math.Abs(liver.VolumeML-6.4) > 1e-9 || math.Abs(liver.MeshML/liver.VolumeML-1) > 0.01 {
		t.Errorf("liver: %+v", liver)
	}
	// Voxels 2..9, 2..11, 2..11: the middle is 5.5, 6.5, 6.5; times 2 mm plus the origin.
	if d := cmp.Diff([3]float64{21, -7, 43}, liver.Centroid); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([3]float64{13, -17, 33}, liver.Min); d != "" { // half a voxel outside of voxel 2's centre
		t.Error(d)
	}
	if liver.HU == nil || math.Abs(liver.HU.Mean-41) > 1e-9 || math.Abs(liver.HU.SD-1) > 1e-9 {
		t.Errorf("HU: %+v", liver.HU)
	}
	if !liver.Watertight || liver.Partial || liver.Components != 1 || liver.Genus != 0 {
		t.Errorf("liver: %+v", liver)
	}
	if s[1].Measure.Components != 2 {
		t.Errorf("spleen: %d components", s[1].Measure.Components)
	}
	if last := s[2]; !last.Measure.Partial || last.Label.ID != 7 || !strings.HasPrefix(last.Label.Color, "#") {
		t.Errorf("%+v", last.Label)
	}
}

func TestGenusAndCavities(t *testing.T) {
	m := boxes([3]int{20, 20, 20}, map[uint16][][2][3]int{1: {{{2, 2, 2}, {18, 18, 18}}}})
	for z := range 20 {
		for y := 8; y < 12; y++ {
			for x := 8; x < 12; x++ {
				m.U8[x+20*(y+20*z)] = 0
			}
		}
	}
	if got := surfaces(t, m, build.Options{})[0].Measure; got.Genus != 1 || got.Components != 1 {
		t.Errorf("with a hole through: %+v", got)
	}
	m = boxes([3]int{20, 20, 20}, map[uint16][][2][3]int{1: {{{2, 2, 2}, {18, 18, 18}}}})
	m.U8[10+20*(10+20*10)] = 0
	if got := surfaces(t, m, build.Options{Smoothing: 0.5})[0].Measure; got.Genus != 0 || got.Components != 1 {
		t.Errorf("with a cavity: %+v", got)
	}
}

func TestChoice(t *testing.T) {
	wide := organs()
	wide.U16 = make([]uint16, wide.Len())
	for i, v := range wide.U8 {
		wide.U16[i] = uint16(v) * 100
	}
	wide.U8 = nil
	for i := range wide.Table.Labels {
		wide.Table.Labels[i].ID *= 100
	}
	both := []build.Group{{Name: "upper", Of: []string{"spleen", "liver"}}}
	for _, c := range []struct {
		name string
		m    *volume.LabelMap
		o    build.Options
		want []string
	}{
		{"all", organs(), build.Options{}, []string{"liver", "spleen", "label_7"}},
		{"one", organs(), build.Options{Structures: []string{"spleen"}}, []string{"spleen"}},
		{"one without voxels", organs(), build.Options{Structures: []string{"pancreas", "label_7"}}, []string{"label_7"}},
		{"merged", organs(), build.Options{Merge: both}, []string{"upper", "label_7"}},
		{"the group alone", organs(), build.Options{Merge: both, Structures: []string{"upper"}}, []string{"upper"}},
		{"a member brings its group", organs(), build.Options{Merge: both, Structures: []string{"liver"}}, []string{"upper"}},
		{"wide", wide, build.Options{Merge: both}, []string{"upper", "label_700"}},
		{"wide, all", wide, build.Options{}, []string{"liver", "spleen", "label_700"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, names(surfaces(t, c.m, c.o))); d != "" {
				t.Error(d)
			}
		})
	}
	merged := surfaces(t, organs(), build.Options{Merge: both})[0]
	if l := merged.Label; l.ID != 1 || l.Color != "#00aa00" || merged.Measure.Voxels != 800+600+8 || merged.Measure.Components != 2 {
		t.Errorf("%+v %+v", l, merged.Measure)
	}
}

// A skin of two voxels keeps its volume, told so or not.
func TestShellKeepsItsVolume(t *testing.T) {
	m := &volume.LabelMap{Dims: [3]int{60, 60, 60}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}
	m.U8 = make([]uint8, m.Len())
	for i := range m.U8 {
		x, y, z := float64(i%60)-30, float64(i/60%60)-28, 0.6*(float64(i/3600)-30)
		if r := math.Sqrt(x*x + y*y + z*z); r < 17 && r > 15.2 {
			m.U8[i] = 1
		}
	}
	s := surfaces(t, m, build.Options{Smoothing: 1})[0].Measure
	if off := math.Abs(s.MeshML/s.VolumeML - 1); off > 0.0075 {
		t.Errorf("volume off by %.2f %%", 100*off)
	}
}

// Thin sheets and noise are drawn back where they would cross, also where the vertices
// belong to the share of another worker.
func TestSameForAnyThreads(t *testing.T) {
	for name, m := range map[string]*volume.LabelMap{
		"torso":      surfacetest.Torso([3]int{90, 80, 100}, [3]float64{4.5, 5, 6}),
		"thin sheet": sheet(rand.New(rand.NewPCG(6, 14)), 60, 1.3),
		"noise":      surfacetest.Noise(5, [3]int{20, 21, 40}, 2),
	} {
		for _, smoothing := range []float64{0.5, 1} {
			want := surfaces(t, m, build.Options{Smoothing: smoothing, Threads: 1})
			for _, threads := range []int{2, 3, 8} {
				got, err := build.Surfaces(t.Context(), m, build.Options{Smoothing: smoothing, Threads: threads})
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(want, got) {
					t.Errorf("%s, %d threads: differs from one", name, threads)
				}
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name, code string
		m          func(*volume.LabelMap)
		o          build.Options
	}{
		{"smoothing", "bad_option", nil, build.Options{Smoothing: 1.5}},
		{"smoothing that is no number", "bad_option", nil, build.Options{Smoothing: math.NaN()}},
		{"unknown structure", "bad_option", nil, build.Options{Structures: []string{"horn"}}},
		{"unknown member", "bad_option", nil, build.Options{Merge: []build.Group{{Name: "x", Of: []string{"horn"}}}}},
		{"empty group", "bad_option", nil, build.Options{Merge: []build.Group{{Name: "x"}}}},
		{"member twice", "bad_option", nil, build.Options{Merge: []build.Group{{Name: "x", Of: []string{"liver"}}, {Name: "y", Of: []string{"liver"}}}}},
		{"name taken", "bad_option", nil, build.Options{Merge: []build.Group{{Name: "spleen", Of: []string{"liver"}}}}},
		{"flat affine", "bad_affine", func(m *volume.LabelMap) { m.Affine[2] = [4]float64{} }, build.Options{}},
		{"infinite affine", "bad_affine", func(m *volume.LabelMap) { m.Affine[0][3] = math.Inf(1) }, build.Options{}},
		{"too few voxels", "truncated", func(m *volume.LabelMap) { m.U8 = m.U8[1:] }, build.Options{}},
		{"no voxels", "bad_dims", func(m *volume.LabelMap) { m.Dims[1] = 0 }, build.Options{}},
		{"volume too short", "grid_mismatch", nil, build.Options{Voxels: func() ([]int16, error) { return nil, io.EOF }}},
		{"volume too long", "grid_mismatch", nil, build.Options{Voxels: func() ([]int16, error) { return make([]int16, 1<<14), nil }}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := organs()
			if c.m != nil {
				c.m(m)
			}
			_, err := build.Surfaces(t.Context(), m, c.o)
			var e *volume.Error
			if !errors.As(err, &e) || e.Code != c.code {
				t.Errorf("%v: want code %s", err, c.code)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := build.Surfaces(ctx, organs(), build.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Noise at full resolution has more surface than Memory allows for: refused, and
// not by running out.
func TestNoiseIsTooLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("needs 300 MB")
	}
	_, err := build.Surfaces(t.Context(), surfacetest.Noise(1, [3]int{200, 200, 200}, 3), build.Options{})
	var e *volume.Error
	if !errors.As(err, &e) || e.Code != "too_large" {
		t.Errorf("%v", err)
	}
}

func TestProgress(t *testing.T) {
	last := 0
	surfaces(t, organs(), build.Options{Smoothing: 0.5, Progress: func(done, total int) {
		if done <= last || done > total {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		last = done
	}})
	if last != 100 {
		t.Errorf("ended at %d", last)
	}
}

func TestEmpty(t *testing.T) {
	m := boxes([3]int{3, 3, 3}, nil)
	if s := surfaces(t, m, build.Options{Smoothing: 0.5}); len(s) != 0 {
		t.Errorf("%d surfaces", len(s))
	}
}

// What a decimation says is one of four things.
func TestParseDecimation(t *testing.T) {
	for text, want := range map[string]build.Decimation{
		"none": {}, "0.25": {Ratio: 0.25}, ".5": {Ratio: 0.5}, "1": {Ratio: 1}, "1.0": {Ratio: 1}, "50000": {Triangles: 50000}, "10": {Triangles: 10},
		"0.2mm": {Error: 0.2}, ".2mm": {Error: 0.2}, "12vx": {Error: 12, Voxels: true}, "0.25vx": {Error: 0.25, Voxels: true},
	} {
		got, err := build.ParseDecimation(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
	for _, text := range []string{"", "0", "0.0", "5", "2", "mm", "vx", "0mm", ".0vx", "-1", "1e5", "0.25cm", "12345mm", "9999999999", "NaN", "Infmm", " 1", "0.25vx "} {
		if d, err := build.ParseDecimation(text); err == nil {
			t.Errorf("%q: %+v", text, d)
		}
	}
}

// Where decimation stops before the number asked for, the owner of the scan is told.
func TestDecimationThatStopsEarlyIsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector finds nothing here that TestDecimation does not show, and takes long")
	}
	m := surfacetest.Torso([3]int{90, 80, 100}, [3]float64{4.5, 5, 6})
	for _, c := range []struct {
		d    build.Decimation
		told bool
	}{
		{build.Decimation{Triangles: 10}, true},
		{build.Decimation{Triangles: 1 << 20}, false},
		{build.Decimation{Ratio: 0.001}, true},
		{build.Decimation{Ratio: 0.5}, false},
		{build.Decimation{Error: 0.25, Voxels: true}, false},
	} {
		o := build.Options{Smoothing: 0.5, Decimation: c.d}
		light := surfaces(t, m, o)
		whole, left := int64(0), int64(0)
		for i := range light {
			whole += light[i].Before.Triangles
			left += int64(len(light[i].Mesh.Triangles))
		}
		if left >= whole && !(c.d.Triangles > 1000) {
			t.Errorf("%+v: %d triangles of %d", c.d, left, whole)
		}
		got := slices.DeleteFunc(build.Warnings(m, o, light), func(w volume.Warning) bool { return w.Code == "volume_changed" })
		if told := len(got) == 1 && got[0].Code == "too_many_triangles"; told != c.told || len(got) > 1 {
			t.Errorf("%+v: %v, %d of %d triangles", c.d, got, left, whole)
		}
	}
}

// A plate of one voxel that decimation makes thinner is told of by its owner's warning.
// The volume before is that of the whole mesh.
func TestAChangedVolumeIsTold(t *testing.T) {
	m := surfacetest.Torso([3]int{90, 80, 100}, [3]float64{4.5, 5, 6})
	whole := surfaces(t, m, build.Options{Smoothing: 0.5})
	for _, d := range []build.Decimation{{Error: 0.25, Voxels: true}, {Ratio: 0.01}} {
		o := build.Options{Smoothing: 0.5, Decimation: d}
		light := surfaces(t, m, o)
		want := map[string]bool{}
		for i := range light {
			if off := light[i].Before.ML/whole[i].Measure.MeshML - 1; math.Abs(off) > 1e-4 {
				t.Errorf("%s: %.4f ml before, the whole mesh has %.4f", light[i].Label.Name, light[i].Before.ML, whole[i].Measure.MeshML)
			}
			if n := len(whole[i].Mesh.Triangles); light[i].Before.Triangles != int64(n) {
				t.Errorf("%s: %d triangles before, want %d", light[i].Label.Name, light[i].Before.Triangles, n)
			}
			if math.Abs(light[i].Measure.MeshML/whole[i].Measure.MeshML-1) > 0.02 {
				want[light[i].Label.Name] = true
			}
		}
		told := ""
		for _, w := range build.Warnings(m, o, light) {
			if w.Code == "volume_changed" {
				told = w.Message
			}
		}
		if (told != "") != (len(want) > 0) {
			t.Errorf("%+v: %q, want %v", d, told, want)
		}
	}
	// One voxel thick, three labels side by side: what an outside reader broke decimation with.
	plate := &volume.LabelMap{Dims: [3]int{40, 40, 5}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, 40*40*5)}
	for i := range 40 * 40 {
		plate.U8[2*40*40+i] = uint8(1 + i%40*3/40)
	}
	o := build.Options{Smoothing: 1, Decimation: build.Decimation{Ratio: 0.01}}
	if got := build.Warnings(plate, o, surfaces(t, plate, o)); !slices.ContainsFunc(got, func(w volume.Warning) bool { return w.Code == "volume_changed" }) {
		t.Errorf("a plate of one voxel: %v", got)
	}
}

// Decimated organs keep what was measured of them, and share their border.
func TestDecimation(t *testing.T) {
	m := surfacetest.Torso([3]int{90, 80, 100}, [3]float64{4.5, 5, 6})
	whole := surfaces(t, m, build.Options{Smoothing: 0.5})
	for _, d := range []build.Decimation{{Error: 0.25, Voxels: true}, {Error: 1}, {Ratio: 0.4}, {Triangles: 2000}} {
		light := surfaces(t, m, build.Options{Smoothing: 0.5, Decimation: d})
		if len(light) != len(whole) {
			t.Fatalf("%+v: %d structures, want %d", d, len(light), len(whole))
		}
		for i := range light {
			was, is := whole[i].Measure, light[i].Measure
			if is.Genus != was.Genus || is.Components != was.Components || !is.Watertight || is.Voxels != was.Voxels {
				t.Errorf("%+v, %s: %+v, was %+v", d, light[i].Label.Name, is, was)
			}
			if off := math.Abs(is.MeshML/was.MeshML - 1); d.Error > 0 && off > 0.01 {
				t.Errorf("%+v, %s: %.3f ml, was %.3f", d, light[i].Label.Name, is.MeshML, was.MeshML)
			}
			if len(light[i].Mesh.Triangles) > len(whole[i].Mesh.Triangles) {
				t.Errorf("%+v, %s: more triangles", d, light[i].Label.Name)
			}
		}
	}
	if _, err := build.Surfaces(t.Context(), m, build.Options{Decimation: build.Decimation{Error: math.NaN()}}); err == nil {
		t.Error("an error that is no number was taken")
	}
}

// A number of triangles for each structure is reached, or the owner is told of each
// structure that keeps more, and of no other.
func TestANumberOfTrianglesIsReachedOrTold(t *testing.T) {
	m := surfacetest.Torso([3]int{90, 80, 100}, [3]float64{4.5, 5, 6})
	o := build.Options{Smoothing: 0.5, Decimation: build.Decimation{Triangles: 1000}}
	light := surfaces(t, m, o)
	told := ""
	for _, w := range build.Warnings(m, o, light) {
		if w.Code == "too_many_triangles" {
			told = w.Message
		}
	}
	for i := range light {
		n := len(light[i].Mesh.Triangles)
		if n > 1100 {
			t.Logf("%s: %d of %d triangles", light[i].Label.Name, n, light[i].Before.Triangles)
		}
		if named := strings.Contains(told, fmt.Sprintf("%s (%d)", light[i].Label.Name, n)); named != (n > 1100) {
			t.Errorf("%s has %d triangles, and the warning is %q", light[i].Label.Name, n, told)
		}
	}
}
