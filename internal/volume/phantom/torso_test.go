package phantom

import (
	"math"
	"runtime"
	"slices"
	"testing"
)

// TestTorsoHoldsWhatItPromises samples known places of the anatomy.
func TestTorsoHoldsWhatItPromises(t *testing.T) {
	v := Torso([3]int{160, 160, 160}, 2.5)
	at := func(x, y, z float64) int16 {
		inv, _ := v.Affine.Inverse()
		p := inv.Apply([3]float64{x, y, z})
		return v.Voxels[int(p[0]+.5)+160*(int(p[1]+.5)+160*int(p[2]+.5))]
	}
	for _, c := range []struct {
		name      string
		x, y, z   float64
		low, high int16
	}{
		{"air in front", 0, 180, 0, -1024, -950},
		{"right lung", 90, 0, 60, -930, -750},
		{"left lung", -90, 0, 60, -930, -750},
		{"windpipe", 0, -20, 120, -1024, -850},
		{"heart", -16, 24, 14, 0, 90},
		{"liver", 60, 10, -60, 20, 100},
		{"vertebra", 0, -52, 0, 150, 400},
		{"table", 0, -130, 0, -140, 200},
		{"fat of the belly", 0, 95, -110, -150, -50},
	} {
		if got := at(c.x, c.y, c.z); got < c.low || got > c.high {
			t.Errorf("%s: %d HU, want %d to %d", c.name, got, c.low, c.high)
		}
	}
}

func TestTorsoIsTheSameOnEveryRun(t *testing.T) {
	dims := [3]int{64, 56, 48}
	want := Torso(dims, 6)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := Torso(dims, 6); !slices.Equal(got.Voxels, want.Voxels) || got.Affine != want.Affine {
		t.Error("one worker and several make different scans")
	}
}

func TestTorsoOfAnySize(t *testing.T) {
	for _, dims := range [][3]int{{1, 1, 1}, {2, 3, 4}, {50, 20, 1}, {20, 50, 200}} {
		if v := Torso(dims, 1); len(v.Voxels) != v.Len() {
			t.Errorf("%v: %d voxels", dims, len(v.Voxels))
		}
	}
}

// TestTorsoScalesWithItsField: the person fills the field, whatever its size in mm.
func TestTorsoScalesWithItsField(t *testing.T) {
	dims := [3]int{80, 80, 80}
	a, b := Torso(dims, 5), Torso(dims, 1)
	if !slices.Equal(a.Voxels, b.Voxels) || a.Affine == b.Affine {
		t.Error("spacing changes more than the affine")
	}
	if p := a.Affine.Apply([3]float64{39.5, 39.5, 39.5}); p != [3]float64{} {
		t.Errorf("the centre lies at %v: want the origin", p)
	}
}

// TestNoise: the mean stays, the deviation is what is promised.
func TestNoise(t *testing.T) {
	v := Torso([3]int{80, 80, 80}, 5)
	var sum, squares, n float64
	for k := range 80 { // above the patient's front: air at -1000 that no edge touches
		for j := 72; j < 80; j++ {
			for _, hu := range v.Voxels[80*(j+80*k):][:80] {
				d := float64(hu) + 1000
				sum, squares, n = sum+d, squares+d*d, n+1
			}
		}
	}
	if mean := sum / n; math.Abs(mean) > 0.6 {
		t.Errorf("the noise has a mean of %.2f HU", mean)
	}
	if sd := math.Sqrt(squares / n); math.Abs(sd-noiseHU) > 1 {
		t.Errorf("the noise has a deviation of %.2f HU, want %d", sd, noiseHU)
	}
}

func BenchmarkTorso(b *testing.B) {
	for b.Loop() {
		Torso([3]int{256, 256, 256}, 1.5)
	}
}

// TestKinds: what is called bone or blood has the density of it in the scan where the
// blur of the scanner does not reach, and with contrast medium nothing but blood
// changes.
func TestKinds(t *testing.T) {
	dims := [3]int{96, 96, 96}
	kinds, plain, enhanced := Kinds(dims), painted(dims, 4, bloodHU), painted(dims, 4, 400)
	var count [Blood + 1]int
	for n, k := range kinds {
		count[k]++
		before, after := plain.Voxels[n], enhanced.Voxels[n]
		if (k == Bone) != (before >= marrowHU) || (k == Blood) != (after != before) {
			t.Fatalf("voxel %d is of kind %d and has %d HU, %d with contrast medium", n, k, before, after)
		}
	}
	for k, n := range count {
		if n < 5000 {
			t.Errorf("%d voxels are of kind %d", n, k)
		}
	}
}
