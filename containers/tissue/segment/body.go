package segment

import "github.com/iris-oculus/iris/internal/volume"

// Densities in HU and sizes in mm that tell a body from what surrounds it.
const (
	tissueLow  = -300 // half-way between air and fat, with room for noise
	thinAir    = -940 // below any lung but the most diseased
	detachMM   = 4    // thinner than twice this is a table top, a tube or cloth
	reattachMM = 5    // what opening rounded off comes back within this distance
	passageMM  = 5    // outside air enters through openings wider than twice this
)

// body is everything within the skin: the tissue of the patient, without table
// and clothes, and every hollow in it.
func (s *scan) body() (*mask, error) {
	tissue := s.patient(s.between(tissueLow, highest))
	if tissue.none() {
		return nil, volume.Reject("no_body", "no part of a body was found in the scan")
	}
	return s.exterior(tissue).not(), nil
}

// patient keeps the parts of dense matter that are a body: what is thick, and
// bone however thin.
func (s *scan) patient(dense *mask) *mask {
	core := dense.open(s.ball(detachMM, 1)).or(s.between(boneHigh, highest))
	c := core.components(false)
	core = c.keep(s.bodies(c))
	near := core.dilate(s.ball(reattachMM, 1)).and(dense)
	c = near.components(false)
	return c.keep(c.touching(core))
}

// bodies chooses the largest component, and those that are large beside it (legs
// are two) unless they are flat and wide as a table is.
func (s *scan) bodies(c *components) []bool {
	const (
		share   = 20 // a twentieth of the largest
		thickMM = 30 // a table is thinner
		wide    = 4  // and wider than this many times its thickness
	)
	want, sizes := make([]bool, c.count), c.sizes()
	first := largest(sizes, 1)
	flat := s.flatness(c)
	for k, n := range sizes {
		isTable := flat[k].thick < thickMM && flat[k].wide > wide*flat[k].thick
		want[k] = k == first[0] || (n*share >= sizes[first[0]] && !isTable)
	}
	return want
}

// extent is a component's mean thickness from front to back and its width, in mm.
type extent struct{ thick, wide float64 }

func (s *scan) flatness(c *components) []extent {
	out := make([]extent, c.count)
	sizes := c.sizes()
	columns := make([]int, c.count) // (x, z) columns that the component fills
	low, high := make([]int, c.count), make([]int, c.count)
	for k := range low {
		low[k] = c.nx
	}
	last := make([]int32, c.nx) // the component that was last counted in a column, +1
	seen := make([]int, c.nx)   // and the slice where
	c.each(func(k, row, x0, x1 int) {
		low[k], high[k] = min(low[k], x0), max(high[k], x1)
		for x := x0; x < x1; x++ {
			if last[x] != int32(k)+1 || seen[x] != row/c.ny {
				last[x], seen[x] = int32(k)+1, row/c.ny
				columns[k]++
			}
		}
	})
	for k := range out {
		out[k] = extent{
			thick: float64(sizes[k]) / float64(max(columns[k], 1)) * s.spacing[1],
			wide:  float64(high[k]-low[k]) * s.spacing[0],
		}
	}
	return out
}

// exterior is the air around the patient: what reaches the edge of its slice,
// and pockets (between arm and chest) that are joined to it by a wide passage.
// Lung cut by a narrow field of view reaches the edge too, but is not thin.
func (s *scan) exterior(tissue *mask) *mask {
	air := tissue.clone().not()
	c := air.components(true)
	thin, edge := s.thinness(c), s.atEdge(c)
	around, pockets := make([]bool, c.count), make([]bool, c.count)
	for k := range thin {
		around[k], pockets[k] = thin[k] && edge[k], thin[k] && !edge[k]
	}
	outside, inner := c.keep(around), c.keep(pockets)

	wide := air.erode(s.ball(passageMM, 1)).components(false)
	reached := wide.keep(wide.touching(outside)).dilate(s.ball(passageMM, 1))
	return outside.or(inner.and(reached))
}

// thinness says which components are air rather than lung: a third of their
// voxels or more are thinner than lung ever is.
func (s *scan) thinness(c *components) []bool {
	const share = 3
	sizes, air := c.sizes(), make([]int, c.count)
	c.each(func(k, row, x0, x1 int) {
		n := 0
		for _, v := range s.row(row)[x0:x1] {
			if v < thinAir {
				n++
			}
		}
		air[k] += n
	})
	out := make([]bool, c.count)
	for k := range out {
		out[k] = air[k]*share >= sizes[k]
	}
	return out
}

// atEdge says which components reach the edge of their slice.
func (s *scan) atEdge(c *components) []bool {
	out := make([]bool, c.count)
	c.each(func(k, row, x0, x1 int) {
		y := row % c.ny
		if x0 == 0 || x1 == c.nx || y == 0 || y == c.ny-1 {
			out[k] = true
		}
	})
	return out
}

// skin is the outermost 2 mm of the body, one voxel at least. Where the scan
// cuts through the body there is none.
func (s *scan) skin(inside *mask) *mask {
	const skinMM = 2
	return inside.clone().minus(inside.erode(s.ball(skinMM, 1)))
}
