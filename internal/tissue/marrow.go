package tissue

// bridges is how often gaps of one voxel are bridged to find the marrow behind
// them: the second time closes what the first has narrowed to one voxel.
const bridges = 2

// openPart bounds how open a hollow in bone may be: one in so many of the voxel faces
// of its surface is not against bone. A piece of the spinal canal is open at both ends.
const openPart = 8

// linedShare of the outline of spongy bone lies against bone. Spongy bone is denser than
// linedHU, a disc seldom is.
const (
	linedShare = 0.65
	linedHU    = 110
)

// fill adds the pores of spongy bone and the marrow that bone encloses. Rim is what
// may be bone, up to the foot of the slope at its surface: compact bone thinner than
// a voxel, seen where two voxels share it, is a wall only with its rim.
func (s *scan) fill(bone, rim *mask) *mask {
	air := s.between(lowest, hollowHigh)
	loose := s.loose()
	bone = s.fillSpongy(s.fillHoles(s.pores(bone)), loose)
	bone = bone.clone().or(s.lined(bone, rim.clone().minus(bone)))
	// A wider ring may hold less that is dense, so both are tried.
	bridged := bone.clone().or(rim).minus(air)
	for range bridges {
		bridged.or(bridged.gaps().minus(air))
	}
	solid := s.fillSpongy(s.fillHoles(bridged.clone()), loose)
	solid.or(s.enclosed(solid, air))
	bone = bone.clone().or(solid.minus(bridged))
	// What lies between the marrow and the surface of bone is bone as well. A bridge
	// at the surface is not: the outside stays where it was measured, a joint open.
	between := bone.clone()
	for range bridges {
		between.or(between.gaps().minus(air))
	}
	return s.pores(between.erode(s.ball(0, 1)).or(bone))
}

// pores adds the gaps of one voxel that are dense enough to be spongy bone.
func (s *scan) pores(bone *mask) *mask {
	return bone.gaps().and(s.between(spongyHU, highest)).or(bone)
}

// gaps is the voxels outside a mask that lie between two of its voxels along an
// axis. A voxel longer than a pore bridges nothing.
func (m *mask) gaps() *mask {
	out := m.empty()
	slabs(m.nz, func(first, last int) {
		for n := first * m.ny; n < last*m.ny; n++ {
			row, y, z := out.row(n), n%m.ny, n/m.ny
			if m.spacing[0] <= 2*poreMM {
				src := m.row(n)
				for k, w := range src {
					left, right := w<<1, w>>1
					if k > 0 {
						left |= src[k-1] >> 63
					}
					if k+1 < len(src) {
						right |= src[k+1] << 63
					}
					row[k] |= left & right
				}
			}
			both := func(a, b []uint64) {
				for k := range row {
					row[k] |= a[k] & b[k]
				}
			}
			if m.spacing[1] <= 2*poreMM && y > 0 && y < m.ny-1 {
				both(m.row(n-1), m.row(n+1))
			}
			if m.spacing[2] <= 2*poreMM && z > 0 && z < m.nz-1 {
				both(m.row(n-m.ny), m.row(n+m.ny))
			}
		}
	})
	return out.minus(m)
}

// enclosed is the hollows around which bone lies in the slices of two of the three
// axes: marrow of any density in a closed bone. The spinal canal, and the holes that
// nerves leave it through, are such rings in the slices of one axis and open in the
// others; where it leans, slices of two axes may cut it as rings, but what they have in
// common is open at its ends. Larger hollows stay open, as do those that hold air.
func (s *scan) enclosed(bone, air *mask) *mask {
	var seen [3]*mask
	for axis := range seen {
		c := bone.turned(axis).not().components(true)
		edge, aired := c.atEdge(), c.touching(air.turned(axis))
		area := c.spacing[0] * c.spacing[1]
		want := make([]bool, c.count)
		for k, n := range c.sizes() {
			want[k] = !edge[k] && !aired[k] && float64(n)*area <= spongyMM2
		}
		seen[axis] = c.keep(want).turned(axis)
	}
	x, y, z := seen[0], seen[1], seen[2]
	twice := x.clone().and(y)
	twice.or(x.or(y).and(z))
	c := twice.components(false)
	faces, against := c.faces(bone)
	want := make([]bool, c.count)
	for k, n := range faces {
		want[k] = (n-against[k])*openPart <= n
	}
	return c.keep(want)
}

// lined is what is as dense as spongy bone may be and has bone around most of it in its
// slice: the inside of a vertebra that its canal or a vein opens, where the loosest bone
// is below the threshold. An organ with contrast medium touches bone with a small part
// of its outline, and a disc touches it above and below. Blur is what is as dense as
// bone and was found to lie outside of its surface, as in a slice that an endplate fills
// in part.
func (s *scan) lined(bone, blur *mask) *mask {
	c := s.smoothBetween(linedHU, boneHigh-1).minus(bone).components(true)
	all, against := c.faces(bone)
	want, blurred := make([]bool, c.count), c.within(blur)
	for k, n := range c.sizes() {
		area := float64(n) * s.spacing[0] * s.spacing[1]
		want[k] = 2*blurred[k] < n && area >= layerMM2 && area <= spongyMM2 && float64(against[k]) >= linedShare*float64(all[k])
	}
	return c.keep(want)
}

// turned is a mask whose slices lie across another axis: that axis and the last
// change places. Turning twice gives the mask back.
func (m *mask) turned(axis int) *mask {
	n, spacing := [3]int{m.nx, m.ny, m.nz}, m.spacing
	n[axis], n[2] = n[2], n[axis]
	spacing[axis], spacing[2] = spacing[2], spacing[axis]
	out := newGrid(n, spacing).empty()
	for row := range m.ny * m.nz {
		y, z := row%m.ny, row/m.ny
		runs(m.row(row), func(x0, x1 int) {
			switch axis {
			case 0:
				for x := x0; x < x1; x++ {
					out.set(y+out.ny*x, z, z+1)
				}
			case 1:
				out.set(z+out.ny*y, x0, x1)
			default:
				out.set(row, x0, x1)
			}
		})
	}
	return out
}
