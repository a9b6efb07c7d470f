package j2k

import "math"

// Sub-bands (B.5): bit 0 says high-pass in x, bit 1 in y.
const (
	bandLL = iota
	bandHL
	bandLH
	bandHH
)

// maxPlanes is how many magnitude bit-planes a sample of 32 bits holds beside its sign
// and the half step below its lowest plane.
const maxPlanes = 30

// decomposition is a tile of the one component, taken apart into resolutions and their
// sub-bands (B.5).
type decomposition struct {
	params      *params
	resolutions []resolution
}

// resolution is one resolution of a tile (B.5), with the precincts over it (B.6).
type resolution struct {
	rect
	level     int     // decompositions below the tile's full resolution
	bands     []*band // LL alone, or HL, LH and HH
	px, py    uint    // exponents of the precinct's size
	wide      int     // precincts
	high      int
	precincts []*precinct // nil until a packet that is not empty came
	next      []uint16    // the layer that is next for each precinct
}

// band is a sub-band of a resolution (equation B-15).
type band struct {
	rect
	kind   int
	planes int     // magnitude bit-planes, Mb of equation E-2, with the region of interest's shift
	step   float32 // half the quantization step, with the wavelet's scaling; 9/7 only
	start  int     // of its samples among those of the tile
}

// precinct holds, for each sub-band of its resolution, the code-blocks within it.
type precinct struct{ grids [3]grid }

// grid is the code-blocks of one sub-band in one precinct (B.7), row by row.
type grid struct {
	wide, high      int
	blocks          []block
	inclusion, zero tagTree
}

// decompose lays out a tile over area.
func decompose(area rect, p *params, precision int) (*decomposition, error) {
	c := &p.coding
	d := &decomposition{params: p, resolutions: make([]resolution, c.levels+1)}
	start := 0
	for i := range d.resolutions {
		r := &d.resolutions[i]
		r.level = c.levels - i
		n := uint(r.level)
		r.rect = rect{ceilShift(area.x0, n), ceilShift(area.y0, n), ceilShift(area.x1, n), ceilShift(area.y1, n)}
		r.px, r.py = uint(c.precincts[i][0]), uint(c.precincts[i][1])
		if !r.empty() { // equation B-16
			r.wide = ceilShift(r.x1, r.px) - r.x0>>r.px
			r.high = ceilShift(r.y1, r.py) - r.y0>>r.py
		}
		kinds := []int{bandHL, bandLH, bandHH}
		if i == 0 {
			kinds = kinds[:1:1]
			kinds[0] = bandLL
		}
		for j, kind := range kinds {
			b, err := newBand(area, p, i, 3*max(i-1, 0)+j+min(i, 1), kind, precision)
			if err != nil {
				return nil, err
			}
			b.start = start
			start += b.width() * b.height()
			r.bands = append(r.bands, b)
		}
	}
	return d, nil
}

// The work that a tile's passes may be, in samples that they visit. T.800 bounds a
// code-block's bit-planes by what its header claims, up to maxPlanes, and bytes that are
// missing are read as ones, so that a few bytes may ask for all of them. Samples have no
// more planes than their precision, the gain of the wavelet and the guard bits need,
// on the average over a tile. A finer quantization has more; they are noise, at about a
// bit of the stream a visit or more, unless the image is flat.
const (
	planesBeyond  = 6  // above the precision
	visitsPerByte = 64 // for quantization finer than that
)

// bears says whether the passes of a tile of n samples are no more work than such samples
// and the bytes of its code-blocks can be.
func (d *decomposition) bears(n, precision int) bool {
	left := 3 * (precision + planesBeyond) * n
	for i := range d.resolutions {
		for _, pr := range d.resolutions[i].precincts {
			if pr == nil {
				continue
			}
			for j := range pr.grids {
				for k := range pr.grids[j].blocks {
					bl := &pr.grids[j].blocks[k]
					if bl.style(d.params.coding.style)&styleHT != 0 {
						continue // one set of three passes is decoded of all
					}
					left -= int(bl.passes) * int(bl.wide) * int(bl.high)
					for _, s := range bl.segments {
						left += visitsPerByte * int(s.length)
					}
				}
			}
		}
	}
	return left >= 0
}

// newBand lays out sub-band number index, of a kind, of resolution res.
func newBand(area rect, p *params, res, index, kind, precision int) (*band, error) {
	n := uint(p.coding.levels - max(res-1, 0))
	b := &band{kind: kind}
	x, y := 0, 0 // equation B-15
	if n > 0 {
		x, y = kind&1<<(n-1), kind>>1<<(n-1)
	}
	b.rect = rect{ceilShift(area.x0-x, n), ceilShift(area.y0-y, n), ceilShift(area.x1-x, n), ceilShift(area.y1-y, n)}
	if b.empty() {
		b.rect = rect{b.x0, b.y0, b.x0, b.y0}
	}
	s, ok := p.quantization.step(index)
	if !ok {
		return nil, corrupt("has %d quantization steps for %d decompositions", len(p.quantization.steps), p.coding.levels)
	}
	b.planes = max(p.quantization.guard+s.exponent-1, 0) + p.roiShift
	if !p.coding.reversible {
		// Equation E-3, with the gain of table E.1. The 9/7 filters multiply low-pass samples
		// by K and high-pass samples by 1/K in each direction and at each level (F.3.8.2);
		// that is linear and can be done here.
		gain := float64(kind&1 + kind>>1)
		b.step = float32(0.5 * math.Exp2(float64(precision)+gain-float64(s.exponent)) * (1 + float64(s.mantissa)/2048) *
			math.Pow(scaleK, 2*float64(int(n)-int(gain))))
	}
	return b, nil
}

// rows is where row i of the precincts begins on the reference grid, for the orders by
// position (B.12.1.3).
func (r *resolution) rowAt(i, tileY int) int { return position(r.y0, r.py, i, uint(r.level), tileY) }

func (r *resolution) columnAt(i, tileX int) int {
	return position(r.x0, r.px, i, uint(r.level), tileX)
}

func position(from int, exponent uint, i int, level uint, tile int) int {
	at := (from>>exponent + i) << exponent
	if at < from {
		return tile
	}
	return at << level
}

// precinct is precinct number i, laid out at its first use.
func (r *resolution) precinct(i int, c *coding) *precinct {
	if r.precincts[i] != nil {
		return r.precincts[i]
	}
	p := &precinct{}
	px, py := r.px, r.py
	if r.bands[0].kind != bandLL {
		px, py = px-1, py-1
	}
	for j, b := range r.bands {
		// B-17 and B-18: code-blocks are no larger than precincts.
		bx, by := min(c.blockX, px), min(c.blockY, py)
		x, y := r.x0>>r.px+i%r.wide, r.y0>>r.py+i/r.wide
		area := rect{max(x<<px, b.x0), max(y<<py, b.y0), min((x+1)<<px, b.x1), min((y+1)<<py, b.y1)}
		if area.empty() {
			continue
		}
		g := &p.grids[j]
		left, top := area.x0>>bx, area.y0>>by
		g.wide, g.high = ceilShift(area.x1, bx)-left, ceilShift(area.y1, by)-top
		g.inclusion, g.zero = newTagTree(g.wide, g.high), newTagTree(g.wide, g.high)
		g.blocks = make([]block, g.wide*g.high)
		for k := range g.blocks {
			x, y := (left+k%g.wide)<<bx, (top+k/g.wide)<<by
			x0, y0 := max(x, area.x0), max(y, area.y0)
			g.blocks[k] = block{
				x: int32(x0 - b.x0), y: int32(y0 - b.y0),
				wide: int16(min(x+1<<bx, area.x1) - x0), high: int16(min(y+1<<by, area.y1) - y0),
			}
		}
	}
	r.precincts[i] = p
	return p
}
