package picture

import (
	"fmt"
	"image"
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/volume"
)

// Layout of the check picture in pixels.
const (
	checkWidth     = 1500
	checkMaxHeight = 900
	checkMinHeight = 200
)

// outline is how far, in pixels, a label's outline reaches inside it.
const outline = 2

// Opacity of a label's area, over a scan and without one.
const (
	tint      = 0.16
	tintAlone = 0.55
)

// Check draws three orthogonal slices through the centroid of all labels, with
// the labels' outlines: axial and coronal with the patient's right at the left,
// sagittal with anterior at the left. The scan is v, on the labels' grid, or nil for
// none. CT is shown in a window for soft tissue, anything else from its 1st to its
// 99th percentile.
func Check(m *volume.LabelMap, v *volume.Volume, w io.Writer) error {
	if v != nil && v.Dims != m.Dims {
		return fmt.Errorf("labels have %v voxels, the volume %v: want one grid", m.Dims, v.Dims)
	}
	g := newGrid(m, v)
	canvas, panels := arrange(g.size, margin)
	gray := g.window()
	for n, p := range plates {
		g.draw(canvas, panels[n], p, gray)
	}
	return encode(w, canvas)
}

// plates are the three slices of a picture, from left to right.
var plates = [3]plate{
	{name: "AXIAL", across: 0, down: 1, through: 2},
	{name: "CORONAL", across: 0, down: 2, through: 1},
	{name: "SAGITTAL", across: 1, down: 2, through: 0},
}

// arrange makes a canvas with the names of the plates and says where each plate lies on
// it, all at one scale, at least space pixels apart. size is that of the grid in mm.
func arrange(size [3]float64, space int) (canvas *image.NRGBA, panels [3]image.Rectangle) {
	wide, tall := 0.0, 0.0
	for _, p := range plates {
		wide += size[p.across]
		tall = max(tall, size[p.down])
	}
	room := float64(checkWidth - 4*space)
	scale := min(room/wide, (checkMaxHeight-2*margin-captionSpace)/tall) // pixels per mm
	height := max(int(tall*scale)+2*margin+captionSpace, checkMinHeight)
	canvas = newCanvas(checkWidth, height)
	gap := (checkWidth - wide*scale) / 4
	left := gap
	for n, p := range plates {
		across, down := size[p.across]*scale, size[p.down]*scale
		panels[n] = image.Rect(int(left), 0, max(int(left+across), int(left)+1), max(int(down), 1)).Add(image.Pt(0, margin+int((tall*scale-down)/2)))
		left += across + gap
		caption(canvas, p.name, (panels[n].Min.X+panels[n].Max.X)/2, height-margin/2-capHeight)
	}
	return canvas, panels
}

// plate is a slice. It says which RAS axes run across and down the picture, and which
// runs through it. The picture's left and top are right, anterior and superior, so
// that the first two run against their axes.
type plate struct {
	name                  string
	across, down, through int
}

// grid holds labels and volume, indexed along the axes that are nearest to RAS.
type grid struct {
	labels *volume.LabelMap
	voxels []int16 // nil without a scan
	dims   [3]int
	size   [3]float64 // mm
	start  int
	step   [3]int
	at     [3]int  // voxel of the centroid
	colors []light // by label
}

func newGrid(m *volume.LabelMap, v *volume.Volume) *grid {
	o := volume.Canonical(m.Affine)
	dims, affine := o.Apply(m.Dims, m.Affine)
	g := &grid{labels: m, dims: dims, colors: colorsOf(m)}
	spacing := affine.Spacing()
	for k := range 3 {
		g.size[k] = float64(dims[k]) * spacing[k]
	}
	g.start, g.step = o.Strides(m.Dims)
	if v != nil {
		g.voxels = v.Voxels
	}
	g.at = g.centroid()
	return g
}

// colorsOf is the colour of every label that the map can hold.
func colorsOf(m *volume.LabelMap) []light {
	n := 1 << 8
	if m.U16 != nil {
		n = 1 << 16
	}
	colors := make([]light, n)
	for id := range colors {
		colors[id] = linear(scene.Color(volume.Label{ID: id}))
	}
	for _, l := range m.Table.Labels {
		if l.ID > 0 && l.ID < n {
			colors[l.ID] = linear(scene.Color(l))
		}
	}
	return colors
}

func (g *grid) index(p [3]int) int {
	return g.start + p[0]*g.step[0] + p[1]*g.step[1] + p[2]*g.step[2]
}

// centroid is the voxel nearest to the mean of all labelled ones, the middle of
// the grid when there are none.
func (g *grid) centroid() [3]int {
	var sum [3]int64
	count := int64(0)
	for z := range g.dims[2] {
		for y := range g.dims[1] {
			n, sumX := int64(0), int64(0)
			for x, at := 0, g.index([3]int{0, y, z}); x < g.dims[0]; x, at = x+1, at+g.step[0] {
				if g.labels.At(at) != 0 {
					n, sumX = n+1, sumX+int64(x)
				}
			}
			sum[0], sum[1], sum[2], count = sum[0]+sumX, sum[1]+n*int64(y), sum[2]+n*int64(z), count+n
		}
	}
	var at [3]int
	for k := range at {
		at[k] = g.dims[k] / 2
		if count > 0 {
			at[k] = int((sum[k] + count/2) / count)
		}
	}
	return at
}

// The window of soft tissue in HU: level 40, width 400.
const (
	windowLow  = -160
	windowHigh = 240
)

// window maps a voxel's value to its light. For anything but CT the range follows from
// the voxels of the three slices.
func (g *grid) window() func(float64) light {
	low, high := windowLow, windowHigh
	if g.voxels != nil {
		var seen volume.Intensities
		var values []int16
		for _, p := range plates {
			at := g.at
			for i := range g.dims[p.across] {
				for j := range g.dims[p.down] {
					at[p.across], at[p.down] = i, j
					values = append(values, g.voxels[g.index(at)])
				}
			}
		}
		if seen.Add(values); !seen.Hounsfield() {
			low, high = percentiles(values)
		}
	}
	return grays(low, high)
}

// percentiles are the 1st and the 99th of some values, at least one.
func percentiles(parts ...[]int16) (low, high int) {
	var counts [1 << 16]int // by value, from the lowest that there may be
	total := 0
	for _, values := range parts {
		for _, x := range values {
			counts[int(x)-math.MinInt16]++
		}
		total += len(values)
	}
	below := func(rank int) int { // the value of a rank, counted from 0
		for n, count := range counts {
			if rank -= count; rank < 0 {
				return n + math.MinInt16
			}
		}
		return math.MaxInt16
	}
	return below(total / 100), below(total - 1 - total/100)
}

// grays shows a range of values as black to white, evenly in sRGB.
func grays(from, to int) func(float64) light {
	brightness := brightness(from, to)
	var grays [256]light
	for code := range grays {
		grays[code] = linear(scene.RGB{uint8(code), uint8(code), uint8(code)})
	}
	return func(value float64) light { return grays[brightness(value)] }
}

// brightness shows a range of values as the 256 codes of sRGB.
func brightness(from, to int) func(float64) uint8 {
	low, width := float64(from), float64(max(to-from, 1))
	return func(value float64) uint8 { return uint8(255*min(max((value-low)/width, 0), 1) + 0.5) }
}

func (g *grid) draw(canvas *image.NRGBA, panel image.Rectangle, p plate, gray func(float64) light) {
	width, height := panel.Dx(), panel.Dy()
	ids := make([]int, width*height)
	for y := range height {
		for x := range width {
			ids[y*width+x] = g.labels.At(g.index(g.voxel(p, g.along(p.across, x, width), g.along(p.down, y, height))))
		}
	}
	opacity := float32(tint)
	if g.voxels == nil {
		opacity = tintAlone
	}
	for y := range height {
		for x := range width {
			l := light{}
			if g.voxels != nil {
				l = gray(g.interpolate(p, g.along(p.across, x, width), g.along(p.down, y, height)))
			}
			if id := ids[y*width+x]; id != 0 {
				if onOutline(ids, width, height, x, y) {
					l = g.colors[id]
				} else {
					l = g.colors[id].over(l, opacity)
				}
			}
			canvas.SetNRGBA(panel.Min.X+x, panel.Min.Y+y, l.encode())
		}
	}
}

func (g *grid) along(axis, pixel, pixels int) float64 { return along(g.dims[axis], pixel, pixels) }

// along is the continuous index, among count voxels, of a pixel's centre. Pixels run
// against the axis.
func along(count, pixel, pixels int) float64 {
	n := float64(count)
	return n - 0.5 - (float64(pixel)+0.5)*n/float64(pixels)
}

// voxel is the nearest voxel to a point of a plate.
func (g *grid) voxel(p plate, across, down float64) [3]int {
	at := g.at
	at[p.across] = min(max(int(math.Round(across)), 0), g.dims[p.across]-1)
	at[p.down] = min(max(int(math.Round(down)), 0), g.dims[p.down]-1)
	return at
}

// interpolate is the volume at a point of a plate, bilinear within the plate.
func (g *grid) interpolate(p plate, across, down float64) float64 {
	return bilinear(across, down, func(i, j float64) float64 { return float64(g.voxels[g.index(g.voxel(p, i, j))]) })
}

// bilinear is a value between the four whole points around it.
func bilinear(across, down float64, value func(i, j float64) float64) float64 {
	i, j := math.Floor(across), math.Floor(down)
	u, v := across-i, down-j
	return (1-v)*((1-u)*value(i, j)+u*value(i+1, j)) + v*((1-u)*value(i, j+1)+u*value(i+1, j+1))
}

// onOutline says whether another label, or the picture's edge, is near.
func onOutline(ids []int, width, height, x, y int) bool {
	id := ids[y*width+x]
	for d := 1; d <= outline; d++ {
		for _, n := range [4][2]int{{x - d, y}, {x + d, y}, {x, y - d}, {x, y + d}} {
			if n[0] < 0 || n[0] >= width || n[1] < 0 || n[1] >= height || ids[n[1]*width+n[0]] != id {
				return true
			}
		}
	}
	return false
}
