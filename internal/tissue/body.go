package tissue

import "github.com/iris-oculus/iris/internal/volume"

// Densities in HU and sizes in mm that tell a body from what surrounds it.
const (
	tissueLow  = -300 // half-way between air and fat, with room for noise
	thinAir    = -940 // below any lung but the most diseased
	detachMM   = 4    // thinner than twice this is a table top, a tube or cloth
	reattachMM = 5    // what opening rounded off comes back within this distance
	blurMM     = 1.5  // how far the edge of a hard thing is blurred
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

// patient keeps the parts of dense matter that are a body: what is thick, bone
// however thin, and the thin parts that belong to them, such as ears.
func (s *scan) patient(dense *mask) *mask {
	outside, _ := s.around(dense)
	things := s.foreign(dense, outside)
	dense.minus(things).minus(s.couch(dense, outside))
	core := dense.open(s.ball(detachMM, 1))
	if !things.none() {
		// The edge of a thing shares its voxels with air and looks like tissue.
		dense.minus(things.dilate(s.ball(blurMM, 1)).minus(core))
	}
	hard := s.between(boneHigh, highest).and(dense)
	core.or(hard)
	kept := s.bodies(core.components(false))
	if float64(hard.minus(kept).count())*s.voxelML() >= limbBoneML { // else no limb is left out
		kept.or(s.limbs(dense).and(core))
	}
	body := s.reattach(kept, dense)
	return body.or(s.appendages(body, dense))
}

// reattach gives back what opening rounded off. It goes along the matter and not
// through the air, so that a sheet which lies close to the skin and touches it
// somewhere does not come with it.
func (s *scan) reattach(core, dense *mask) *mask {
	const steps = 3
	out, step := core.clone().and(dense), s.ball(reattachMM/float64(steps), 1)
	for range steps {
		out = out.dilate(step).and(dense)
	}
	return out
}

// appendages are the thin parts of a body, such as ears: they are joined to it
// and small. A plate, a blanket or a tube that touches the skin is larger or longer.
func (s *scan) appendages(body, dense *mask) *mask {
	const (
		maxML = 20 // an ear has some 10 ml
		maxMM = 80 // and is no longer than this
	)
	c := dense.clone().minus(body).components(false)
	want := c.touching(body.dilate(s.ball(0, 1)))
	sizes := c.sizes()
	for k, b := range c.boxes() {
		if float64(sizes[k])*s.voxelML() > maxML {
			want[k] = false
		}
		for a, n := range b.extent() {
			if float64(n)*s.spacing[a] > maxMM {
				want[k] = false
			}
		}
	}
	return c.keep(want)
}

// bodies chooses the largest component, and those that are large beside it (legs
// are two) unless they are flat and wide as a table is.
func (s *scan) bodies(c *components) *mask {
	const share = 20 // a twentieth of the largest
	most, first := 0, 0
	for _, n := range c.sizes() {
		most = max(most, n)
	}
	c.least(float64(most) * s.voxelML() / share)
	for k, n := range c.sizes() {
		if n == most {
			first = k
			break
		}
	}
	want := make([]bool, c.count)
	for k, flat := range s.flatness(c) {
		want[k] = k == first || !flat.table()
	}
	return c.keep(want)
}

// limbBoneML is the least bone in a part of the body that is small.
const limbBoneML = 0.1

// limbs are the parts that have bone in them, however small they are beside the
// largest: a hand, or an arm that lies beside the trunk. Cables hold metal.
func (s *scan) limbs(dense *mask) *mask {
	const (
		leastML   = 2
		leastBone = 0.004 // share of bone
		mostBone  = 0.6
		metal     = 2000 // HU, more than any bone on average
	)
	c := dense.components(false).least(leastML)
	want, sizes, boxes := make([]bool, c.count), c.sizes(), c.boxes()
	bone, sums := make([]int, c.count), make([]int, c.count)
	c.each(func(k, row, x0, x1 int) {
		for _, v := range s.row(row)[x0:x1] {
			if v >= boneHigh {
				bone[k]++
				sums[k] += int(v)
			}
		}
	})
	for k, n := range sizes {
		share := float64(bone[k]) / float64(n)
		want[k] = float64(bone[k])*s.voxelML() >= limbBoneML && share >= leastBone && share <= mostBone &&
			sums[k] < metal*bone[k] && !s.mean(boxes[k], n, 1).table()
	}
	return c.keep(want)
}

// extent is a component's mean thickness from front to back and its width, in mm.
type extent struct{ thick, wide float64 }

// table says whether a component is as flat and wide as a table is.
func (e extent) table() bool {
	const (
		thickMM = 30 // a table is thinner
		times   = 4  // and wider than this many times its thickness
	)
	return e.thick < thickMM && e.wide > times*e.thick
}

// mean is the extent of n voxels that fill their box evenly, seen along an axis.
func (s *scan) mean(b box, n, axis int) extent {
	size, other := b.extent(), 1-axis
	return extent{
		thick: float64(n) / float64(size[other]*size[2]) * s.spacing[axis],
		wide:  float64(size[other]) * s.spacing[other],
	}
}

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

// exterior is the air around the patient, and pockets (between arm and chest) that
// are joined to it by a wide passage.
func (s *scan) exterior(tissue *mask) *mask {
	outside, inner := s.around(tissue)
	if inner.none() {
		return outside
	}
	wide := tissue.clone().not().erode(s.ball(passageMM, 1)).components(false)
	reached := wide.keep(wide.touching(outside)).dilate(s.ball(passageMM, 1))
	return outside.or(inner.and(reached))
}

// around is the air that reaches the edge of its slice, and the pockets of air
// that do not. Lung cut by a narrow field of view reaches the edge too, but is not
// thin.
func (s *scan) around(tissue *mask) (outside, pockets *mask) {
	c := tissue.clone().not().components(true)
	thin, edge := s.thinness(c), c.atEdge()
	reach, inner := make([]bool, c.count), make([]bool, c.count)
	for k := range thin {
		reach[k], inner[k] = thin[k] && edge[k], thin[k] && !edge[k]
	}
	return c.keep(reach), c.keep(inner)
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
func (c *components) atEdge() []bool {
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
