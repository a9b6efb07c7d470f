package decimate

import "math"

// point is a position in millimetres, or a difference of two. It is a struct because
// the compiler keeps no arrays in registers.
type point struct{ x, y, z float32 }

func (p point) minus(q point) point { return point{p.x - q.x, p.y - q.y, p.z - q.z} }

func (p point) dot(q point) float32 { return p.x*q.x + p.y*q.y + p.z*q.z }

// steps is the sum of the lengths along the axes.
func (p point) steps() float32 {
	return float32(math.Abs(float64(p.x))) + float32(math.Abs(float64(p.y))) + float32(math.Abs(float64(p.z)))
}

func (p point) cross(q point) point {
	return point{p.y*q.z - p.z*q.y, p.z*q.x - p.x*q.z, p.x*q.y - p.y*q.x}
}

// quadric is a sum of weighted squared distances to planes and lines, as a function of
// the step d away from the vertex that has it: dᵀAd + 2b·d + c (Garland and Heckbert,
// "Surface simplification using quadric error metrics", 1997). It is counted from its
// own vertex, not from an origin, so that float32 is enough: a step is as short as an
// edge, and c, the error so far, is no difference of large numbers.
//
// The weight of a plane is the area of its triangle over that of a mean triangle of
// the mesh at the beginning. So the root of c is more than the distance to any plane of
// a triangle of mean size.
type quadric struct {
	xx, yy, zz, xy, xz, yz, bx, by, bz, c float32
}

// weight is that of all planes, twice that of all lines.
func (q *quadric) weight() float32 { return q.xx + q.yy + q.zz }

// along gives the value at the step t·e as s·t² + 2·g·t + c.
func (q *quadric) along(e point) (s, g float32) {
	s = e.x*(q.xx*e.x+2*(q.xy*e.y+q.xz*e.z)) + e.y*(q.yy*e.y+2*q.yz*e.z) + q.zz*e.z*e.z
	return s, q.bx*e.x + q.by*e.y + q.bz*e.z
}

// addPlane adds the plane through the vertex across n, which is weight times as long
// as it is to be squared: n nᵀ / length.
func (q *quadric) addPlane(n point, scale float32) {
	q.xx += scale * n.x * n.x
	q.yy += scale * n.y * n.y
	q.zz += scale * n.z * n.z
	q.xy += scale * n.x * n.y
	q.xz += scale * n.x * n.z
	q.yz += scale * n.y * n.z
}

// addLine adds the line through the vertex along e, with the weight scale·|e|².
func (q *quadric) addLine(e point, scale float32) {
	square := e.dot(e)
	q.xx += scale * (square - e.x*e.x)
	q.yy += scale * (square - e.y*e.y)
	q.zz += scale * (square - e.z*e.z)
	q.xy -= scale * e.x * e.y
	q.xz -= scale * e.x * e.z
	q.yz -= scale * e.y * e.z
}

// facePlane is the quadric of a triangle for each of its corners, as the arguments of
// addPlane; false when it has no area.
func facePlane(a, b, c point, perArea float32) (n point, scale float32, ok bool) {
	n = b.minus(a).cross(c.minus(a)) // twice the area long
	square := n.dot(n)
	if !(square > 0) {
		return n, 0, false
	}
	// area/mean · n nᵀ/|n|² = n nᵀ / (2·mean·|n|)
	return n, perArea / (2 * float32(math.Sqrt(float64(square)))), true
}

// form is a quadric in float64, counted from a point of its own: xᵀMx + 2B·x + C.
type form struct {
	xx, yy, zz, xy, xz, yz float64
	bx, by, bz, c          float64
}

// sum makes the form that of the quadrics of two vertices, the second of them d away from
// the first, counted from the first.
func (f *form) sum(first, second *quadric, d point) {
	dx, dy, dz := float64(d.x), float64(d.y), float64(d.z)
	xx, yy, zz := float64(second.xx), float64(second.yy), float64(second.zz)
	xy, xz, yz := float64(second.xy), float64(second.xz), float64(second.yz)
	ax, ay, az := xx*dx+xy*dy+xz*dz, xy*dx+yy*dy+yz*dz, xz*dx+yz*dy+zz*dz
	bx, by, bz := float64(second.bx), float64(second.by), float64(second.bz)
	f.xx, f.yy, f.zz = xx+float64(first.xx), yy+float64(first.yy), zz+float64(first.zz)
	f.xy, f.xz, f.yz = xy+float64(first.xy), xz+float64(first.xz), yz+float64(first.yz)
	f.bx, f.by, f.bz = bx-ax+float64(first.bx), by-ay+float64(first.by), bz-az+float64(first.bz)
	f.c = ax*dx + ay*dy + az*dz - 2*(bx*dx+by*dy+bz*dz) + float64(second.c) + float64(first.c)
}

// at is the value at x, and half the gradient there.
func (f *form) at(x, y, z float64) (value, gx, gy, gz float64) {
	ax, ay, az := f.xx*x+f.xy*y+f.xz*z, f.xy*x+f.yy*y+f.yz*z, f.xz*x+f.yz*y+f.zz*z
	value = ax*x + ay*y + az*z + 2*(f.bx*x+f.by*y+f.bz*z) + f.c
	return value, ax + f.bx, ay + f.by, az + f.bz
}

// pull makes the form another one and weight times the squared distance from a point.
func (f *form) pull(of *form, weight, x, y, z float64) {
	f.xx, f.yy, f.zz = of.xx+weight, of.yy+weight, of.zz+weight
	f.xy, f.xz, f.yz = of.xy, of.xz, of.yz
	f.bx, f.by, f.bz = of.bx-weight*x, of.by-weight*y, of.bz-weight*z
	f.c = of.c
}

// plane adds weight·(g·x - h)².
func (f *form) plane(weight, gx, gy, gz, h float64) {
	f.xx += weight * gx * gx
	f.yy += weight * gy * gy
	f.zz += weight * gz * gz
	f.xy += weight * gx * gy
	f.xz += weight * gx * gz
	f.yz += weight * gy * gz
	f.bx -= weight * h * gx
	f.by -= weight * h * gy
	f.bz -= weight * h * gz
}

// least is where the form is least; false when that is not one point, to rounding.
func (f *form) least() (x, y, z float64, ok bool) {
	cx, cy, cz := f.yy*f.zz-f.yz*f.yz, f.xz*f.yz-f.xy*f.zz, f.xy*f.yz-f.xz*f.yy
	det := f.xx*cx + f.xy*cy + f.xz*cz
	sum := f.xx + f.yy + f.zz
	// A relative determinant below this has lost most digits of float64.
	const flat = 1e-12
	if !(det > flat*sum*sum*sum) {
		return 0, 0, 0, false
	}
	dyy, dyz, dzz := f.xx*f.zz-f.xz*f.xz, f.xy*f.xz-f.xx*f.yz, f.xx*f.yy-f.xy*f.xy
	r := -1 / det
	return r * (cx*f.bx + cy*f.by + cz*f.bz), r * (cy*f.bx + dyy*f.by + dyz*f.bz), r * (cz*f.bx + dyz*f.by + dzz*f.bz), true
}
