package smooth

import (
	"math"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
)

// The polynomial is the filter that it stands for, to within tail.
func TestCoefficientsAreTheFilter(t *testing.T) {
	for _, time := range []float64{0.5, 2, 10, 20} {
		c := coefficients(time)
		for i := range 101 {
			theta := math.Pi * float64(i) / 100
			k := 1 - math.Cos(theta)
			want := 0.0
			if k > 0 {
				want = math.Pow(1-math.Exp(-time*k), order) / k
			}
			got := 0.0
			for n := range c {
				got += c[n] * math.Cos(float64(n)*theta)
			}
			if math.Abs(got-want) > tail {
				t.Errorf("time %g, a = %.3f: %g, want %g", time, math.Cos(theta), got, want)
			}
		}
	}
	if c := coefficients(0); !slices.Equal(c, []float64{0}) {
		t.Errorf("time 0: %v", c)
	}
}

// Packed steps agree with the same recurrence in float64, where nothing is clamped.
func TestPackedAgreesWithFloat(t *testing.T) {
	m := surfacetest.Torso([3]int{64, 60, 70}, [3]float64{6, 7, 9})
	n, err := nets.Extract(t.Context(), m, nets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := coefficients(2) // gentle: far from the clamps
	axes := [3][]float64{c, c, c}
	next, last := make([]nets.Offset, n.Len()), make([]nets.Offset, n.Len())
	all := chunk{0, len(n.Layers)}
	top := startTable(axes, len(c)-1)
	all.start(n, &top, next, last)
	for k := len(c) - 2; k >= 0; k-- {
		table := stepTable(axes, k)
		if k > 0 {
			all.step(n, &table, next, last)
		} else {
			all.finish(n, &table, next, last)
		}
		next, last = last, next
	}
	want := floatOffsets(n, c)
	worst := 0.0
	for i, o := range next {
		x, y, z := o.Voxels()
		for axis, v := range [3]float64{x, y, z} {
			limit := float64(reach) / nets.OffsetOne
			worst = max(worst, math.Abs(v-max(-limit, min(limit, want[i][axis]))))
		}
	}
	// Rounding of ten steps, and m rounded down to 64ths.
	if worst > 0.02 {
		t.Errorf("off by %g voxel", worst)
	}
}

// floatOffsets is Clenshaw's recurrence as it is written.
func floatOffsets(n *nets.Net, c []float64) [][3]float64 {
	neighbours := make([][]int, n.Len())
	faces := make([]int, n.Len())
	for z := range n.Layers {
		for i, v := range n.Layers[z].Vertices {
			at := n.Start[z] + i
			faces[at] = int(v.Faces)
			for bit, by := range []int{-1, 1, int(v.Y0), int(v.Y1), int(v.Z0), int(v.Z1)} {
				if v.Faces>>bit&1 != 0 {
					neighbours[at] = append(neighbours[at], at+by)
				}
			}
		}
	}
	b1, b2 := make([][3]float64, n.Len()), make([][3]float64, n.Len())
	for k := len(c) - 1; k >= 0; k-- {
		double := 2.0
		if k == 0 {
			double = 1
		}
		for i := range b2 {
			d := direction(faces[i])
			for axis := range 3 {
				mean := 0.0
				for _, j := range neighbours[i] {
					mean += b1[j][axis] / float64(len(neighbours[i]))
				}
				b2[i][axis] = c[k]*d[axis] + double*mean - b2[i][axis]
			}
		}
		b1, b2 = b2, b1
	}
	return b1
}

func TestSameForAnyThreads(t *testing.T) {
	m := surfacetest.Torso([3]int{80, 80, 90}, [3]float64{5, 5, 6})
	n, err := nets.Extract(t.Context(), m, nets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Strength: [3]float64{0.5, 0.4, 0.9}, Threads: 1}
	want, err := Offsets(t.Context(), n, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{2, 3, 8} {
		o.Threads = threads
		got, err := Offsets(t.Context(), n, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(want, got) {
			t.Errorf("%d threads: differs from one", threads)
		}
	}
	if none, err := Offsets(t.Context(), n, Options{}); none != nil || err != nil {
		t.Errorf("strength 0: %d offsets, %v", len(none), err)
	}
}

// Even on noise at full strength every vertex stays in its cell.
func TestVerticesStayInTheirCells(t *testing.T) {
	n, err := nets.Extract(t.Context(), surfacetest.Noise(3, [3]int{40, 30, 20}, 4), nets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	offsets, err := Offsets(t.Context(), n, Options{Strength: [3]float64{1, 1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range offsets {
		x, y, z := o.Voxels()
		if max(x, y, z, -x, -y, -z) >= 0.5 {
			t.Fatalf("offset %g %g %g", x, y, z)
		}
	}
}

func BenchmarkOffsets(b *testing.B) {
	n, err := nets.Extract(b.Context(), surfacetest.Torso([3]int{160, 160, 190}, [3]float64{2.5, 2.5, 3.1}), nets.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Offsets(b.Context(), n, Options{Strength: [3]float64{0.5, 0.5, 0.5}, Threads: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
