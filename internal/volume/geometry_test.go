package volume

import (
	"errors"
	"math"
	"math/rand"
	"testing"
)

// turned is a rotation by the Euler angles with spacing and origin of its own.
func turned(rx, ry, rz float64, spacing, origin [3]float64) Affine {
	cx, sx, cy, sy, cz, sz := math.Cos(rx), math.Sin(rx), math.Cos(ry), math.Sin(ry), math.Cos(rz), math.Sin(rz)
	m := [3][3]float64{
		{cy * cz, sx*sy*cz - cx*sz, cx*sy*cz + sx*sz},
		{cy * sz, sx*sy*sz + cx*cz, cx*sy*sz - sx*cz},
		{-sy, sx * cy, cx * cy}}
	var a Affine
	for r := range 3 {
		for c := range 3 {
			a[r][c] = m[r][c] * spacing[c]
		}
		a[r][3] = origin[r]
	}
	return a
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s = %g: want %g ± %g", what, got, want, tol)
	}
}

func TestCanonicalKeepsEveryVoxelWhereItIs(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for range 300 {
		a := turned(rng.Float64()*6, rng.Float64()*6, rng.Float64()*6, [3]float64{1, 2, 3}, [3]float64{5, -7, 11})
		if rng.Intn(2) == 0 { // left-handed grids occur too
			for r := range 3 {
				a[r][1] = -a[r][1]
			}
		}
		dims := [3]int{2 + rng.Intn(5), 2 + rng.Intn(5), 2 + rng.Intn(5)}
		o := Canonical(a)
		nd, na := o.Apply(dims, a)
		for axis := range 3 {
			if na[axis][axis] <= 0 {
				t.Fatalf("axis %d runs against RAS: %v", axis, na)
			}
		}
		if again := Canonical(na); !again.Identity() {
			t.Fatalf("canonical twice: %v", again)
		}
		start, step := o.Strides(dims)
		x, y, z := rng.Intn(nd[0]), rng.Intn(nd[1]), rng.Intn(nd[2])
		n := start + x*step[0] + y*step[1] + z*step[2]
		i, j, k := n%dims[0], n/dims[0]%dims[1], n/dims[0]/dims[1]
		p := a.Apply([3]float64{float64(i), float64(j), float64(k)})
		q := na.Apply([3]float64{float64(x), float64(y), float64(z)})
		for r := range 3 {
			near(t, "world position", q[r], p[r], 1e-9)
		}
	}
}

func TestRectangularRemovesSkewAndNothingElse(t *testing.T) {
	a := turned(.3, -.2, .1, [3]float64{.5, .7, 3}, [3]float64{1, 2, 3})
	b := a
	b[0][2] += 0.002
	if b.Skew() < 1e-4 {
		t.Fatalf("skew = %g: want a skewed grid to begin with", b.Skew())
	}
	r := b.Rectangular()
	near(t, "skew", r.Skew(), 0, 1e-12)
	for c, s := range b.Spacing() {
		near(t, "spacing", r.Spacing()[c], s, 1e-12)
	}
	for i := range 3 {
		near(t, "origin", r[i][3], b[i][3], 0)
		for c := range 3 {
			near(t, "element", r[i][c], a[i][c], 0.003)
		}
	}
}

func TestInverse(t *testing.T) {
	a := turned(.3, -.2, .1, [3]float64{.5, .7, 3}, [3]float64{1, 2, 3})
	inv, ok := a.Inverse()
	if !ok {
		t.Fatal("no inverse")
	}
	p := [3]float64{4, 5, 6}
	for r, v := range inv.Apply(a.Apply(p)) {
		near(t, "round trip", v, p[r], 1e-12)
	}
	if _, ok := (Affine{}).Inverse(); ok {
		t.Error("the zero affine has an inverse")
	}
}

func TestCheckDims(t *testing.T) {
	for _, c := range []struct {
		dims [3]int
		code string
	}{
		{[3]int{512, 512, 300}, ""}, {[3]int{0, 5, 5}, "bad_dims"}, {[3]int{5, -1, 5}, "bad_dims"},
		{[3]int{5, 5, 4097}, "too_large"}, {[3]int{4096, 4096, 33}, "too_large"}, {[3]int{4096, 4096, 32}, ""},
	} {
		err := CheckDims(c.dims)
		var e *Error
		if errors.As(err, &e) != (c.code != "") || (e != nil && e.Code != c.code) {
			t.Errorf("%v: %v, want code %q", c.dims, err, c.code)
		}
	}
}

func TestHounsfieldGuess(t *testing.T) {
	fill := func(n int, parts ...int16) []int16 {
		v := make([]int16, 0, n)
		for i := range n {
			v = append(v, parts[i%len(parts)])
		}
		return v
	}
	for _, c := range []struct {
		name   string
		voxels []int16
		want   bool
	}{
		{"ct", fill(1000, -1000, -90, 40, 300), true},
		{"mr", fill(1000, 0, 40, 300, 800), false},
		{"mr with overshoot", append(fill(2000, 0, 500), -60), false},
		{"windowed", fill(1000, 0, 128, 255), false},
		{"only air", fill(1000, -1000), false},
		{"nothing", nil, false},
	} {
		var s Intensities
		s.Add(c.voxels[:len(c.voxels)/2])
		s.Add(c.voxels[len(c.voxels)/2:])
		if got := s.Hounsfield(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
