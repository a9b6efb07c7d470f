// Package regrid resamples a tilted or unevenly spaced stack of planes to one
// orthogonal grid. In: planes in order of depth, one by one. Out: planes of the grid
// in order. Positions are world RAS millimetres. Sampling is linear: a voxel gets the
// value of the point at which it lies, and a fill value where no plane lies. Two
// planes are held at a time. Errors are those of the function that takes the planes.
package regrid

import (
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
)

// maxGrowth bounds how many planes come out for one that goes in. Without it a few
// small gaps in a stack of large ones would make a very fine grid.
const maxGrowth = 8

// epsilon is the share of a step that counts as rounding.
const epsilon = 1e-6

// Grid is the output grid and its position in the stack.
type Grid struct {
	Dims   [3]int
	Affine volume.Affine // voxel centre → world RAS mm

	in    *series.Stack
	depth []float64  // of the output planes
	low   [2]float64 // least shift of the stack: where the output's first pixel is
}

// Of is the smallest orthogonal grid around the stack, with its pixel spacing.
// Planes are as far apart as the smallest gap that is no exception, but no more
// than maxGrowth times as many.
func Of(s *series.Stack) (*Grid, error) {
	g := &Grid{in: s, depth: s.Depth, low: s.Shift[0]}
	high := s.Shift[0]
	for _, shift := range s.Shift {
		for a := range 2 {
			g.low[a], high[a] = math.Min(g.low[a], shift[a]), math.Max(high[a], shift[a])
		}
	}
	gap := s.Spacing[2]
	if !s.Even {
		gap = g.resample()
	}
	g.Affine = s.Affine
	for a := range 2 {
		// The axes keep their direction; only the first pixel moves.
		g.Dims[a] = s.Dims[a] + int(math.Ceil((high[a]-g.low[a])/s.Spacing[a]-epsilon))
		for r := range 3 {
			g.Affine[r][3] += s.Affine[r][a] / s.Spacing[a] * g.low[a]
		}
	}
	for r := range 3 {
		g.Affine[r][2] *= gap / s.Spacing[2]
	}
	g.Dims[2] = len(g.depth)
	return g, volume.CheckDims(g.Dims)
}

// resample lays out even depths and returns their gap.
func (g *Grid) resample() float64 {
	in := g.in.Depth
	extent := in[len(in)-1]
	gaps := make([]float64, 0, len(in))
	for k := 1; k < len(in); k++ {
		gaps = append(gaps, in[k]-in[k-1])
	}
	slices.Sort(gaps)
	// One short gap in ten, where two stretches meet, adds no detail to the rest.
	gap := math.Max(extent/float64(maxGrowth*len(in)), gaps[len(gaps)/10])
	n := int(math.Floor(extent/gap+epsilon)) + 1
	g.depth = make([]float64, n)
	for m := range g.depth {
		g.depth[m] = float64(m) * gap
	}
	return gap
}
