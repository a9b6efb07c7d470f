package tissue

import (
	"cmp"
	"math"
	"slices"
)

// How a region is divided into bodies, and what the border of each says.
const (
	crestHU    = 25   // and the noise of a block: a shell is denser than both its sides by this
	neckMM     = 2.5  // two bodies are parted by a neck that is narrower by this than the smaller
	coreDepth  = 0.7  // of the greatest depth: from there on lies a body's inside
	fewLines   = 6    // fewer rays say nothing
	nakedShare = 0.6  // of what is known of the border of blood has no shell
	pureShare  = 0.75 // and if no bone is in it
	nakedMM2   = 900  // of it at least
)

// solids divides a region along the shells within it and at its necks, and says which of
// its bodies are blood: those of whose border most has no shell. The border of a body is
// what ends outside of the region, judged by rays, and its seams with other bodies.
// Pure says that the blood holds no bone.
func (s *scan) solids(of *lump, r *rays, noise int) (blood, bone *mask, pure bool) {
	c := of.c
	crest := int16(crestHU + float64(noise)/math.Sqrt(float64(c.by[0]*c.by[1]*c.by[2])))
	far := of.depths(crest)
	body, peak := of.flow(far, crest)
	var all = make([]border, len(peak))
	area := c.blockMM2()
	for k, b := range body {
		if b < 0 {
			continue
		}
		a := &all[b]
		a.blocks++
		if far[k] >= coreDepth*peak[b] {
			a.core = append(a.core, int(c.hu[of.at[k]]))
		}
		for _, d := range sixFaces {
			if next, in, _ := of.beside(k, d); in && body[next] >= 0 && body[next] != b {
				a.seam += area
				break
			}
		}
	}
	s.borders(of, r, body, all)
	blood, bone, pure = c.empty(), c.empty(), true
	for k, b := range body {
		if b >= 0 && all[b].naked() && float64(all[b].blocks)*c.voxelML() >= poolML {
			pure = pure && all[b].share() >= pureShare
			blood.put(of.at[k])
		} else {
			bone.put(of.at[k])
		}
	}
	return blood, bone, pure
}

// border is what is known of a body: its blocks, the densities of its inside, and mm² of
// its border without a shell, with one, and against other bodies.
type border struct {
	blocks            int
	core              []int
	free, shell, seam float64
}

func (b *border) share() float64 { return b.free / max(1, b.free+b.shell+b.seam) }
func (b *border) naked() bool    { return b.free >= nakedMM2 && b.share() >= nakedShare }

// borders looks at the rays of each body, those together that are near each other. The
// inside is that of the body, so that a vessel may be narrower than where a ray looks for
// the inside.
func (s *scan) borders(of *lump, r *rays, body []int32, all []border) {
	c := of.c
	inside := make([]int, len(all))
	for b := range all {
		if len(all[b].core) > 0 {
			slices.Sort(all[b].core)
			inside[b] = median(all[b].core)
		}
	}
	type spot struct {
		cube [3]int
		body int32
	}
	lines := map[spot][]line{} // only looked up
	var order []spot
	edge := max(cellMM, cellBlocks*max(c.spacing[0], c.spacing[1], c.spacing[2]))
	for _, l := range r.lines {
		x, y, z := of.local(l.block)
		at := spot{body: body[of.place[x+of.n[0]*(y+of.n[1]*z)]-1]}
		if at.body < 0 {
			continue
		}
		for a := range 3 {
			at.cube[a] = int(l.from[a] / edge)
		}
		if lines[at] == nil {
			order = append(order, at)
		}
		lines[at] = append(lines[at], l)
	}
	for _, at := range order {
		b, n := &all[at.body], len(lines[at])
		switch hu := inside[at.body]; {
		case n < fewLines:
		case hu < spongyMost && s.rim(lines[at])-hu >= shellHU+hu/shellPart:
			b.shell += float64(n) * c.blockMM2()
		default:
			b.free += float64(n) * c.blockMM2()
		}
	}
}

// rim is the density of a shell below the border that rays have met: at each depth that
// of six in ten of them, the greatest.
func (s *scan) rim(lines []line) int {
	step := max(stepMM, min(s.spacing[0], s.spacing[1], s.spacing[2]))
	most := math.MinInt16
	var hu []int16
	for depth := 0.0; depth <= rimMM; depth += step {
		hu = hu[:0]
		for _, l := range lines {
			if at, in := s.index(l.at(l.border - depth)); in {
				hu = append(hu, s.hu[at])
			}
		}
		if len(hu) >= fewLines {
			slices.Sort(hu)
			most = max(most, int(hu[len(hu)*rimPercentile/100]))
		}
	}
	return most
}

// depths is how far each block lies from the border of the region and from crests, in
// mm, by steps between neighbours, from before and from behind (Borgefors 1986, doi
// 10.1016/S0734-189X(86)80047-0). What the scan cuts goes on outside.
func (s *lump) depths(crest int16) []float64 {
	far := make([]float64, len(s.at))
	var mm [len(half)]float64
	for n, d := range half {
		mm[n] = norm([3]float64{float64(d[0]) * s.c.spacing[0], float64(d[1]) * s.c.spacing[1], float64(d[2]) * s.c.spacing[2]})
	}
	for k := range far {
		if s.height[k] < crest {
			far[k] = math.Inf(1)
		}
	}
	for _, sign := range [2]int{1, -1} {
		for n := range far {
			k := n
			if sign < 0 {
				k = len(far) - 1 - n
			}
			for m, d := range half {
				switch next, in, seen := s.beside(k, [3]int{sign * d[0], sign * d[1], sign * d[2]}); {
				case in:
					far[k] = min(far[k], far[next]+mm[m])
				case seen:
					far[k] = min(far[k], mm[m]/2)
				}
			}
		}
	}
	return far
}

// flow gives each block to a body: the deepest first, each to its deepest neighbour's.
// Two bodies that meet where one of them is hardly deeper are one. Crests go with a body
// beside them. Body is -1 where there is none, peak the greatest depth of each.
func (s *lump) flow(far []float64, crest int16) (body []int32, peak []float64) {
	order, crests := make([]int32, 0, len(far)), []int32{}
	body = make([]int32, len(far))
	for k := range far {
		body[k] = -1
		if s.height[k] >= crest {
			crests = append(crests, int32(k))
		} else {
			order = append(order, int32(k))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(far[b], far[a]) })
	var parent []int32
	root := func(b int32) int32 {
		for parent[b] != b {
			parent[b] = parent[parent[b]]
			b = parent[b]
		}
		return b
	}
	for _, k := range order {
		best := int32(-1)
		for _, d := range sixFaces {
			next, in, _ := s.beside(int(k), d)
			if !in || body[next] < 0 {
				continue
			}
			b := root(body[next])
			switch {
			case best < 0:
				best = b
			case b != best && min(peak[b], peak[best])-far[k] < neckMM:
				if peak[b] > peak[best] {
					b, best = best, b
				}
				parent[b] = best
			}
		}
		if best < 0 {
			best = int32(len(parent))
			parent, peak = append(parent, best), append(peak, far[k])
		}
		body[k] = best
	}
	slices.SortStableFunc(crests, func(a, b int32) int { return cmp.Compare(s.height[a], s.height[b]) })
	for range crestSteps {
		var left, to []int32
		for _, k := range crests {
			best := int32(-1)
			for _, d := range sixFaces {
				if next, in, _ := s.beside(int(k), d); in && body[next] >= 0 {
					best = body[next]
					break
				}
			}
			if left = append(left, k); best >= 0 {
				left = left[:len(left)-1]
				to = append(to, k, best)
			}
		}
		for n := 0; n < len(to); n += 2 {
			body[to[n]] = to[n+1]
		}
		crests = left
	}
	for k, b := range body {
		if b >= 0 {
			body[k] = root(b)
		}
	}
	return body, peak
}

// crestSteps is how many blocks thick a crest may be.
const crestSteps = 8
