// Package regrid brings a tilted or unevenly spaced stack of planes onto one
// orthogonal grid: planes go in one by one in order of depth, planes of the
// output come out in order. Sampling is linear, by world position: a voxel's
// value is that of the point at which it lies. What no plane covers is filled.
// Two planes are held at a time.
package regrid

import (
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/series"
)

// maxGrowth bounds how many planes come out for one that goes in: the small gaps
// of a stack may be far below the others.
const maxGrowth = 8

// epsilon is the share of a step that counts as rounding.
const epsilon = 1e-6

// Grid is the output grid and how it lies to the stack.
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
