package picture_test

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/picture"
	"github.com/iris-oculus/iris/internal/volume"
)

// scanned draws the slices of a volume that comes in pieces of some voxels.
func scanned(t *testing.T, v *volume.Volume, piece int, hounsfield bool) (image.Image, []byte) {
	t.Helper()
	var s picture.Slices
	s.Begin(v.Dims, v.Affine)
	for left := v.Voxels; len(left) > 0; {
		n := min(piece, len(left))
		s.Add(left[:n])
		left = left[n:]
	}
	var b bytes.Buffer
	if err := s.Write(&b, hounsfield); err != nil {
		t.Fatal(err)
	}
	return decode(t, b.Bytes()), b.Bytes()
}

// marked is a scan of 40×30×20 voxels of 1×2×3 mm, all air, with a ball of radius 6 mm
// at the patient's left, anterior and superior end, each in the middle of the others.
func marked(end int) *volume.Volume {
	v := &volume.Volume{Dims: [3]int{40, 30, 20}, Affine: volume.Affine{{1, 0, 0, -50}, {0, 2, 0, 9}, {0, 0, 3, 100}}}
	spacing := v.Affine.Spacing()
	at := [3]float64{20, 30, 30} // mm from the first voxel
	at[end] = [3]float64{8, 50, 48}[end]
	for n := range v.Len() {
		p := [3]int{n % 40, n / 40 % 30, n / 1200}
		r := 0.0
		for k := range p {
			r += math.Pow(float64(p[k])*spacing[k]-at[k], 2)
		}
		v.Voxels = append(v.Voxels, map[bool]int16{false: -1000, true: 1000}[r <= 36])
	}
	return v
}

func bright(c color.NRGBA) bool   { return c.R > 250 }
func extremes(c color.NRGBA) bool { return c.R == 0 || bright(c) }
func inked(c color.NRGBA) bool    { return c.R == 0x94 }

// panels are where the slices lie: nothing else in the picture is black or white.
func panels(t *testing.T, img image.Image) (out []image.Rectangle) {
	t.Helper()
	from := -1
	for x := range img.Bounds().Dx() {
		column := !box(img, x, x+1, extremes).Empty()
		if column && from < 0 {
			from = x
		}
		if !column && from >= 0 {
			out, from = append(out, box(img, from, x, extremes)), -1
		}
	}
	if len(out) != 3 {
		t.Fatalf("slices at %v: want three", out)
	}
	return out
}

// letterIn reads the one letter of a part of the picture, by its dots in each row.
func letterIn(img image.Image, part image.Rectangle) string {
	at := image.Rectangle{}
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if inked(color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)) {
				at = at.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	var rows strings.Builder
	for y := at.Min.Y; y < at.Max.Y; y += 2 {
		dots := 0
		for x := at.Min.X; x < at.Max.X; x += 2 {
			if inked(color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)) {
				dots++
			}
		}
		rows.WriteByte(byte('0' + dots))
	}
	known := map[string]string{"4224222": "R", "1111115": "L", "3225222": "A", "4224111": "P", "4113114": "S", "3111113": "I"}
	return known[rows.String()]
}

// What lies at the patient's left, in front or above is drawn beside the letter that says so.
func TestSlicesSayWhereTheyAre(t *testing.T) {
	for end, letter := range []string{"L", "A", "S"} {
		img, _ := scanned(t, marked(end), 1200, true)
		found := 0
		for n, p := range panels(t, img) {
			b := box(img, p.Min.X, p.Max.X, bright)
			if n == 2-end {
				continue // the ball lies beside the middle of the slice's third axis
			}
			ball, middle := b.Min.Add(b.Max).Div(2), p.Min.Add(p.Max).Div(2)
			got := ""
			switch d := ball.Sub(middle); {
			case d.X < -p.Dx()/8:
				got = letterIn(img, image.Rect(p.Min.X-25, middle.Y-20, p.Min.X, middle.Y+20))
			case d.X > p.Dx()/8:
				got = letterIn(img, image.Rect(p.Max.X, middle.Y-20, p.Max.X+25, middle.Y+20))
			case d.Y < 0:
				got = letterIn(img, image.Rect(middle.X-15, p.Min.Y-25, middle.X+15, p.Min.Y))
			default:
				got = letterIn(img, image.Rect(middle.X-15, p.Max.Y, middle.X+15, p.Max.Y+25))
			}
			if found++; got != letter {
				t.Errorf("slice %d: what lies at %s is drawn at %v of %v, at the letter %q", n, letter, ball, p, got)
			}
			if letter == "L" && ball.X < middle.X {
				t.Errorf("slice %d: the patient's left is drawn at the left", n)
			}
			if ratio := float64(b.Dx()) / float64(b.Dy()); math.Abs(ratio-1) > 0.25 {
				t.Errorf("slice %d: a ball is drawn as %v", n, b)
			}
		}
		if found != 2 {
			t.Errorf("what lies at %s is in %d slices, want 2", letter, found)
		}
	}
}

// Where the middle is air, as between two legs or beside a limb that lies at the edge, the
// slice is one that shows something; a head's is its middle.
func TestSlicesOfWhatLiesBesideTheMiddle(t *testing.T) {
	for end := range 3 {
		for _, hounsfield := range []bool{true, false} {
			img, _ := scanned(t, marked(end), 1200, hounsfield)
			for n, p := range panels(t, img) {
				if b := box(img, p.Min.X, p.Max.X, bright); b.Empty() {
					t.Errorf("at end %d, Hounsfield %v: slice %d shows nothing", end, hounsfield, n)
				}
			}
		}
	}
	v := marked(0)
	for n := range v.Voxels { // each sagittal slice of another value
		v.Voxels[n] = int16(-100 + n%40*8)
	}
	img, _ := scanned(t, v, 1200, true)
	p := box(img, 2*img.Bounds().Dx()/3, img.Bounds().Dx(), func(c color.NRGBA) bool { return c.R != 0x18 && !inked(c) })
	const want = 140 // of 60 HU
	if got := color.NRGBAModel.Convert(img.At(p.Min.X+p.Dx()/2, p.Min.Y+p.Dy()/2)).(color.NRGBA).R; got != want {
		t.Errorf("the middle of a scan that is full everywhere has gray %d, want %d: that of its middle slice", got, want)
	}
}

// Letters of an axis that lies askew are those of both sides between which it lies, as a
// compass has them (Slicer/Slicer 6778, cornerstonejs/cornerstone3D 724).
func TestLettersOfObliqueScans(t *testing.T) {
	about := func(axis int, degrees float64) volume.Affine {
		cos, sin := math.Cos(degrees*math.Pi/180), math.Sin(degrees*math.Pi/180)
		a := volume.Affine{{1, 0, 0, 5}, {0, 2, 0, 6}, {0, 0, 3, 7}}
		i, j := (axis+1)%3, (axis+2)%3
		var out volume.Affine
		for column := range 3 {
			out[axis][column] = a[axis][column]
			out[i][column] = cos*a[i][column] - sin*a[j][column]
			out[j][column] = sin*a[i][column] + cos*a[j][column]
		}
		return out
	}
	for _, c := range []struct {
		name string
		a    volume.Affine
		want [3][2]string
	}{
		{"straight", about(2, 0), [3][2]string{{"L", "R"}, {"P", "A"}, {"I", "S"}}},
		{"a head, bent by 20°", about(0, 20), [3][2]string{{"L", "R"}, {"P", "A"}, {"I", "S"}}},
		{"bent by 30°", about(0, 30), [3][2]string{{"L", "R"}, {"PI", "AS"}, {"IA", "SP"}}},
		{"turned by 44°", about(2, 44), [3][2]string{{"LP", "RA"}, {"PR", "AL"}, {"I", "S"}}},
		{"turned by -44°", about(2, -44), [3][2]string{{"LA", "RP"}, {"PL", "AR"}, {"I", "S"}}},
		{"along a cube's diagonal", volume.Affine{{1, -1, -1, 0}, {1, 1, 0, 0}, {1, 0, 1, 0}}, [3][2]string{{"LPI", "RAS"}, {"RP", "LA"}, {"RI", "LS"}}},
	} {
		if got := picture.Ends(c.a); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	// The words stand beside their slices, and none over another.
	v := marked(1)
	v.Affine = volume.Affine{{1, -2, -3, 0}, {1, 2, 0, 0}, {1, 0, 3, 0}}
	img, _ := scanned(t, v, 1200, true)
	p := panels(t, img)
	for n := range p {
		from := 0
		if n > 0 {
			from = p[n-1].Max.X
		}
		gap := image.Rect(from, p[n].Min.Y+p[n].Dy()/2-8, p[n].Min.X, p[n].Min.Y+p[n].Dy()/2+8)
		words, free := 0, 100
		for x := gap.Min.X; x < gap.Max.X; x++ {
			ink := false
			for y := gap.Min.Y; y < gap.Max.Y; y++ {
				ink = ink || inked(color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA))
			}
			if free++; ink {
				if free > 8 {
					words++
				}
				free = 0
			}
		}
		if want := min(n, 1) + 1; words != want || free < 4 {
			t.Errorf("before slice %d there are %d words, want %d; %d pixels from it", n, words, want, free)
		}
	}
}

// Axial and coronal show 40 mm across, sagittal 60 mm; coronal and sagittal are 60 mm high
// (nilearn/nilearn 2546 and brainsprite/brainsprite 98 drew voxels as squares).
func TestSlicesKeepProportions(t *testing.T) {
	img, _ := scanned(t, marked(0), 7, true)
	p := panels(t, img)
	for n, want := range []float64{40.0 / 60, 40.0 / 60, 1} {
		if got := float64(p[n].Dx()) / float64(p[n].Dy()); math.Abs(got-want) > 0.01 {
			t.Errorf("slice %d is drawn as %v: want its width %.2f of its height", n, p[n], want)
		}
	}
}

func TestSlicesSameBytes(t *testing.T) {
	v := marked(1)
	_, whole := scanned(t, v, v.Len(), true)
	for _, piece := range []int{7, 1200} {
		if _, again := scanned(t, v, piece, true); !bytes.Equal(whole, again) {
			t.Errorf("in pieces of %d voxels it is another picture", piece)
		}
	}
}

// MR has no units: one bright voxel leaves the contrast to the rest.
func TestSlicesOfMR(t *testing.T) {
	v := &volume.Volume{Dims: [3]int{20, 20, 20}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}}
	for n := range 8000 {
		v.Voxels = append(v.Voxels, int16(1000+n%20))
	}
	v.Voxels[10+20*(10+20*10)] = 32767
	img, _ := scanned(t, v, 400, false)
	p := box(img, 0, img.Bounds().Dx()/3, extremes)
	y := p.Min.Y + p.Dy()/4
	left, _, _, _ := img.At(p.Min.X+2, y).RGBA()
	right, _, _, _ := img.At(p.Max.X-3, y).RGBA()
	if left>>8 < 250 || right>>8 > 5 {
		t.Errorf("the values 1019 and 1000 are shown as %d and %d: want white and black", left>>8, right>>8)
	}
}

// Two values, of which one is rare, are black and white, and one value alone is black: a
// window of no width showed both as white, or all as black (fo-dicom/fo-dicom 816, 1751).
func TestSlicesOfTwoValues(t *testing.T) {
	v := &volume.Volume{Dims: [3]int{20, 20, 20}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, Voxels: make([]int16, 8000)}
	at := func(img image.Image, p image.Rectangle) uint8 {
		middle := p.Min.Add(p.Max).Div(2)
		return color.NRGBAModel.Convert(img.At(middle.X+p.Dx()/40, middle.Y+p.Dy()/40)).(color.NRGBA).R
	}
	for _, rare := range []int16{0, 1} {
		for x := 9; x <= 10; x++ { // 8 voxels in the middle of each slice
			for y := 9; y <= 10; y++ {
				for z := 9; z <= 10; z++ {
					v.Voxels[x+20*(y+20*z)] = rare
				}
			}
		}
		img, _ := scanned(t, v, 400, false)
		p := box(img, 0, img.Bounds().Dx()/3, extremes)
		corner := color.NRGBAModel.Convert(img.At(p.Min.X+2, p.Min.Y+2)).(color.NRGBA).R
		if got := at(img, p); corner != 0 || got != uint8(255*rare) {
			t.Errorf("%d in the middle of zeros is shown as %d, zeros as %d", rare, got, corner)
		}
	}
}

func TestSlicesOfOddGrids(t *testing.T) {
	identity := volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}
	for _, dims := range [][3]int{{1, 1, 1}, {4096, 1, 1}, {1, 4096, 2}, {2, 2, 4096}} {
		v := &volume.Volume{Dims: dims, Affine: identity, Voxels: make([]int16, dims[0]*dims[1]*dims[2])}
		scanned(t, v, 1000, false)
	}
	var none, short picture.Slices
	short.Begin([3]int{2, 2, 2}, identity)
	short.Add(make([]int16, 7))
	for _, s := range []*picture.Slices{&none, &short} {
		if err := s.Write(&bytes.Buffer{}, true); err == nil {
			t.Error("a volume that is not whole is drawn")
		}
	}
}
