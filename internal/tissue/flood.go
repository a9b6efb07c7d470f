package tissue

import (
	"math"
	"slices"
)

// Where blood ends and bone begins when both are one dense region.
const (
	plateauMM    = 16 // farther than the cores were kept from a hidden surface
	seedHU       = 80 // denser than all blood by this is bone
	ridgeHU      = 20 // and the noise of the scan: what is denser than nearly all of a pool by this is bone
	edgeMM       = 3  // the blur around blood: it goes no farther below its floor
	levelHU      = 16 // the steps in which the flood falls
	compactShare = 20 // a branch of blood has fewer than one in 20 voxels of bone's density
)

// flood is the watershed between blood and bone within the dense voxels: both
// grow from what they are known to be, the densest neighbours first, so that they
// meet where the density between them is lowest. It goes no farther than branchMM
// from the cores of the pools. One queue a level and the order of voxels make
// the result the same for any number of processors; its work is that of the
// dense voxels near pools. The second result is the density of the least dense
// pool's compact neighbours.
func (s *scan) flood(p *pools, dense, metal *mask) (*mask, int) {
	core, lowest := p.empty(), int(highest)
	for _, b := range p.blood {
		core.or(b.blocks)
	}
	f := &flood{scan: s, p: p, free: p.expand(core.dilate(p.ball(branchMM, 1)).or(p.either), s.grid).and(dense)}
	f.tops, f.floors = make([]int16, len(p.hu)), make([]int16, len(p.hu))
	for _, b := range p.blood {
		top := p.densest(b.blocks) + ridgeHU + p.noise
		lowest, f.top = min(lowest, top), max(f.top, top)
		f.cap(f.tops, b.blocks, int16(min(top, highest)))
		f.cap(f.floors, b.blocks, int16(max(b.inside-seedHU, boneLow)))
	}
	f.spread(f.tops)
	f.spread(f.floors)
	f.rim = int(math.Ceil(edgeMM / min(f.spacing[0], f.spacing[1], f.spacing[2])))
	f.queues = make([][]drop, (f.top-boneLow)/levelHU+2)
	bone := metal.clone().and(f.free)
	f.compact(bone)
	blood := p.expand(core, s.grid).and(dense).minus(metal)
	bone.minus(blood).or(p.expand(p.bone, s.grid).and(f.free).minus(blood))
	f.free.minus(blood).minus(bone)
	f.blood, f.bone = blood, bone
	f.plateau()
	f.shore(blood)
	f.shore(bone)
	f.run()
	return blood, lowest
}

// densest is the 95th percentile of the blocks of a region.
func (c *coarse) densest(region *mask) int {
	var hu []int16
	for n := range c.ny * c.nz {
		runs(region.row(n), func(x0, x1 int) { hu = append(hu, c.row(n)[x0:x1]...) })
	}
	slices.Sort(hu)
	return int(hu[len(hu)*95/100])
}

// cap sets a limit of the density of a pool in its blocks.
func (f *flood) cap(limits []int16, blocks *mask, hu int16) {
	for n := range blocks.ny * blocks.nz {
		runs(blocks.row(n), func(x0, x1 int) {
			for x := x0; x < x1; x++ {
				limits[x+blocks.nx*n] = hu
			}
		})
	}
}

// spread gives blocks near pools the limit of the nearest pool, the highest of several.
func (f *flood) spread(limits []int16) {
	c := f.p.coarse
	var now, next []int
	for at, hu := range limits {
		if hu != 0 {
			now = append(now, at)
		}
	}
	reached := make([]int16, len(limits)) // in this step
	steps := branchMM / min(c.spacing[0], c.spacing[1], c.spacing[2])
	for range int(min(steps+1, maxReach)) {
		for _, at := range now {
			c.neighbours(at, func(n int) {
				if limits[n] != 0 {
					return
				}
				if reached[n] == 0 {
					next = append(next, n)
				}
				reached[n] = max(reached[n], limits[at])
			})
		}
		for _, n := range next {
			limits[n] = reached[n]
		}
		now, next = next, now[:0]
	}
}

// topAt is the density near a voxel above which nothing is blood.
func (f *flood) topAt(x, row int) int {
	if top := f.tops[f.block(x, row)]; top != 0 {
		return int(top)
	}
	return f.top
}

// floorAt is the density near a voxel from which on it is as dense as blood.
func (f *flood) floorAt(x, row int) int {
	if floor := f.floors[f.block(x, row)]; floor != 0 {
		return int(floor)
	}
	return f.top
}

// block is the index of the block of a voxel.
func (f *flood) block(x, row int) int {
	return x/f.p.by[0] + f.p.nx*(row%f.ny/f.p.by[1]+f.p.ny*(row/f.ny/f.p.by[2]))
}

// drop is a voxel that a flood has reached, and how many voxels ago it left what is as
// dense as blood.
type drop struct {
	at    int32
	below uint8
}

// flood is the state of a watershed: free voxels belong to neither side yet.
type flood struct {
	*scan
	p                 *pools
	top               int     // the highest of tops
	tops, floors      []int16 // of each block near a pool
	free, blood, bone *mask
	rim               int      // the voxels of blood below its floor
	queues            [][]drop // voxels whose neighbours are next, by level, densest first
}

// compact adds the free voxels to bone that are denser than blood.
func (f *flood) compact(bone *mask) {
	slabs(f.nz, func(first, last int) {
		for n := first * f.ny; n < last*f.ny; n++ {
			runs(f.free.row(n), func(x0, x1 int) {
				for x := x0; x < x1; x++ {
					if f.mean(x+f.nx*n) >= f.topAt(x, n) {
						bone.set(n, x, x+1)
					}
				}
			})
		}
	})
}

// plateau lets blood go first to what is as dense as it is, for as far as its
// cores were kept from hidden surfaces: a shell of bone has no claim on the even
// density beyond its slope.
func (f *flood) plateau() {
	shore := f.free.dilate(f.ball(0, 1)).and(f.blood)
	var now, next []int32
	for n := range f.ny * f.nz {
		runs(shore.row(n), func(x0, x1 int) {
			for x := x0; x < x1; x++ {
				now = append(now, int32(x+f.nx*n))
			}
		})
	}
	steps := int(plateauMM / min(f.spacing[0], f.spacing[1], f.spacing[2]))
	for range min(steps, maxReach) {
		for _, at := range now {
			f.neighbours(int(at), func(n int) {
				if row, x := n/f.nx, n%f.nx; f.free.at(n) && f.mean(n) >= f.floorAt(x, row) {
					f.free.clear(row, x)
					f.blood.set(row, x, x+1)
					next = append(next, int32(n))
				}
			})
		}
		now, next = next, now[:0]
	}
}

// shore queues the voxels of a side that have a free neighbour.
func (f *flood) shore(side *mask) {
	shore := f.free.dilate(f.ball(0, 1)).and(side)
	for n := range f.ny * f.nz {
		runs(shore.row(n), func(x0, x1 int) {
			for x := x0; x < x1; x++ {
				f.queues[0] = append(f.queues[0], drop{int32(x + f.nx*n), 0})
			}
		})
	}
}

func (f *flood) run() {
	for level := range f.queues {
		for n := 0; n < len(f.queues[level]); n++ {
			from := f.queues[level][n]
			side := f.bone
			if f.blood.at(int(from.at)) {
				side = f.blood
			}
			f.neighbours(int(from.at), func(next int) {
				if !f.free.at(next) {
					return
				}
				row, x := next/f.nx, next%f.nx
				mean, below := f.mean(next), from.below
				if side == f.blood && (below > 0 || mean < f.floorAt(x, row)) {
					if below++; int(below) > f.rim {
						return
					}
				}
				f.free.clear(row, x)
				side.set(row, x, x+1)
				to := max(level, min(max(0, f.top-mean)/levelHU, len(f.queues)-1))
				f.queues[to] = append(f.queues[to], drop{int32(next), below})
			})
		}
		f.queues[level] = nil
	}
}

// mean is half the voxel's density and half that of its neighbours.
func (f *flood) mean(at int) int {
	sum, count := 0, 0
	f.neighbours(at, func(n int) { sum += int(f.hu[n]); count++ })
	return (int(f.hu[at])*count + sum) / max(2*count, 1)
}

// neighbours visits the voxels that share a face.
func (g *grid) neighbours(at int, visit func(int)) {
	x, y, z := at%g.nx, at/g.nx%g.ny, at/g.nx/g.ny
	for _, a := range [3]struct{ at, count, step int }{{x, g.nx, 1}, {y, g.ny, g.nx}, {z, g.nz, g.nx * g.ny}} {
		if a.at > 0 {
			visit(at - a.step)
		}
		if a.at < a.count-1 {
			visit(at + a.step)
		}
	}
}
