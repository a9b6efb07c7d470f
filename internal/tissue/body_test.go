package tissue

import (
	"math"
	"math/rand"
	"testing"
)

// fine is a scan of 1 × 1 × 2 mm voxels, blurred as a scanner blurs and with its
// noise, painted by a function of mm from its centre.
func fine(dims [3]int, at func(x, y, z float64) float64) *scan {
	s := &scan{newGrid(dims, [3]float64{1, 1, 2}), make([]int16, dims[0]*dims[1]*dims[2])}
	rng := rand.New(rand.NewSource(3))
	raw := make([]float64, dims[0]*dims[1])
	for z := range dims[2] {
		for n := range raw {
			x, y, h := s.mm(n%dims[0], n/dims[0], z)
			raw[n] = at(x, y, h)
		}
		for n := range raw {
			x, y := n%dims[0], n/dims[0]
			sum := 0.0
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					sum += raw[min(max(x+dx, 0), dims[0]-1)+dims[0]*min(max(y+dy, 0), dims[1]-1)] * float64((2-dx*dx)*(2-dy*dy))
				}
			}
			s.hu[n+z*len(raw)] = noisyHU(rng, sum/16, 10)
		}
	}
	return s
}

// mm is the place of a voxel of a fine scan.
func (s *scan) mm(x, y, z int) (float64, float64, float64) {
	return float64(x) - float64(s.nx-1)/2, float64(y) - float64(s.ny-1)/2, 2 * (float64(z) - float64(s.nz-1)/2)
}

// denseShare is share of those voxels that hold more tissue than air: the edge of
// thin tissue does not.
func (s *scan) denseShare(m *mask, of func(x, y, z float64) bool) float64 {
	dense := s.between(tissueLow, highest)
	in, all := 0, 0
	for n := range s.hu {
		x, y, z := n%s.nx, n/s.nx%s.ny, n/s.nx/s.ny
		if dense.has(x, y, z) && of(s.mm(x, y, z)) {
			all++
			if m.has(x, y, z) {
				in++
			}
		}
	}
	return float64(in) / float64(max(all, 1))
}

// share is which part of the voxels of a place are in a mask.
func (s *scan) share(m *mask, of func(x, y, z float64) bool) float64 {
	in, all := 0, 0
	for n := range s.hu {
		x, y, z := n%s.nx, n/s.nx%s.ny, n/s.nx/s.ny
		if of(s.mm(x, y, z)) {
			all++
			if m.has(x, y, z) {
				in++
			}
		}
	}
	return float64(in) / float64(max(all, 1))
}

// head is skin, skull and brain of an ellipse, with ears.
func head(x, y, z float64) (hu float64, ok bool) {
	switch r := math.Hypot(x/75, y/92); {
	case r < 0.84:
		return 35, true
	case r < 0.93:
		return 1100, true
	case r < 1:
		return 20, true
	}
	return -1000, ear(x, y, z)
}

func ear(x, y, z float64) bool {
	return math.Abs(x) > 72 && math.Abs(x) < 94 && math.Abs(y-(math.Abs(x)-75)/2) < 2.5 && math.Abs(z) < 28
}

// things lie on, at and around a head. None of them is a part of the body but
// where it touches the skin.
var things = []struct {
	name  string
	at    func(x, y, z float64) bool
	hu    float64
	stays float64 // share of it that may be taken for the body
	ears  float64 // share of the ears that is left
}{
	{"plates at the ears", func(x, y, z float64) bool { return math.Abs(x) > 93 && math.Abs(x) < 97 && y > -90 && y < 20 }, 900, 0.01, 0.88},
	{"plates of plastic at the ears", func(x, y, z float64) bool { return math.Abs(x) > 93 && math.Abs(x) < 97 && y > -90 && y < 20 }, 120, 0.06, 0.35},
	{"a holder below the head", func(x, y, z float64) bool {
		r := math.Hypot(x, y)
		return r > 93 && r < 98 && y < -20
	}, 700, 0.01, 0.99},
	{"a plastic holder below the head", func(x, y, z float64) bool {
		r := math.Hypot(x, y)
		return r > 91 && r < 96 && y < -20
	}, 90, 0.25, 0.99},
	{"foam below the head", func(x, y, z float64) bool {
		return y < 0 && math.Hypot(x/75, y/92) > 1 && math.Hypot(x, y) < 108 && !ear(x, y, z)
	}, -900, 0.02, 0.99},
	{"a blanket over the face", func(x, y, z float64) bool {
		r := math.Hypot(x/78, y/95)
		return y > 20 && r > 1.01 && r < 1.035
	}, -150, 0.05, 0.99},
	{"a tube at the cheek", func(x, y, z float64) bool {
		d := math.Hypot(math.Hypot(x-60, y-67-math.Abs(z)/6), 0)
		return d < 5 && d > 3
	}, 150, 0.15, 0.99},
	{"wires of lead on the skin", func(x, y, z float64) bool {
		return (math.Hypot(x, y-93.5) < 1.6 || math.Hypot(x-76.5, y) < 1.6) && math.Abs(z) < 36
	}, 3000, 0.05, 0.99},
	{"marks of lead on the skin", func(x, y, z float64) bool {
		return math.Hypot(math.Hypot(x, y-94.5), z) < 3 || math.Hypot(math.Hypot(x-40, y-81), z) < 3
	}, 3000, 0.1, 0.99},
}

func TestWhatLiesOutsideIsNoBody(t *testing.T) {
	dims := [3]int{224, 224, 45}
	bare := fine(dims, func(x, y, z float64) float64 {
		if hu, ok := head(x, y, z); ok {
			return max(hu, 20)
		}
		return -1000
	})
	alone := bare.mustBody(t)
	if got := bare.denseShare(alone, ear); got < 0.99 {
		t.Errorf("%.0f %% of the ears is body", 100*got)
	}
	if want := (math.Pi*75*92*90 + 2*22*5*56) / 1000; math.Abs(float64(alone.count())*bare.voxelML()-want) > 0.02*want {
		t.Errorf("the head has %.0f ml: want %.0f", float64(alone.count())*bare.voxelML(), want)
	}
	bone := float64(bare.bone(alone).bone.count())
	for _, c := range things {
		t.Run(c.name, func(t *testing.T) {
			s := fine(dims, func(x, y, z float64) float64 {
				if hu, ok := head(x, y, z); ok {
					return max(hu, 20)
				}
				if c.at(x, y, z) {
					return c.hu
				}
				return -1000
			})
			inside := s.mustBody(t)
			isThing := func(x, y, z float64) bool {
				_, ok := head(x, y, z)
				return !ok && c.at(x, y, z)
			}
			if got := s.share(inside, isThing); got > c.stays {
				t.Errorf("%.1f %% of it is body: want %g", 100*got, 100*c.stays)
			}
			if got := s.denseShare(inside, ear); got < c.ears {
				t.Errorf("%.0f %% of the ears is body: want %g", 100*got, 100*c.ears)
			}
			if got := float64(inside.count()) / float64(alone.count()); got < 0.995 || got > 1.015 {
				t.Errorf("the body has %.3f times its volume", got)
			}
			if got := float64(s.bone(inside).bone.count()); math.Abs(got-bone) > 0.01*bone {
				t.Errorf("bone has %.3f times its volume", got/bone)
			}
		})
	}
}

// TestPartsOfTheBodyStay: limbs, fingers and folds are body, alone and beside others.
func TestPartsOfTheBodyStay(t *testing.T) {
	limb := func(x, y, r float64) float64 { // skin, muscle and bone
		switch d := math.Hypot(x, y); {
		case d < r*0.25:
			return 900
		case d < r:
			return 40
		}
		return -1000
	}
	for _, c := range []struct {
		name string
		at   func(x, y, z float64) float64
	}{
		{"two legs", func(x, y, z float64) float64 { return max(limb(x-40, y, 35), limb(x+45, y, 38)) }},
		{"a trunk between its arms", func(x, y, z float64) float64 {
			trunk := -1000.0
			if ellipse(x, y, 60, 45) {
				trunk = 40
			}
			return max(trunk, limb(x-90, y, 17), limb(x+79, y, 18))
		}},
		{"a hand", func(x, y, z float64) float64 {
			hu := -1000.0
			for n := range 5 {
				hu = max(hu, limb(x-float64(n-2)*19, y, 6))
			}
			if z < -20 && math.Abs(x) < 42 && math.Abs(y) < 9 {
				hu = max(hu, 40)
			}
			return hu
		}},
		{"the fingers of a child beside its thigh", func(x, y, z float64) float64 {
			hu := limb(x, y, 45)
			for n := range 4 {
				hu = max(hu, limb(x-64, y-float64(n)*9, 4))
			}
			if z < -10 && math.Abs(x-64) < 5 && y > -8 && y < 35 { // the palm
				hu = max(hu, 40)
			}
			return hu
		}},
		{"a foot", func(x, y, z float64) float64 {
			return max(limb(x, z/1.2, 24), limb(x, y+60, 30))
		}},
		{"a fold of skin", func(x, y, z float64) float64 {
			if ellipse(x, y, 70, 50) || (math.Abs(x) < 2.5 && y > 0 && y < 72 && math.Abs(z) < 30) {
				return -90
			}
			return -1000
		}},
		{"an arm that touches the trunk", func(x, y, z float64) float64 {
			if ellipse(x, y, 60, 45) {
				return 40
			}
			return limb(x-77, y, 18)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fine([3]int{220, 200, 40}, c.at)
			inside := s.mustBody(t)
			if got := s.denseShare(inside, func(x, y, z float64) bool { return c.at(x, y, z) > tissueLow }); got < 0.995 {
				t.Errorf("%.1f %% of it is body", 100*got)
			}
			if got := s.share(inside, func(x, y, z float64) bool { return c.at(x, y, z) < tissueLow }); got > 0.02 {
				t.Errorf("%.1f %% of the air is body", 100*got)
			}
		})
	}
}

// TestTableThatTouches: a thick table is no part of who rests on it, whichever way.
func TestTableThatTouches(t *testing.T) {
	body := func(x, y float64) bool { return ellipse(x, y, 92, 62) }
	for _, c := range []struct {
		name  string
		table func(x, y float64) bool
	}{
		{"on the back", func(x, y float64) bool { return y < -60 && y > -76 && math.Abs(x) < 134 }},
		{"face down", func(x, y float64) bool { return y > 60 && y < 76 && math.Abs(x) < 134 }},
		{"on a side", func(x, y float64) bool { return x > 90 && x < 106 && math.Abs(y) < 118 }},
		{"in a hollow", func(x, y float64) bool {
			top := -62 + 14*math.Pow(x/120, 2)
			return y < top+1.5 && y > top-14 && math.Abs(x) < 134
		}},
		{"without a touch", func(x, y float64) bool { return y < -68 && y > -82 && math.Abs(x) < 134 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fine([3]int{270, 240, 30}, func(x, y, z float64) float64 {
				switch {
				case body(x, y) && math.Hypot(x, y+20) < 16:
					return 600
				case body(x, y):
					return 40
				case c.table(x, y):
					return 80
				}
				return -1000
			})
			inside := s.mustBody(t)
			if got := s.share(inside, func(x, y, z float64) bool { return body(x, y) }); got < 0.98 {
				t.Errorf("%.1f %% of the body is left", 100*got)
			}
			if got := s.share(inside, func(x, y, z float64) bool { return c.table(x, y) && !body(x, y) }); got > 0.04 {
				t.Errorf("%.1f %% of the table is body", 100*got)
			}
		})
	}
}
