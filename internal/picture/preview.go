// Package picture draws the two pictures that let a person judge a result at a
// glance: Preview, the surfaces from three sides, and Check, outlines of the
// labels over slices of the scan. In: surfaces in world RAS millimetres, or
// label map and volume on one grid. Out: PNG, the same bytes for the same input.
// Errors are those of the writer; Check also refuses grids that differ.
package picture

import (
	"image"
	"io"
	"sync"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
)

// Layout of the preview in pixels.
const (
	previewWidth     = 1500
	previewMinHeight = 300
	previewMaxHeight = 1100
	margin           = 30
	captionSpace     = capHeight + 20
	// oversample is how many samples a pixel has along each axis.
	oversample = 3
)

// Preview draws the surfaces from the front, the left and the back, at one
// scale. A structure that wraps nearly all the others is drawn as a pale shell.
func Preview(surfaces []surface.Surface, w io.Writer) error {
	low, high, any := extent(surfaces)
	if !any {
		return encode(w, newCanvas(previewWidth, previewMinHeight))
	}
	// Two views are as wide as the patient (x), one as deep (y).
	var size [3]float32
	for k := range size {
		size[k] = max(high[k]-low[k], 1)
	}
	free := float32(previewWidth - 4*margin)
	scale := free / (2*size[0] + size[1])
	height := int(min(max(size[2]*scale+2*margin+captionSpace, previewMinHeight), previewMaxHeight))
	tall := float32(height - 2*margin - captionSpace)
	scale = min(scale, tall/size[2])

	canvas := newCanvas(previewWidth, height)
	ghosts := envelopes(surfaces, low, high)
	normals := make([][][3]float32, len(surfaces))
	for i := range surfaces {
		normals[i] = surface.Normals(&surfaces[i].Mesh)
	}
	gap := (float32(previewWidth) - scale*(2*size[0]+size[1])) / 4
	var drawing sync.WaitGroup
	left := gap
	for i := range views {
		v := &views[i]
		wide := size[0]
		if v.right[0] == 0 {
			wide = size[1]
		}
		panel := image.Rect(int(left), margin, int(left+wide*scale)+1, margin+int(size[2]*scale)+1)
		panel = panel.Add(image.Pt(0, (int(tall)-panel.Dy())/2)).Intersect(canvas.Rect)
		left += wide*scale + gap
		drawing.Go(func() { // panels do not overlap: each its own pixels
			drawPanel(canvas, panel, v, surfaces, normals, ghosts, [2]float32{lowest(v.right, low, high), lowest(v.down, low, high)}, scale)
		})
		caption(canvas, v.name, (panel.Min.X+panel.Max.X)/2, height-margin/2-capHeight)
	}
	drawing.Wait()
	return encode(w, canvas)
}

// lowest is the smallest coordinate of the box along an axis direction.
func lowest(along, low, high [3]float32) float32 {
	return min(dot3(along, low), dot3(along, high))
}

func extent(surfaces []surface.Surface) (low, high [3]float32, any bool) {
	for i := range surfaces {
		for _, p := range surfaces[i].Mesh.Vertices {
			if !any {
				low, high, any = p, p, true
			}
			for k, x := range p {
				low[k], high[k] = min(low[k], x), max(high[k], x)
			}
		}
	}
	return low, high, any
}

// wraps is the share of the whole extent, along every axis, from which a
// structure counts as wrapping the others: skin, fat, the body's rest. Bones and
// organs stay below it along at least one axis.
const wraps = 0.85

// envelopes marks the surfaces that would hide the others; none when all would.
func envelopes(surfaces []surface.Surface, low, high [3]float32) []bool {
	out := make([]bool, len(surfaces))
	solid := false
	for i := range surfaces {
		l, h, any := extent(surfaces[i : i+1])
		out[i] = any
		for k := range 3 {
			out[i] = out[i] && h[k]-l[k] >= wraps*(high[k]-low[k])
		}
		solid = solid || any && !out[i]
	}
	if !solid {
		clear(out)
	}
	return out
}

func drawPanel(canvas *image.NRGBA, panel image.Rectangle, v *view, surfaces []surface.Surface, normals [][][3]float32, ghosts []bool, origin [2]float32, scale float32) {
	solid := newFilm(panel.Dx()*oversample, panel.Dy()*oversample, origin, scale*oversample)
	ghost := newFilm(solid.width, solid.height, origin, solid.scale)
	colors := make([]light, len(surfaces)+1)
	for i := range surfaces {
		colors[i+1] = linear(scene.Color(surfaces[i].Label))
		layer := solid
		if ghosts[i] {
			layer = ghost
		}
		layer.draw(v, &surfaces[i].Mesh, normals[i], int32(i+1))
	}
	for y := range panel.Dy() {
		for x := range panel.Dx() {
			var sum light
			for n := range oversample * oversample {
				at := (y*oversample+n/oversample)*solid.width + x*oversample + n%oversample
				one := develop(&solid.samples[at], &ghost.samples[at], colors)
				for k := range sum {
					sum[k] += one[k]
				}
			}
			canvas.SetNRGBA(panel.Min.X+x, panel.Min.Y+y, sum.scaled(1.0/(oversample*oversample)).encode())
		}
	}
}

// Opacity of a shell seen face on, and what its edges add.
const (
	shellFace = 0.06
	shellEdge = 0.55
)

// develop is the colour of one sample: the solid surface, and over it a shell
// that is the denser the more it turns away.
func develop(solid, ghost *sample, colors []light) light {
	l := background
	if solid.owner != 0 {
		l = colors[solid.owner].scaled(solid.shade)
	}
	if ghost.owner != 0 && (solid.owner == 0 || ghost.depth >= solid.depth) {
		edge := 1 - min(max(ghost.facing, -ghost.facing), 1)
		l = colors[ghost.owner].scaled(0.4+0.6*ghost.shade).over(l, shellFace+shellEdge*edge*edge*edge)
	}
	return l
}
