package picture

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
)

// letters is the space, in pixels, that is left beside a slice for its orientation
// letters and those of its neighbour.
const letters = 60

// beside is how far, in pixels, a letter stands from its slice.
const beside = 6

// ends are the letters of where an axis comes from and where it leads to.
var ends = [3][2]string{{"L", "R"}, {"P", "A"}, {"I", "S"}}

// Slices keeps the three middle slices of a volume that passes by, and nothing else of it.
// Its axes must be those nearest to RAS (volume.Canonical), as a prepared volume's are. A
// slice has as many voxels as a plane of the volume, and grows as they come, so that a
// header alone costs no memory. It is a nifti.Watcher.
type Slices struct {
	dims    [3]int
	spacing [3]float64 // mm
	seen    int        // voxels so far
	through [3][]int16 // by the axis that runs through the slice; the lower one of the others fastest
}

// Begin forgets what was seen, and takes the grid of the voxels that come.
func (s *Slices) Begin(dims [3]int, a volume.Affine) {
	*s = Slices{dims: dims, spacing: a.Spacing()}
}

// Add takes the next voxels, x fastest.
func (s *Slices) Add(voxels []int16) {
	nx, ny := s.dims[0], s.dims[1]
	for len(voxels) > 0 {
		x, y, z := s.seen%nx, s.seen/nx%ny, s.seen/nx/ny
		row := voxels[:min(nx-x, len(voxels))]
		if at := nx/2 - x; at >= 0 && at < len(row) {
			s.through[0] = append(s.through[0], row[at])
		}
		if y == ny/2 {
			s.through[1] = append(s.through[1], row...)
		}
		if z == s.dims[2]/2 {
			s.through[2] = append(s.through[2], row...)
		}
		voxels = voxels[len(row):]
		s.seen += len(row)
	}
}

// Write draws the slices as Check does, at one scale in millimetres: axial and coronal with
// the patient's right at the left, sagittal with anterior at the left. Letters at the edges
// say so. Values are shown in a window for soft tissue where they are Hounsfield units,
// and else from the 1st to the 99th percentile of the slices. It refuses a volume of which
// voxels are missing; other errors are the writer's.
func (s *Slices) Write(w io.Writer, hounsfield bool) error {
	if n := s.dims[0] * s.dims[1] * s.dims[2]; s.seen != n || n == 0 {
		return fmt.Errorf("draw the slices of a volume of %v voxels: %d have been seen", s.dims, s.seen)
	}
	var size [3]float64
	for k := range size {
		size[k] = float64(s.dims[k]) * s.spacing[k]
	}
	low, high := windowLow, windowHigh
	if !hounsfield {
		low, high = percentiles(s.through[:]...)
	}
	bright := brightness(low, high)
	canvas, panels := arrange(size, letters)
	for n, p := range plates {
		s.draw(canvas, panels[n], p, bright)
		orient(canvas, panels[n], p)
	}
	return png.Encode(w, gray(canvas))
}

// gray leaves out the colours, which a scan has none of: with the hue of the background
// the file would be half as long again, and take three times as long.
func gray(canvas *image.NRGBA) *image.Gray {
	out := image.NewGray(canvas.Rect)
	for n := range out.Pix {
		out.Pix[n] = canvas.Pix[4*n+1]
	}
	return out
}

func (s *Slices) draw(canvas *image.NRGBA, panel image.Rectangle, p plate, bright func(float64) uint8) {
	values, wide, tall := s.through[p.through], s.dims[p.across], s.dims[p.down]
	value := func(i, j float64) float64 {
		return float64(values[min(max(int(i), 0), wide-1)+wide*min(max(int(j), 0), tall-1)])
	}
	for y := range panel.Dy() {
		down := along(tall, y, panel.Dy())
		for x := range panel.Dx() {
			code := bright(bilinear(along(wide, x, panel.Dx()), down, value))
			canvas.SetNRGBA(panel.Min.X+x, panel.Min.Y+y, color.NRGBA{R: code, G: code, B: code, A: 255})
		}
	}
}

// orient writes where the four edges of a slice are, beside it.
func orient(canvas *image.NRGBA, panel image.Rectangle, p plate) {
	middle := panel.Min.Add(panel.Max).Div(2)
	top, left := middle.Y-capHeight/2, letter/2+beside
	caption(canvas, ends[p.across][1], panel.Min.X-left, top)
	caption(canvas, ends[p.across][0], panel.Max.X+left, top)
	caption(canvas, ends[p.down][1], middle.X, panel.Min.Y-beside-capHeight)
	caption(canvas, ends[p.down][0], middle.X, panel.Max.Y+beside)
}
