package picture

import (
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/volume"
)

// letters is the space, in pixels, that is left beside a slice for its orientation
// letter and that of its neighbour. Words of several letters have more.
const letters = 60

// beside is how far, in pixels, a letter stands from its slice.
const beside = 6

// Slices keeps a slice through the middle of a volume that passes by, in three directions,
// and two more of each, at a quarter and three quarters, for a scan whose middle is air, as
// between two legs. Its axes must be those nearest to RAS (volume.Canonical), as a prepared
// volume's are. A slice has as many voxels as a plane of the volume, and grows as they
// come, so that a header alone costs no memory. It is a nifti.Watcher.
type Slices struct {
	dims    [3]int
	spacing [3]float64 // mm
	ends    [3][2]string
	at      [3][candidates]int
	seen    int                    // voxels so far
	through [3][candidates][]int16 // by the axis that runs through the slice; the lower one of the others fastest
}

// candidates is how many slices of each direction are kept, the middle one first.
const candidates = 3

// Begin forgets what was seen, and takes the grid of the voxels that come.
func (s *Slices) Begin(dims [3]int, a volume.Affine) {
	*s = Slices{dims: dims, spacing: a.Spacing(), ends: endsOf(a)}
	for axis, n := range dims {
		s.at[axis] = [candidates]int{n / 2, n / 4, n * 3 / 4}
	}
}

// endsOf are the letters of where each axis of a grid comes from and where it leads to. An
// axis that leads as much to one side as to another has the letters of both, the greater
// share first: like a compass, by eighths of a turn.
func endsOf(a volume.Affine) (ends [3][2]string) {
	const least = 0.41421356237309503 // the tangent of half an eighth: 22.5°
	sides := [3][2]string{{"L", "R"}, {"P", "A"}, {"I", "S"}}
	for axis := range ends {
		along := [3]float64{a[0][axis], a[1][axis], a[2][axis]}
		order := []int{0, 1, 2}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(math.Abs(along[j]), math.Abs(along[i])) })
		for _, side := range order {
			if math.Abs(along[side]) < least*math.Abs(along[order[0]]) {
				continue
			}
			to := 1
			if along[side] < 0 {
				to = 0
			}
			ends[axis][0] += sides[side][1-to]
			ends[axis][1] += sides[side][to]
		}
	}
	return ends
}

// Add takes the next voxels, x fastest.
func (s *Slices) Add(voxels []int16) {
	nx, ny := s.dims[0], s.dims[1]
	for len(voxels) > 0 {
		x, y, z := s.seen%nx, s.seen/nx%ny, s.seen/nx/ny
		row := voxels[:min(nx-x, len(voxels))]
		for n := range candidates {
			if at := s.at[0][n] - x; at >= 0 && at < len(row) {
				s.through[0][n] = append(s.through[0][n], row[at])
			}
			if y == s.at[1][n] {
				s.through[1][n] = append(s.through[1][n], row...)
			}
			if z == s.at[2][n] {
				s.through[2][n] = append(s.through[2][n], row...)
			}
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
	shown, low, high := s.choose(hounsfield)
	bright := brightness(low, high)
	longest := 1
	for _, e := range s.ends {
		longest = max(longest, len(e[0]))
	}
	canvas, panels := arrange(size, letters+2*letter*(longest-1))
	for n, p := range plates {
		s.draw(canvas, panels[n], p, shown[p.through], bright)
		s.orient(canvas, panels[n], p)
	}
	return png.Encode(w, gray(canvas))
}

// choose gives the slice of each direction that is shown, and the window of all. It is the
// middle one, unless another shows more than twice as much.
func (s *Slices) choose(hounsfield bool) (shown [3][]int16, low, high int) {
	low, high = windowLow, windowHigh
	floor := windowLow // what is above is something
	if !hounsfield {
		low, high = percentiles(s.middle()...)
		floor = low + (high-low)/8
	}
	for axis, kept := range s.through {
		shown[axis] = kept[0]
		most := 2 * above(kept[0], floor)
		for _, other := range kept[1:] {
			if n := above(other, floor); n > most {
				shown[axis], most = other, n
			}
		}
	}
	if !hounsfield {
		low, high = percentiles(shown[:]...)
	}
	return shown, low, high
}

func (s *Slices) middle() [][]int16 {
	return [][]int16{s.through[0][0], s.through[1][0], s.through[2][0]}
}

// above counts the values above a floor.
func above(values []int16, floor int) (n int) {
	for _, x := range values {
		if int(x) > floor {
			n++
		}
	}
	return n
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

func (s *Slices) draw(canvas *image.NRGBA, panel image.Rectangle, p plate, values []int16, bright func(float64) uint8) {
	wide, tall := s.dims[p.across], s.dims[p.down]
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
func (s *Slices) orient(canvas *image.NRGBA, panel image.Rectangle, p plate) {
	middle := panel.Min.Add(panel.Max).Div(2)
	across, down := s.ends[p.across], s.ends[p.down]
	top, left := middle.Y-capHeight/2, len(across[0])*letter/2+beside
	caption(canvas, across[1], panel.Min.X-left, top)
	caption(canvas, across[0], panel.Max.X+left, top)
	caption(canvas, down[1], middle.X, panel.Min.Y-beside-capHeight)
	caption(canvas, down[0], middle.X, panel.Max.Y+beside)
}
