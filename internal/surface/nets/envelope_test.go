package nets

import (
	"math"
	"math/rand/v2"
	"testing"
)

func pack(v [3]int) Offset {
	return Offset(OffsetZero+v[0]) | Offset(OffsetZero+v[1])<<OffsetLane | Offset(OffsetZero+v[2])<<(2*OffsetLane)
}

// Four corners anywhere inside their cells: what diagonal accepts is what the
// tetrahedra of the quad's envelope hold, sampled point by point, and has no fold.
func TestDiagonalStaysInsideItsEnvelope(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	cells := [4][2]float64{{-0.5, -0.5}, {0.5, -0.5}, {0.5, 0.5}, {-0.5, 0.5}}
	counts := map[[2]bool]int{}
	for range 4_000 {
		axis := r.IntN(3)
		var o [4]Offset
		var p [4][3]float64 // along u, w and h
		for c := range o {
			var v [3]int
			for a := range v {
				v[a] = r.IntN(OffsetOne-1) - OffsetOne/2 + 1
			}
			o[c] = pack(v)
			p[c] = [3]float64{
				cells[c][0] + float64(v[(axis+1)%3])/OffsetOne, cells[c][1] + float64(v[(axis+2)%3])/OffsetOne, float64(v[axis]) / OffsetOne,
			}
		}
		turned, ok := diagonal(o[0], o[1], o[2], o[3], axis)
		counts[[2]bool{turned, ok}]++
		if straight := inside(p, 0, r); ok != (straight || inside(p, 1, r)) && !nearly(p) {
			t.Fatalf("axis %d, %v: turned %v, ok %v", axis, p, turned, ok)
		}
		if first := 0; ok {
			if turned {
				first = 1
			}
			if !inside(p, first, r) {
				t.Fatalf("axis %d, %v: turned %v leaves the envelope", axis, p, turned)
			}
		}
	}
	for _, kind := range [][2]bool{{false, true}, {true, true}, {false, false}} {
		if counts[kind] < 100 {
			t.Errorf("turned, ok = %v: %d cases only", kind, counts[kind])
		}
	}
}

// inside samples the two triangles of a quad cut from corner first on: each point
// must be in a tetrahedron between two neighbouring corners and the ends of the
// edge, that is less high than the two faces through the point.
func inside(p [4][3]float64, first int, r *rand.Rand) bool {
	for side := range 2 {
		a, b, c := p[(first+2*side)%4], p[(first+2*side+1)%4], p[(first+2*side+2)%4]
		if area2(a, b)+area2(b, c)+area2(c, a) <= 0 {
			return false // a fold
		}
		for range 200 {
			x, y := r.Float64(), r.Float64()
			if r.IntN(2) == 0 { // most likely to leave it along the diagonal
				y = 0
			}
			if x+y > 1 {
				x, y = 1-x, 1-y
			}
			var at [3]float64
			for i := range at {
				at[i] = a[i]*(1-x-y) + c[i]*x + b[i]*y
			}
			if !inEnvelope(p, at) {
				return false
			}
		}
	}
	return true
}

func inEnvelope(p [4][3]float64, at [3]float64) bool {
	for i := range p {
		// at = s·p + t·q in the plane, with s and t at least 0 between the two corners.
		q := p[(i+1)%4]
		area := area2(p[i], q)
		s, t := area2(at, q)/area, area2(p[i], at)/area
		if s >= 0 && t >= 0 {
			return math.Abs(at[2]-s*p[i][2]-t*q[2]) <= 0.5*(1-s-t)+1e-9
		}
	}
	return false
}

// nearly says whether a quad is so close to its envelope that the margin refuses
// what holds, or that samples miss what does not.
func nearly(p [4][3]float64) bool {
	for first := range 2 {
		a, c := p[first], p[first+2]
		k := p[(first+1)%4]
		if area2(a, c) < 0 {
			a, c, k = c, a, p[(first+3)%4]
		}
		areas := area2(a, k) + area2(k, c)
		off := math.Abs(area2(k, c)*a[2] + area2(a, k)*c[2] - area2(a, c)*k[2])
		if math.Abs(off-(areas-area2(a, c))/2) < 0.02*areas {
			return true
		}
	}
	return false
}

func area2(a, b [3]float64) float64 { return a[0]*b[1] - a[1]*b[0] }

func TestOffsetVoxels(t *testing.T) {
	if x, y, z := Offset(OffsetMiddle).Voxels(); x != 0 || y != 0 || z != 0 {
		t.Errorf("middle: %g %g %g", x, y, z)
	}
	if x, y, z := pack([3]int{OffsetOne / 4, -OffsetOne / 2, 1}).Voxels(); x != 0.25 || y != -0.5 || z != 1.0/OffsetOne {
		t.Errorf("%g %g %g", x, y, z)
	}
}
