package surfacetest

import "testing"

func TestTorsoHas112Structures(t *testing.T) {
	m := Torso([3]int{160, 160, 190}, [3]float64{2.56, 2.56, 3.16})
	var voxels [256]int
	for _, v := range m.U8 {
		voxels[v]++
	}
	for l := 1; l <= 112; l++ {
		if voxels[l] == 0 {
			t.Errorf("structure %d has no voxels", l)
		}
	}
	if full := 1 - float64(voxels[0])/float64(len(m.U8)); full < 0.1 || full > 0.35 {
		t.Errorf("structures fill %.2f of the box", full)
	}
}

func TestEnlargeKeepsShares(t *testing.T) {
	small := Noise(1, [3]int{6, 5, 4}, 0)
	for i := range small.U8 {
		if i%6 < 3 {
			small.U8[i] = 7
		}
	}
	big := Enlarge(small, 4)
	count := 0
	for _, v := range big.U8 {
		if v == 7 {
			count++
		}
	}
	if want := len(big.U8) / 2; count != want {
		t.Errorf("%d voxels, want %d", count, want)
	}
	for _, corner := range [][3]float64{{-0.5, -0.5, -0.5}, {5.5, 4.5, 3.5}} {
		fine := [3]float64{corner[0]*4 + 1.5, corner[1]*4 + 1.5, corner[2]*4 + 1.5}
		if got, want := big.Affine.Apply(fine), small.Affine.Apply(corner); got != want {
			t.Errorf("corner at %v, want %v", got, want)
		}
	}
}
