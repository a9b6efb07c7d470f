package picture_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/picture"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

func preview(t *testing.T, surfaces ...surface.Surface) (image.Image, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := picture.Preview(surfaces, &b); err != nil {
		t.Fatal(err)
	}
	return decode(t, b.Bytes()), b.Bytes()
}

func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// box of pixels, within columns from and to, in which hue says yes.
func box(img image.Image, from, to int, hue func(c color.NRGBA) bool) image.Rectangle {
	out := image.Rectangle{}
	for y := range img.Bounds().Dy() {
		for x := from; x < to; x++ {
			if hue(color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)) {
				out = out.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return out
}

func red(c color.NRGBA) bool   { return outshines(c.R, c.G, c.B) }
func green(c color.NRGBA) bool { return outshines(c.G, c.R, c.B) }
func blue(c color.NRGBA) bool  { return outshines(c.B, c.R, c.G) }

func outshines(one, other, third uint8) bool {
	return one > 60 && int(one) > 2*int(other) && int(one) > 2*int(third)
}

func ball(x, y, z float32, hue string) surface.Surface {
	return surface.Surface{Label: volume.Label{ID: 1, Color: hue}, Mesh: meshtest.Sphere([3]float32{x, y, z}, 10, 3)}
}

func TestPreviewLooksFromFrontLeftAndBack(t *testing.T) {
	// Red lies to the patient's right, green in front, blue above.
	img, _ := preview(t, ball(60, 0, 0, "#ff0000"), ball(0, 60, 0, "#00ff00"), ball(0, 0, 60, "#0000ff"))
	third := img.Bounds().Dx() / 3
	at := func(panel int, hue func(color.NRGBA) bool) image.Point {
		b := box(img, panel*third, (panel+1)*third, hue)
		if b.Empty() {
			t.Fatalf("a ball is missing in panel %d", panel)
		}
		return b.Min.Add(b.Max).Div(2)
	}
	if r, b := at(0, red), at(0, blue); r.X >= b.X || r.Y <= b.Y {
		t.Errorf("front: red at %v, blue at %v: want the patient's right at the left, superior at the top", r, b)
	}
	if g, b := at(1, green), at(1, blue); g.X >= b.X || g.Y <= b.Y {
		t.Errorf("left: green at %v, blue at %v: want anterior at the left", g, b)
	}
	if r, b := at(2, red), at(2, blue); r.X <= b.X || r.Y <= b.Y {
		t.Errorf("back: red at %v, blue at %v: want the patient's right at the right", r, b)
	}
}

func TestPreviewShowsTheNearest(t *testing.T) {
	img, _ := preview(t, ball(0, 60, 0, "#ff0000"), ball(0, 0, 0, "#00ff00"))
	third := img.Bounds().Dx() / 3
	if b := box(img, 0, third, green); !b.Empty() {
		t.Errorf("green shows through red at %v", b)
	}
	if b := box(img, 2*third, 3*third, red); !b.Empty() {
		t.Errorf("red shows through green at %v", b)
	}
}

func TestPreviewSeesThroughAShell(t *testing.T) {
	skin := surface.Surface{Label: volume.Label{ID: 2, Color: "#00ff00"}, Mesh: meshtest.Box([3]float32{-50, -50, -50}, [3]float32{50, 50, 50})}
	img, _ := preview(t, skin, ball(0, 0, 0, "#ff0000"))
	if b := box(img, 0, img.Bounds().Dx()/3, red); b.Empty() {
		t.Error("the shell hides what it wraps")
	}
	img, _ = preview(t, skin)
	if b := box(img, 0, img.Bounds().Dx()/3, green); b.Empty() {
		t.Error("a shell alone is solid")
	}
}

func TestPreviewOfNothing(t *testing.T) {
	if img, _ := preview(t); img.Bounds().Empty() {
		t.Error("no picture")
	}
}

func TestPreviewSameBytesTwice(t *testing.T) {
	_, a := preview(t, meshtest.Scene().Surfaces...)
	_, b := preview(t, meshtest.Scene().Surfaces...)
	if !bytes.Equal(a, b) {
		t.Error("two runs differ")
	}
}

// labelled is a grid with one red cuboid label, from its low to its high voxel.
func labelled(dims [3]int, affine volume.Affine, low, high [3]int) *volume.LabelMap {
	m := &volume.LabelMap{Dims: dims, Affine: affine, U8: make([]uint8, dims[0]*dims[1]*dims[2])}
	m.Table.Labels = []volume.Label{{ID: 7, Color: "#ff0000"}}
	for k := low[2]; k <= high[2]; k++ {
		for j := low[1]; j <= high[1]; j++ {
			for i := low[0]; i <= high[0]; i++ {
				m.U8[i+dims[0]*(j+dims[1]*k)] = 7
			}
		}
	}
	return m
}

func check(t *testing.T, m *volume.LabelMap, v *volume.Volume) (image.Image, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := picture.Check(m, v, &b); err != nil {
		t.Fatal(err)
	}
	return decode(t, b.Bytes()), b.Bytes()
}

func TestCheckKeepsProportionsInMillimetres(t *testing.T) {
	// 40×40×10 voxels of 1×1×4 mm; the label is a cube of 16 mm near the right, anterior, superior corner.
	affine := volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 4, 0}}
	m := labelled([3]int{40, 40, 10}, affine, [3]int{22, 22, 5}, [3]int{37, 37, 8})
	img, _ := check(t, m, nil)
	third := img.Bounds().Dx() / 3
	for panel := range 3 {
		b := box(img, panel*third, (panel+1)*third, red)
		if ratio := float64(b.Dx()) / float64(b.Dy()); math.Abs(ratio-1) > 0.02 {
			t.Errorf("panel %d: a cube is drawn as %v", panel, b)
		}
		middle := b.Min.Add(b.Max).Div(2)
		if middle.X > panel*third+third/2 || middle.Y > img.Bounds().Dy()/2 {
			t.Errorf("panel %d: the cube is at %v: want right and anterior at the left, anterior and superior at the top", panel, middle)
		}
	}
}

func TestCheckDoesNotDependOnTheOrderOfVoxels(t *testing.T) {
	ras := volume.Affine{{1, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 3, 0}}
	m := labelled([3]int{30, 20, 10}, ras, [3]int{3, 4, 5}, [3]int{12, 16, 8})
	v := &volume.Volume{Dims: m.Dims, Affine: ras, Voxels: make([]int16, m.Len())}
	for i := range v.Voxels {
		v.Voxels[i] = int16(i%700 - 200)
	}
	_, want := check(t, m, v)

	// The same patient with x flipped and y and z exchanged.
	turned := volume.Affine{{-1, 0, 0, 29}, {0, 0, 2, 0}, {0, 3, 0, 0}}
	m2 := &volume.LabelMap{Dims: [3]int{30, 10, 20}, Affine: turned, U8: make([]uint8, m.Len()), Table: m.Table}
	v2 := &volume.Volume{Dims: m2.Dims, Affine: turned, Voxels: make([]int16, m.Len())}
	for x := range 30 {
		for y := range 20 {
			for z := range 10 {
				from, to := x+30*(y+20*z), (29-x)+30*(z+10*y)
				m2.U8[to], v2.Voxels[to] = m.U8[from], v.Voxels[from]
			}
		}
	}
	if _, got := check(t, m2, v2); !bytes.Equal(want, got) {
		t.Error("a permuted and flipped grid gives another picture")
	}
}

func TestCheckShowsTheScan(t *testing.T) {
	affine := volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}
	m := labelled([3]int{32, 32, 32}, affine, [3]int{14, 14, 14}, [3]int{18, 18, 18})
	for name, values := range map[string][2]int16{"CT": {-1000, 400}, "MR": {0, 900}} {
		v := &volume.Volume{Dims: m.Dims, Affine: affine, Voxels: make([]int16, m.Len())}
		for i := range v.Voxels { // the right half is bright
			if i%32 >= 16 {
				v.Voxels[i] = values[1]
			} else {
				v.Voxels[i] = values[0]
			}
			if name == "CT" && i%32 < 4 {
				v.Voxels[i] = -90 // fat, which tells Hounsfield units
			}
		}
		img, _ := check(t, m, v)
		white := func(c color.NRGBA) bool { return c.R > 240 && c.G > 240 && c.B > 240 }
		if b := box(img, 0, img.Bounds().Dx()/6-10, white); b.Empty() {
			t.Errorf("%s: the patient's right half is not bright at the left", name)
		}
	}
}

func TestCheckEdges(t *testing.T) {
	affine := volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}
	empty := labelled([3]int{5, 4, 1}, affine, [3]int{1, 1, 1}, [3]int{0, 0, 0})
	check(t, empty, nil)
	one := labelled([3]int{1, 1, 1}, affine, [3]int{0, 0, 0}, [3]int{0, 0, 0})
	check(t, one, &volume.Volume{Dims: one.Dims, Affine: affine, Voxels: []int16{5}})
	wide := &volume.LabelMap{Dims: [3]int{2, 2, 2}, Affine: affine, U16: []uint16{0, 65535, 1, 2, 3, 4, 5, 6}}
	check(t, wide, nil)
	long := labelled([3]int{4096, 1, 1}, affine, [3]int{0, 0, 0}, [3]int{0, 0, 0})
	check(t, long, nil)
	if err := picture.Check(empty, &volume.Volume{Dims: [3]int{1, 1, 1}}, &bytes.Buffer{}); err == nil {
		t.Error("grids that differ are drawn")
	}
}
