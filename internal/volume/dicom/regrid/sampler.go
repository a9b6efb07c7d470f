package regrid

import "math"

// Sampler makes output planes from input planes.
type Sampler struct {
	grid *Grid
	fill int16
	emit func([]int16) error

	next      int // output plane
	k         int // input plane that cur is; -1 before the first
	prev, cur []int16
	out       []int16
	row       [2][]float64
}

// NewSampler calls emit with each output plane, which is valid within the call.
func (g *Grid) NewSampler(fill int16, emit func([]int16) error) *Sampler {
	in, s := g.in.Dims[0]*g.in.Dims[1], &Sampler{grid: g, fill: fill, emit: emit, k: -1}
	s.prev, s.cur, s.out = make([]int16, in), make([]int16, in), make([]int16, g.Dims[0]*g.Dims[1])
	s.row = [2][]float64{make([]float64, g.Dims[0]), make([]float64, g.Dims[0])}
	return s
}

// Push takes the next input plane and emits the output planes that lie up to it.
func (s *Sampler) Push(plane []int16) error {
	s.prev, s.cur = s.cur, s.prev
	copy(s.cur, plane)
	s.k++
	depth := s.grid.in.Depth[s.k]
	last := s.k == len(s.grid.in.Depth)-1
	for ; s.next < len(s.grid.depth); s.next++ {
		z := s.grid.depth[s.next]
		if z > depth+epsilon && !last {
			return nil
		}
		weight := 1.0 // of cur
		if s.k > 0 {
			below := s.grid.in.Depth[s.k-1]
			weight = math.Min(1, (z-below)/(depth-below))
		}
		s.sample(weight)
		if err := s.emit(s.out); err != nil {
			return err
		}
	}
	return nil
}

// sample fills out with the mix of cur and prev.
func (s *Sampler) sample(weight float64) {
	nx, ny := s.grid.Dims[0], s.grid.Dims[1]
	for j := range ny {
		s.line(s.row[0], s.cur, s.k, j)
		mixed := s.row[0]
		if weight < 1-epsilon {
			s.line(s.row[1], s.prev, s.k-1, j)
			for i := range mixed {
				mixed[i] = float64(weight*mixed[i]) + float64((1-weight)*s.row[1][i])
			}
		}
		out := s.out[j*nx : (j+1)*nx]
		for i, v := range mixed {
			if math.IsNaN(v) {
				out[i] = s.fill
			} else {
				out[i] = int16(math.RoundToEven(v)) // a mean of int16 is within int16
			}
		}
	}
}

// line samples row j of the output in input plane k; NaN where the plane is not.
func (s *Sampler) line(dst []float64, plane []int16, k, j int) {
	in := s.grid.in
	x0, fx := split((s.grid.low[0] - in.Shift[k][0]) / in.Spacing[0])
	y0, fy := split((s.grid.low[1]-in.Shift[k][1])/in.Spacing[1] + float64(j))
	nx, ny := in.Dims[0], in.Dims[1]
	first, end := max(0, -x0), min(len(dst), nx-x0) // where x0+i lies in the plane
	if fx > 0 {
		end = min(end, nx-1-x0)
	}
	if y0 < 0 || y0 > ny-1 || fy > 0 && y0 > ny-2 {
		end = first
	}
	for i := range dst {
		if i < first || i >= end {
			dst[i] = math.NaN()
			continue
		}
		at := y0*nx + x0 + i
		v := between(plane, at, fx)
		if fy > 0 {
			v += float64(fy * (between(plane, at+nx, fx) - v))
		}
		dst[i] = v
	}
}

// between is the value a share f of the way from plane[at] to its right neighbour.
func between(plane []int16, at int, f float64) float64 {
	v := float64(plane[at])
	if f > 0 {
		v += float64(f * (float64(plane[at+1]) - v))
	}
	return v
}

// split is x as a whole number and a fraction of [0,1), rounding noise removed.
func split(x float64) (int, float64) {
	whole := math.Floor(x + epsilon)
	f := x - whole
	if f < epsilon {
		f = 0
	}
	return int(whole), f
}
