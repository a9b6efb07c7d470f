package phantom

import "math"

// point is a position in mm: x to the patient's right, y anterior, z superior,
// from the centre of the scan, in the measures of an adult.
type point [3]float64

// shape is a solid of one or two densities that is painted over what is there.
type shape interface {
	// bounds is a box around the solid.
	bounds() (low, high point)
	// at is the density at p in HU; false outside.
	at(p point) (float64, bool)
}

// ellipsoid has a rim of the given thickness in mm; without one it is hu throughout.
type ellipsoid struct {
	centre, radii point
	hu            float64
	rim, rimHU    float64
}

func (e ellipsoid) bounds() (low, high point) {
	for n := range 3 {
		low[n], high[n] = e.centre[n]-e.radii[n], e.centre[n]+e.radii[n]
	}
	return low, high
}

func (e ellipsoid) at(p point) (float64, bool) {
	sum, smallest := 0.0, math.Inf(1)
	for n := range 3 {
		d := (p[n] - e.centre[n]) / e.radii[n]
		sum += d * d
		smallest = min(smallest, e.radii[n])
	}
	switch {
	case sum > 1:
		return 0, false
	case (1-math.Sqrt(sum))*smallest < e.rim:
		return e.rimHU, true
	}
	return e.hu, true
}

// tube is a round rod between two points, ends rounded, its radius changing
// evenly; a wall of the given thickness lies around it.
type tube struct {
	from, to   point
	r0, r1     float64
	hu         float64
	wall       float64
	wallHU     float64
	lumenAlone bool // paint no wall: a second pass over a wall painted before
}

func (t tube) bounds() (low, high point) {
	r := max(t.r0, t.r1) + t.wall
	for n := range 3 {
		low[n], high[n] = min(t.from[n], t.to[n])-r, max(t.from[n], t.to[n])+r
	}
	return low, high
}

func (t tube) at(p point) (float64, bool) {
	var along, length2 float64
	for n := range 3 {
		d := t.to[n] - t.from[n]
		along += d * (p[n] - t.from[n])
		length2 += d * d
	}
	f := max(0, min(1, along/length2))
	distance2 := 0.0
	for n := range 3 {
		d := p[n] - t.from[n] - f*(t.to[n]-t.from[n])
		distance2 += d * d
	}
	r := t.r0 + f*(t.r1-t.r0)
	switch {
	case distance2 <= r*r:
		return t.hu, true
	case !t.lumenAlone && distance2 <= (r+t.wall)*(r+t.wall):
		return t.wallHU, true
	}
	return 0, false
}

// clipped is a shape cut by a condition.
type clipped struct {
	shape
	keep func(point) bool
}

func (c clipped) at(p point) (float64, bool) {
	hu, ok := c.shape.at(p)
	return hu, ok && c.keep(p)
}
