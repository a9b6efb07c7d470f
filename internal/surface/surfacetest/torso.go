package surfacetest

import (
	"math"

	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// A part is a structure's piece of the torso: an ellipsoid or a tube, its
// boundary made uneven by smooth noise. Lengths are parts of the torso's box.
type part struct {
	label  uint8
	a, b   [3]float64 // centre of an ellipsoid (equal), or ends of a tube
	radius [3]float64 // millimetres; a tube's is radius[0]
	rough  float64    // millimetres
}

// Torso is a label map of 112 structures that touch and cut each other: organs,
// vertebrae, 24 ribs, vessels, muscles, nodules. It fills about a sixth of the
// box, as a real segmentation does.
func Torso(dims [3]int, spacing [3]float64) *volume.LabelMap {
	m := &volume.LabelMap{Dims: dims}
	for axis := range 3 {
		m.Affine[axis][axis] = spacing[axis]
	}
	m.U8 = make([]uint8, m.Len())
	parts := torsoParts()
	work.Share(work.Workers(0, dims[2]), dims[2], func(_, z int) {
		for i := range parts {
			paint(m, spacing, &parts[i], z)
		}
	})
	return m
}

func torsoParts() (parts []part) {
	next := uint8(0)
	structure := func() uint8 { next++; return next }
	blob := func(x, y, z, rx, ry, rz, rough float64) {
		c := [3]float64{x, y, z}
		parts = append(parts, part{label: structure(), a: c, b: c, radius: [3]float64{rx, ry, rz}, rough: rough})
	}
	tube := func(label uint8, radius, rough float64, steps int, at func(t float64) [3]float64) {
		for i := range steps {
			a, b := at(float64(i)/float64(steps)), at(float64(i+1)/float64(steps))
			parts = append(parts, part{label: label, a: a, b: b, radius: [3]float64{radius, radius, radius}, rough: rough})
		}
	}
	for _, side := range []float64{-1, 1} {
		blob(0.5+side*0.17, 0.5, 0.82, 52, 78, 70, 2.5) // lungs, three lobes a side
		blob(0.5+side*0.17, 0.46, 0.72, 54, 80, 60, 2.5)
		blob(0.5+side*0.17, 0.54, 0.64, 54, 82, 66, 2.5)
		blob(0.5+side*0.14, 0.64, 0.42, 28, 26, 55, 1.5)  // kidney
		blob(0.5+side*0.15, 0.63, 0.53, 12, 8, 16, 1)     // adrenal gland
		blob(0.5+side*0.26, 0.85, 0.10, 52, 38, 62, 2)    // muscles of the hip
		blob(0.5+side*0.34, 0.74, 0.13, 26, 40, 42, 1.5)  //
		blob(0.5+side*0.24, 0.60, 0.14, 30, 52, 62, 1.2)  // hip
		blob(0.5+side*0.29, 0.55, 0.065, 24, 24, 40, 0.6) // femur
		blob(0.5+side*0.30, 0.76, 0.83, 42, 9, 62, 1)     // scapula
		blob(0.5+side*0.40, 0.60, 0.90, 25, 25, 26, 0.8)  // humerus
		tube(structure(), 21, 1.5, 16, func(t float64) [3]float64 { return [3]float64{0.5 + side*0.085, 0.855, 0.17 + 0.75*t} })
		tube(structure(), 19, 1.5, 16, func(t float64) [3]float64 { return [3]float64{0.5 + side*(0.10+0.12*t), 0.66 - 0.14*t, 0.42 - 0.38*t} })
		tube(structure(), 7, 0.4, 8, func(t float64) [3]float64 { return [3]float64{0.5 + side*(0.03+0.08*t), 0.57, 0.19 - 0.12*t} })
		tube(structure(), 4.5, 0.3, 10, func(t float64) [3]float64 { return [3]float64{0.5 + side*(0.02+0.05*t), 0.47, 0.86 + 0.13*t} })
		tube(structure(), 7, 0.6, 10, func(t float64) [3]float64 { return [3]float64{0.5 + side*(0.05+0.3*t), 0.33 + 0.25*t*t, 0.935} })
	}
	blob(0.55, 0.40, 0.68, 56, 50, 60, 1.5) // heart
	blob(0.58, 0.42, 0.66, 30, 28, 34, 1)
	blob(0.36, 0.46, 0.50, 85, 75, 75, 3)   // liver
	blob(0.44, 0.36, 0.46, 18, 18, 30, 1)   // gallbladder
	blob(0.73, 0.60, 0.51, 30, 40, 55, 2)   // spleen
	blob(0.63, 0.40, 0.50, 50, 38, 55, 2.5) // stomach
	blob(0.5, 0.42, 0.09, 42, 38, 34, 1)    // bladder
	blob(0.5, 0.52, 0.05, 24, 20, 20, 1)    // prostate
	blob(0.5, 0.72, 0.115, 52, 26, 38, 1.5) // sacrum
	blob(0.5, 0.48, 0.995, 70, 85, 20, 1)   // base of the skull, cut by the border
	tube(structure(), 13, 2, 12, func(t float64) [3]float64 {
		return [3]float64{0.42 + 0.22*t, 0.47 + 0.03*math.Sin(6*t), 0.455 + 0.04*t}
	})
	tube(structure(), 13, 2.5, 260, func(t float64) [3]float64 { // small bowel
		return [3]float64{0.5 + 0.14*math.Sin(47*t), 0.40 + 0.09*math.Cos(31*t), 0.20 + 0.17*t + 0.02*math.Sin(90*t)}
	})
	tube(structure(), 22, 3, 60, func(t float64) [3]float64 { // colon
		return [3]float64{0.5 - 0.22*math.Cos(math.Pi*t), 0.42 - 0.08*math.Sin(math.Pi*t), 0.18 + 0.24*math.Sin(math.Pi*t)}
	})
	tube(structure(), 14, 0.6, 40, func(t float64) [3]float64 { return [3]float64{0.54, 0.58, 0.18 + 0.66*t} }) // aorta
	tube(structure(), 13, 0.6, 20, func(t float64) [3]float64 { return [3]float64{0.45, 0.56, 0.20 + 0.5*t} })  // vena cava
	tube(structure(), 14, 0.8, 12, func(t float64) [3]float64 { return [3]float64{0.5, 0.47, 0.76 + 0.2*t} })   // trachea
	tube(structure(), 9, 1, 20, func(t float64) [3]float64 { return [3]float64{0.52, 0.55, 0.55 + 0.42*t} })    // oesophagus
	tube(structure(), 6.5, 0.4, 24, func(t float64) [3]float64 { return [3]float64{0.5, 0.77, 0.16 + 0.83*t} }) // cord
	for i := range 20 {                                                                                         // vertebrae
		l, z := structure(), 0.17+0.04*float64(i)
		tube(l, 19, 0.8, 1, func(t float64) [3]float64 { return [3]float64{0.5, 0.70, z + 0.018*t} })
		tube(l, 5, 0.6, 4, func(t float64) [3]float64 { return [3]float64{0.5, 0.74 + 0.1*t, z} })
		tube(l, 4, 0.6, 4, func(t float64) [3]float64 { return [3]float64{0.4 + 0.2*t, 0.78, z} })
	}
	for i := range 12 { // ribs
		for _, side := range []float64{-1, 1} {
			high, wide := 0.92-0.034*float64(i), 0.17+0.16*math.Sin(math.Pi*min(1, (float64(i)+1.5)/9))
			tube(structure(), 5.2, 0.7, 28, func(t float64) [3]float64 {
				a := math.Pi * (0.82*t - 0.5)
				return [3]float64{0.5 + side*(0.05+wide*math.Cos(a)), 0.52 - 0.27*math.Sin(a), high - 0.10*t}
			})
		}
	}
	for next < 112 { // nodules
		k := float64(next)
		blob(0.5+0.2*math.Sin(k*12.9), 0.45+0.1*math.Sin(k*7.7), 0.3+0.5*math.Abs(math.Sin(k*3.3)), 6+5*math.Abs(math.Sin(k)), 7, 8, 0.8)
	}
	return parts
}

// paint gives the voxels of slice z that lie in a part its label.
func paint(m *volume.LabelMap, spacing [3]float64, p *part, z int) {
	var size, a, b [3]float64
	var low, high [3]int
	for axis := range 3 {
		size[axis] = float64(m.Dims[axis]) * spacing[axis]
		a[axis], b[axis] = p.a[axis]*size[axis], p.b[axis]*size[axis]
		reach := p.radius[axis] + 2*p.rough
		low[axis] = max(0, int((min(a[axis], b[axis])-reach)/spacing[axis]))
		high[axis] = min(m.Dims[axis]-1, int((max(a[axis], b[axis])+reach)/spacing[axis])+1)
	}
	if z < low[2] || z > high[2] {
		return
	}
	for y := low[1]; y <= high[1]; y++ {
		row := m.U8[(z*m.Dims[1]+y)*m.Dims[0]:]
		for x := low[0]; x <= high[0]; x++ {
			at := [3]float64{(float64(x) + 0.5) * spacing[0], (float64(y) + 0.5) * spacing[1], (float64(z) + 0.5) * spacing[2]}
			d := p.distance(at, a, b)
			if math.Abs(d) < 2*p.rough {
				d += p.rough * (noise(at, 14) + 0.5*noise(at, 5))
			}
			if d < 0 {
				row[x] = p.label
			}
		}
	}
}

// distance is negative inside a part, about in millimetres.
func (p *part) distance(at, a, b [3]float64) float64 {
	if p.a == p.b {
		sum := 0.0
		for axis := range 3 {
			d := (at[axis] - a[axis]) / p.radius[axis]
			sum += d * d
		}
		return (math.Sqrt(sum) - 1) * min(p.radius[0], p.radius[1], p.radius[2])
	}
	along, length := 0.0, 0.0
	for axis := range 3 {
		along += (b[axis] - a[axis]) * (at[axis] - a[axis])
		length += (b[axis] - a[axis]) * (b[axis] - a[axis])
	}
	t := max(0, min(1, along/length))
	sum := 0.0
	for axis := range 3 {
		d := at[axis] - a[axis] - t*(b[axis]-a[axis])
		sum += d * d
	}
	return math.Sqrt(sum) - p.radius[0]
}

// noise is smooth value noise between -1 and 1 with features of a period's size.
func noise(at [3]float64, period float64) float64 {
	var cell [3]int32
	var t [3]float64
	for axis := range 3 {
		f := math.Floor(at[axis] / period)
		cell[axis] = int32(f)
		u := at[axis]/period - f
		t[axis] = u * u * (3 - 2*u)
	}
	sum := 0.0
	for c := range int32(8) {
		x, y, z := c&1, c>>1&1, c>>2
		share := weight(t[0], x) * weight(t[1], y) * weight(t[2], z)
		sum += share * lattice(cell[0]+x, cell[1]+y, cell[2]+z)
	}
	return sum
}

func weight(t float64, high int32) float64 {
	if high == 1 {
		return t
	}
	return 1 - t
}

// lattice is a hash of a lattice point, between -1 and 1.
func lattice(x, y, z int32) float64 {
	h := uint32(x)*0x8da6b343 ^ uint32(y)*0xd8163841 ^ uint32(z)*0xcb1ab31f
	h ^= h >> 13
	h *= 0x5bd1e995
	h ^= h >> 15
	h *= 0x27d4eb2d
	h ^= h >> 13
	return float64(h)/(1<<31) - 1
}
