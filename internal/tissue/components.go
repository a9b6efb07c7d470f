package tissue

import "math/bits"

// components are the connected parts of a mask, found over runs by union-find.
// They are numbered by their first voxel.
type components struct {
	grid
	runs  []run
	first []int32 // first run of each row; one more at the end
	of    []int32 // the component of each run
	count int

	inSlice bool // voxels of two slices are not joined
}

// run is the voxels x0 to x1-1 of a row.
type run struct{ x0, x1 uint16 }

// components joins voxels that share a face, across slices unless inSlice.
func (m *mask) components(inSlice bool) *components {
	c := &components{grid: m.grid, inSlice: inSlice, first: make([]int32, 0, m.ny*m.nz+1), runs: make([]run, 0, m.countRuns())}
	for n := range m.ny * m.nz {
		c.first = append(c.first, int32(len(c.runs)))
		runs(m.row(n), func(x0, x1 int) { c.runs = append(c.runs, run{uint16(x0), uint16(x1)}) })
	}
	c.first = append(c.first, int32(len(c.runs)))

	parent := make([]int32, len(c.runs))
	for n := range parent {
		parent[n] = int32(n)
	}
	for z := range m.nz {
		for y := range m.ny {
			n := y + m.ny*z
			if y > 0 {
				c.join(parent, n, n-1)
			}
			if z > 0 && !inSlice {
				c.join(parent, n, n-m.ny)
			}
		}
	}
	// Parents are smaller than their children: one pass numbers everything.
	for n, p := range parent {
		if int(p) == n {
			parent[n] = int32(c.count)
			c.count++
		} else {
			parent[n] = parent[p]
		}
	}
	c.of = parent
	return c
}

// countRuns is the number of runs in all rows: noise makes a great many, and a
// slice that grew to hold them would take twice their memory.
func (m *mask) countRuns() int {
	n := 0
	for at, w := range m.bits {
		before := uint64(0) // the bit left of this word
		if at%m.words > 0 {
			before = m.bits[at-1] >> 63
		}
		n += bits.OnesCount64(w &^ (w<<1 | before))
	}
	return n
}

// join unites the overlapping runs of two rows.
func (c *components) join(parent []int32, a, b int) {
	i, iEnd := c.first[a], c.first[a+1]
	j, jEnd := c.first[b], c.first[b+1]
	for i < iEnd && j < jEnd {
		p, q := c.runs[i], c.runs[j]
		if p.x0 < q.x1 && q.x0 < p.x1 {
			unite(parent, i, j)
		}
		if p.x1 < q.x1 {
			i++
		} else {
			j++
		}
	}
}

// unite hangs the larger root below the smaller.
func unite(parent []int32, a, b int32) {
	a, b = root(parent, a), root(parent, b)
	if a < b {
		parent[b] = a
	} else {
		parent[a] = b
	}
}

func root(parent []int32, n int32) int32 {
	for parent[n] != n {
		parent[n] = parent[parent[n]] // halve the path
		n = parent[n]
	}
	return n
}

// each visits every run with its component.
func (c *components) each(visit func(component, row, x0, x1 int)) {
	for row := range c.ny * c.nz {
		for n := c.first[row]; n < c.first[row+1]; n++ {
			visit(int(c.of[n]), row, int(c.runs[n].x0), int(c.runs[n].x1))
		}
	}
}

// sizes is the number of voxels of each component.
func (c *components) sizes() []int {
	out := make([]int, c.count)
	c.each(func(k, _, x0, x1 int) { out[k] += x1 - x0 })
	return out
}

// box is the smallest box around a component, its upper ends excluded.
type box struct{ low, high [3]uint16 }

// extent is the number of voxels along each axis.
func (b box) extent() (n [3]int) {
	for a := range n {
		n[a] = int(b.high[a]) - int(b.low[a])
	}
	return n
}

// only leaves the components that are wanted and forgets the others. What is known of
// each component takes more memory than its voxels where each voxel is one, as in a
// checkerboard, so that callers forget what they do not look at.
func (c *components) only(want []bool) *components {
	number, count := make([]int32, c.count), int32(0)
	for k, w := range want {
		if w {
			number[k] = count
			count++
		}
	}
	at := int32(0)
	for row := range c.ny * c.nz {
		from := c.first[row]
		c.first[row] = at
		for n := from; n < c.first[row+1]; n++ {
			if k := c.of[n]; want[k] {
				c.runs[at], c.of[at] = c.runs[n], number[k]
				at++
			}
		}
	}
	c.first[c.ny*c.nz] = at
	c.runs, c.of, c.count = c.runs[:at], c.of[:at], int(count)
	return c
}

// least forgets the components of less than so many ml.
func (c *components) least(ml float64) *components {
	want := make([]bool, c.count)
	for k, n := range c.sizes() {
		want[k] = float64(n)*c.voxelML() >= ml
	}
	return c.only(want)
}

// boxes is the box of each component.
func (c *components) boxes() []box {
	out := make([]box, c.count)
	for k := range out {
		out[k].low = [3]uint16{uint16(c.nx), uint16(c.ny), uint16(c.nz)}
	}
	c.each(func(k, row, first, last int) {
		b, x0, x1, y, z := &out[k], uint16(first), uint16(last), uint16(row%c.ny), uint16(row/c.ny)
		b.low = [3]uint16{min(b.low[0], x0), min(b.low[1], y), min(b.low[2], z)}
		b.high = [3]uint16{max(b.high[0], x1), max(b.high[1], y+1), max(b.high[2], z+1)}
	})
	return out
}

// keep is the mask of the components that are wanted.
func (c *components) keep(want []bool) *mask {
	m := c.empty()
	c.each(func(k, row, x0, x1 int) {
		if want[k] {
			m.set(row, x0, x1)
		}
	})
	return m
}

// touching is which components share a voxel with o.
func (c *components) touching(o *mask) []bool {
	out := make([]bool, c.count)
	c.each(func(k, row, x0, x1 int) {
		if !out[k] {
			out[k] = anySet(o.row(row), x0, x1)
		}
	})
	return out
}

// within is how many voxels of each component lie in a mask.
func (c *components) within(o *mask) []int {
	out := make([]int, c.count)
	c.each(func(k, row, x0, x1 int) {
		words := o.row(row)
		for n := x0 / 64; n <= (x1-1)/64; n++ {
			out[k] += bits.OnesCount64(words[n] & span(n, x0, x1))
		}
	})
	return out
}

func anySet(row []uint64, x0, x1 int) bool {
	return seek(row, x0, 0) < x1
}

// faces is, for each component, the number of voxel faces of its surface, and of
// those against a mask. The edge of the scan is no surface, nor is a slice that of a
// component within it.
func (c *components) faces(o *mask) (all, against []int) {
	wanted := make([]bool, c.count)
	for k := range wanted {
		wanted[k] = true
	}
	own := c.keep(wanted)
	all, against = make([]int, c.count), make([]int, c.count)
	c.each(func(k, row, x0, x1 int) {
		side := func(row, x0, x1 int) {
			a, b := own.row(row), o.row(row)
			for n := x0 / 64; n <= (x1-1)/64; n++ {
				free := span(n, x0, x1) &^ a[n]
				all[k] += bits.OnesCount64(free)
				against[k] += bits.OnesCount64(free & b[n])
			}
		}
		y, z := row%c.ny, row/c.ny
		if x0 > 0 {
			side(row, x0-1, x0)
		}
		if x1 < c.nx {
			side(row, x1, x1+1)
		}
		if y > 0 {
			side(row-1, x0, x1)
		}
		if y < c.ny-1 {
			side(row+1, x0, x1)
		}
		if z > 0 && !c.inSlice {
			side(row-c.ny, x0, x1)
		}
		if z < c.nz-1 && !c.inSlice {
			side(row+c.ny, x0, x1)
		}
	})
	return all, against
}

// span is the bits of the voxels x0 to x1-1 in word n of a row.
func span(n, x0, x1 int) uint64 {
	w := ^uint64(0)
	if d := x0 - n*64; d > 0 {
		w <<= d
	}
	if d := (n+1)*64 - x1; d > 0 {
		w &= ^uint64(0) >> d
	}
	return w
}
