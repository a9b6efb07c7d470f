package tissue

import "math"

// What tells a lung from the other air in a body. Lung tissue holds blood: its
// density lies between that of gas and that of water, vessels run through it, and
// it lies against the ribs. Gas in stomach, bowel, gullet, sinuses, and air that
// escaped below the diaphragm or the skin, is pure, empty, or elsewhere.
const (
	gasHigh   = -935  // mean HU inside: below is pure gas, or a lung destroyed by emphysema
	lungDense = -400  // and above is no lung: it is a rim, or filled with foam or stool
	coreMM    = 2     // what lies deeper than this below its edge is inside
	coreShare = 0.05  // of a lung lies inside; streaks of air below the skin have no inside
	rimShare  = 0.5   // of a lung that is as thin as a sheet lies against ribs
	coarseMM  = 3     // voxels that are good enough to look for ribs
	wallMM    = 14    // a lung's surface lies this close to a rib or the spine
	wallShare = 0.25  // at this share of it or more
	gasWall   = 0.35  // and a lung with emphysema at this share
	gasVessel = 0.002 // and vessels are this share of it
	gasLungML = 300   // and it is large
	hollows   = 32    // so many components are looked at, the largest: each costs a pass over the runs
	vesselGap = 12    // mm: what parts a row of a lung no wider than this is a vessel
)

// evidence is what is known of a component of hollow voxels.
type evidence struct {
	ml, core float64 // ml, and what share of it lies inside
	mean     float64 // HU of the inside, of everything where there is none
	vessels  float64 // share of tissue within its rows
	wall     float64 // share of its surface that is close to bone; 1 where the scan holds no bone
}

// blood says whether the density is that of tissue that holds air and blood.
func (e evidence) blood() bool { return e.mean > gasHigh && e.mean < lungDense }

// lung says whether this is lung. Joined tells that the windpipe leads into it.
func (e evidence) lung(joined bool) bool {
	if e.blood() {
		if e.core < coreShare {
			return e.wall >= rimShare
		}
		return joined || e.wall >= wallShare
	}
	return e.mean <= gasHigh && e.ml >= gasLungML && e.wall >= gasWall && (joined || e.vessels >= gasVessel)
}

// evidences collects what is known of the largest components; of those that are
// smaller than least ml, or too many, only the size. Near is what nearBone found.
func (s *scan) evidences(c *components, least float64, near *mask) []evidence {
	out, sizes, look := make([]evidence, c.count), c.sizes(), make([]bool, c.count)
	for _, k := range largest(sizes, hollows) {
		look[k] = float64(sizes[k])*s.voxelML() >= least
	}
	var cores, sumCore, sumAll, gaps = make([]int, c.count), make([]int, c.count), make([]int, c.count), make([]int, c.count)
	inside := c.keep(look).erode(s.ball(coreMM, 1))
	gap := int(vesselGap / s.spacing[0])
	lastRow, lastEnd := make([]int32, c.count), make([]uint16, c.count)
	c.each(func(k, row, x0, x1 int) {
		if !look[k] {
			return
		}
		hu := s.row(row)
		for _, v := range hu[x0:x1] {
			sumAll[k] += int(v)
		}
		bits := inside.row(row)
		for at := seek(bits, x0, 0); at < x1; {
			end := min(seek(bits, at, ^uint64(0)), x1)
			for _, v := range hu[at:end] {
				sumCore[k] += int(v)
			}
			cores[k] += end - at
			at = seek(bits, end, 0)
		}
		if d := x0 - int(lastEnd[k]); lastRow[k] == int32(row)+1 && d <= gap {
			gaps[k] += d
		}
		lastRow[k], lastEnd[k] = int32(row)+1, uint16(x1)
	})
	f := s.factors()
	for k, n := range sizes {
		e := &out[k]
		e.ml = float64(n) * s.voxelML()
		if !look[k] {
			continue
		}
		e.core, e.vessels = float64(cores[k])/float64(n), float64(gaps[k])/float64(n)
		e.mean = float64(sumAll[k]) / float64(n)
		if e.core >= coreShare {
			e.mean = float64(sumCore[k]) / float64(cores[k])
		}
		e.wall = c.shrunk(k, f).share(near)
	}
	return out
}

// factors is how many voxels along each axis make one of the coarse grid.
func (g grid) factors() (f [3]int) {
	for a := range f {
		f[a] = max(1, int(math.Round(coarseMM/g.spacing[a])))
	}
	return f
}

// shrunk is the grid of voxels that are f times as long.
func (g grid) shrunk(f [3]int) grid {
	n := [3]int{g.nx, g.ny, g.nz}
	spacing := g.spacing
	for a := range n {
		n[a] = (n[a] + f[a] - 1) / f[a]
		spacing[a] *= float64(f[a])
	}
	return newGrid(n, spacing)
}

// shrunk is a mask on a coarse grid: a voxel is set when any of the fine ones in
// it is.
func (m *mask) shrunk(f [3]int) *mask {
	out := m.grid.shrunk(f).empty()
	for n := range m.ny * m.nz {
		to := n%m.ny/f[1] + out.ny*(n/m.ny/f[2])
		runs(m.row(n), func(x0, x1 int) { out.set(to, x0/f[0], (x1-1)/f[0]+1) })
	}
	return out
}

// shrunk is the component k on a coarse grid: a voxel is set when any of the fine
// ones in it is.
func (c *components) shrunk(k int, f [3]int) *mask {
	m := c.grid.shrunk(f).empty()
	c.each(func(n, row, x0, x1 int) {
		if n == k {
			m.set(row%c.ny/f[1]+m.ny*(row/c.ny/f[2]), x0/f[0], (x1-1)/f[0]+1)
		}
	})
	return m
}

// nearBone is what lies close to bone, on a coarse grid. Where there is no bone to
// speak of any place will do.
func (s *scan) nearBone() *mask {
	const leastML = 10
	hard := s.between(boneHigh, highest)
	m := hard.shrunk(s.factors())
	if float64(hard.count())*s.voxelML() < leastML {
		return m.grid.empty().not()
	}
	return m.dilate(m.ball(wallMM, 1))
}

// share is the share of a mask's surface that lies in another mask.
func (m *mask) share(near *mask) float64 {
	surface := m.clone().minus(m.erode(m.ball(0, 1)))
	all := surface.count()
	return float64(surface.and(near).count()) / float64(max(all, 1))
}
