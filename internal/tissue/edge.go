package tissue

// edgePasses bounds how many voxels deep the rim of bone is taken off: the blur
// of a scanner is no wider than a few voxels.
const edgePasses = 4

// sharpen takes off the rim that blur and partial volume put around bone. A
// threshold low enough to find thin bone lies far out on the slope of a dense
// one: 170 HU is a seventh of compact bone, so each surface would lie a third of
// a voxel too far out and a shaft would be a tenth too thick. The true surface is
// where the profile across it turns from concave to convex (Marr and Hildreth
// 1980, doi 10.1098/rspb.1980.0020). So a surface voxel goes when it is less
// dense than the mean of its neighbours outwards and inwards. A plate one voxel
// thick is denser than both its sides and stays, however faint it is.
func (s *scan) sharpen(bone *mask) *mask {
	voxel := s.ball(0, 1)
	for range edgePasses {
		rim := bone.clone().minus(bone.erode(voxel))
		out := bone.clone()
		slabs(s.nz, func(first, last int) {
			for n := first * s.ny; n < last*s.ny; n++ {
				runs(rim.row(n), func(x0, x1 int) {
					for x := x0; x < x1; x++ {
						if s.slope(bone, x, n) {
							out.clear(n, x)
						}
					}
				})
			}
		})
		bone = out
	}
	return bone
}

// slope says whether a surface voxel lies on the outer half of the slope, added
// up over the axes along which the surface is crossed.
func (s *scan) slope(bone *mask, x, row int) bool {
	y, z := row%s.ny, row/s.ny
	at := x + s.nx*row
	sum := 0
	for _, a := range [3]struct{ at, last, step int }{
		{x, s.nx - 1, 1}, {y, s.ny - 1, s.nx}, {z, s.nz - 1, s.nx * s.ny},
	} {
		if a.at == 0 || a.at == a.last {
			continue // the surface may go on outside the scan
		}
		if bone.at(at-a.step) && bone.at(at+a.step) {
			continue
		}
		for _, n := range [2]int{at - a.step, at + a.step} {
			beside := int(s.hu[n])
			if !bone.at(n) { // a dense speck outside says nothing of the slope
				beside = min(beside, flankHU)
			}
			sum += int(s.hu[at]) - beside
		}
	}
	return sum < 0
}

// at says whether the voxel of a linear index is set.
func (m *mask) at(n int) bool {
	row, x := n/m.nx, n%m.nx
	return m.bits[row*m.words+x/64]>>(x%64)&1 == 1
}

func (m *mask) clear(row, x int) { m.row(row)[x/64] &^= 1 << (x % 64) }

// put sets the voxel of a linear index.
func (m *mask) put(n int32) { m.row(int(n) / m.nx)[int(n)%m.nx/64] |= 1 << (int(n) % m.nx % 64) }
