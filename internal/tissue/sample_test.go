package tissue

import (
	"testing"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// sampleMM is the field of view of `iris sample`, which is 160 voxels wide unless its
// user says otherwise.
const sampleMM = 448.0

// sampleBones are the places of the sample's bones in shares of the field from its
// centre: x to the right, y anterior.
var sampleBones = []struct {
	name string
	in   func(x, y float64) bool
}{
	{"the spine", func(x, y float64) bool { return y < -0.07 && max(x, -x) < 0.11 }},
	{"the breastbone", func(x, y float64) bool { return y > 0 && max(x, -x) < 0.0425 }},
	{"the ribs", func(x, y float64) bool { return true }},
}

// sample is the sample of size voxels along each axis, its heart and vessels of blood
// HU, or without contrast medium at 0.
func sample(size, blood int) *volume.Volume {
	dims, mm := [3]int{size, size, size}, sampleMM/float64(size)
	if blood == 0 {
		return phantom.Torso(dims, mm)
	}
	return phantom.Enhanced(dims, mm, blood)
}

// besideBone says whether a neighbour of a voxel is bone: at 2.8 mm the voxels at the
// surface of a bone are bone in part, whatever touches it.
func besideBone(kinds []phantom.Kind, n, size int) bool {
	for _, step := range []int{1, size, size * size} {
		if n >= step && kinds[n-step] == phantom.Bone || n+step < len(kinds) && kinds[n+step] == phantom.Bone {
			return true
		}
	}
	return false
}

// TestSampleKeepsItsBones: every bone of the repository's sample is bone. At its voxels
// a rib shows no shell: its inside is as dense as what is around it.
func TestSampleKeepsItsBones(t *testing.T) {
	for _, c := range []struct{ size, blood int }{{160, 0}} {
		v := sample(c.size, c.blood)
		m := segment(t, v)
		if w := m.Table.Warnings; len(w) > 0 {
			t.Errorf("%d voxels, blood of %d HU: %v", c.size, c.blood, w)
		}
		kinds := phantom.Kinds(v.Dims)
		ml, found, all, blood := v.Affine.VoxelML(), make([]float64, len(sampleBones)), make([]float64, len(sampleBones)), 0.0
		for n, k := range kinds {
			switch bone := m.U8[n] == Bone; {
			case k == phantom.Bone:
				x := (float64(n%c.size)+.5)/float64(c.size) - .5
				y := (float64(n/c.size%c.size)+.5)/float64(c.size) - .5
				b := 0
				for !sampleBones[b].in(x, y) {
					b++
				}
				all[b] += ml
				if bone {
					found[b] += ml
				}
			case bone && k == phantom.Blood && !besideBone(kinds, n, c.size):
				blood += ml
			}
		}
		for b, of := range sampleBones {
			if found[b] < 0.95*all[b] || all[b] < 50 {
				t.Errorf("%d voxels, blood of %d HU: %.0f of %.0f ml of %s are bone", c.size, c.blood, found[b], all[b], of.name)
			}
		}
		if blood > vesselML {
			t.Errorf("%d voxels, blood of %d HU: %.1f ml of blood are bone", c.size, c.blood, blood)
		}
	}
}
