// Package picture draws pictures by which a person judges a scan and what was made of it.
// Slices shows three slices of the scan, Preview the surfaces from three sides, and Check
// the outlines of the labels over slices of the scan. In: a volume that passes by,
// surfaces in world RAS millimetres, or label map and volume on one grid. Out: PNG, the
// same bytes for the same input.
// Errors are those of the writer; Check also refuses grids that differ.
package picture

import (
	"image"
	"io"
	"slices"
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
	// Two views are as wide as the patient (x), and one is as wide as the patient is
	// deep (y).
	var size [3]float32
	for k := range size {
		size[k] = max(high[k]-low[k], 1)
	}
	scale := (previewWidth - 4*margin) / (2*size[0] + size[1])
	height := int(min(max(size[2]*scale+2*margin+captionSpace, previewMinHeight), previewMaxHeight))
	tall := float32(height - 2*margin - captionSpace)
	scale = min(scale, tall/size[2])
	gap := (previewWidth - scale*(2*size[0]+size[1])) / 4

	canvas := newCanvas(previewWidth, height)
	s := newSubject(surfaces, low, high)
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
		drawing.Go(func() { s.draw(canvas, panel, v, scale) }) // panels do not overlap
		caption(canvas, v.name, (panel.Min.X+panel.Max.X)/2, height-margin/2-capHeight)
	}
	drawing.Wait()
	return encode(w, canvas)
}

// subject is what every view draws.
type subject struct {
	surfaces  []surface.Surface
	normals   [][][3]float32
	shells    []bool  // surfaces drawn as pale shells
	colors    []light // by owner of a sample
	low, high [3]float32
}

func newSubject(surfaces []surface.Surface, low, high [3]float32) *subject {
	s := &subject{surfaces: surfaces, colors: []light{background}, low: low, high: high}
	for i := range surfaces {
		s.normals = append(s.normals, surface.Normals(&surfaces[i].Mesh))
		s.colors = append(s.colors, linear(scene.Color(surfaces[i].Label)))
	}
	s.shells = s.envelopes()
	return s
}

// draw draws one view into its panel.
func (s *subject) draw(canvas *image.NRGBA, panel image.Rectangle, v *view, scale float32) {
	// envelopes never marks every surface, so there always is a solid one.
	solid, shell := s.film(panel, v, scale, false), s.film(panel, v, scale, true)
	for y := range panel.Dy() {
		for x := range panel.Dx() {
			var sum light
			for n := range oversample * oversample {
				at := (y*oversample+n/oversample)*panel.Dx()*oversample + x*oversample + n%oversample
				one := s.develop(&solid.samples[at])
				if shell != nil {
					one = s.veil(&shell.samples[at], &solid.samples[at], one)
				}
				for k := range sum {
					sum[k] += one[k]
				}
			}
			canvas.SetNRGBA(panel.Min.X+x, panel.Min.Y+y, sum.scaled(1.0/(oversample*oversample)).encode())
		}
	}
}

// film draws either the shells or the other surfaces. It is nil when there are none.
func (s *subject) film(panel image.Rectangle, v *view, scale float32, shells bool) *film {
	if !slices.Contains(s.shells, shells) {
		return nil
	}
	origin := [2]float32{lowest(v.right, s.low, s.high), lowest(v.down, s.low, s.high)}
	f := newFilm(panel.Dx()*oversample, panel.Dy()*oversample, origin, scale*oversample)
	for i := range s.surfaces {
		if s.shells[i] == shells {
			f.draw(v, &s.surfaces[i].Mesh, s.normals[i], int32(i+1))
		}
	}
	return f
}

// Opacity of a shell seen face on, and what its edges add.
const (
	shellFace = 0.06
	shellEdge = 0.55
)

// develop is the light of a sample of the solid surfaces.
func (s *subject) develop(solid *sample) light {
	if solid.owner == 0 {
		return background
	}
	return s.colors[solid.owner].scaled(solid.shade)
}

// veil draws a shell over the light behind it. The shell is the more opaque the more
// its surface turns away from the viewer.
func (s *subject) veil(shell, solid *sample, behind light) light {
	if shell.owner == 0 || solid.owner != 0 && solid.depth > shell.depth {
		return behind
	}
	edge := 1 - min(max(shell.facing, 0), 1)
	return s.colors[shell.owner].scaled(0.4+0.6*shell.shade).over(behind, shellFace+shellEdge*edge*edge*edge)
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

// wraps is the share above which a structure counts as wrapping the others, both of
// the whole extent along every axis and of the whole silhouette from the front. Skin,
// fat and the rest of the body have both; a skeleton has the extent but not the
// silhouette; organs have neither.
const wraps = 0.85

// silhouetteWidth is the width in samples of the silhouettes that are compared.
const silhouetteWidth = 128

// envelopes marks the surfaces that would hide the others. It marks none when all of
// them would.
func (s *subject) envelopes() []bool {
	out := make([]bool, len(s.surfaces))
	all := s.silhouette(0, len(s.surfaces))
	solid := false
	for i := range s.surfaces {
		l, h, any := extent(s.surfaces[i : i+1])
		out[i] = any
		for k := range 3 {
			out[i] = out[i] && h[k]-l[k] >= wraps*(s.high[k]-s.low[k])
		}
		out[i] = out[i] && float64(s.silhouette(i, i+1)) >= wraps*float64(all)
		solid = solid || any && !out[i]
	}
	if !solid {
		clear(out)
	}
	return out
}

// silhouette counts the samples that some surfaces cover, seen from the front.
func (s *subject) silhouette(from, to int) int {
	v := &views[0]
	scale := silhouetteWidth / max(s.high[0]-s.low[0], s.high[2]-s.low[2], 1)
	width, height := int((s.high[0]-s.low[0])*scale)+1, int((s.high[2]-s.low[2])*scale)+1
	f := newFilm(width, height, [2]float32{lowest(v.right, s.low, s.high), lowest(v.down, s.low, s.high)}, scale)
	for i := from; i < to; i++ {
		f.draw(v, &s.surfaces[i].Mesh, s.normals[i], int32(i+1))
	}
	covered := 0
	for i := range f.samples {
		if f.samples[i].owner != 0 {
			covered++
		}
	}
	return covered
}
