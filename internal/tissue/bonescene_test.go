package tissue

import (
	"math"
	"math/rand"
	"runtime"
	"sync"

	"github.com/iris-oculus/iris/internal/volume"
)

// A scene is a piece of a body, painted solid by solid; places are in mm. The
// first solid that holds a spot gives its material.
type scene struct {
	half   [3]float64 // the field reaches from -half to half
	solids []solid
}

// A solid is a depth (mm below its surface, negative outside) and what it is
// made of at each depth.
type solid struct {
	kind  kind
	depth func(p spot) float64
	hu    func(depth float64) float64
}

type spot struct{ x, y, z float64 }

// kind is what a solid counts as.
type kind uint8

const (
	soft kind = iota
	hard      // bone, with what it encloses
	blood
	metal
	marrow // of a shaft that the end of the scan cuts: filled or not, both are right
)

func even(hu float64) func(float64) float64 { return func(float64) float64 { return hu } }

// shelled is spongy bone in a shell of compact bone.
func shelled(spongy, compact, mm float64) func(float64) float64 {
	return func(depth float64) float64 {
		if depth < mm {
			return compact
		}
		return spongy
	}
}

func ellipsoid(x, y, z, a, b, c float64) func(spot) float64 {
	return func(p spot) float64 {
		r := math.Sqrt((p.x-x)*(p.x-x)/(a*a) + (p.y-y)*(p.y-y)/(b*b) + (p.z-z)*(p.z-z)/(c*c))
		return (1 - r) * min(a, b, c)
	}
}

// column is an elliptic cylinder along z from z0 to z1.
func column(x, y, a, b, z0, z1 float64) func(spot) float64 {
	return func(p spot) float64 {
		r := math.Sqrt((p.x-x)*(p.x-x)/(a*a) + (p.y-y)*(p.y-y)/(b*b))
		return min((1-r)*min(a, b), p.z-z0, z1-p.z)
	}
}

// plate is a box around (x, y, z) with half lengths a, b, c.
func plate(x, y, z, a, b, c float64) func(spot) float64 {
	return func(p spot) float64 {
		return min(a-math.Abs(p.x-x), b-math.Abs(p.y-y), c-math.Abs(p.z-z))
	}
}

// flesh is what surrounds everything: muscle in fat, in air.
func flesh(a, b float64) []solid {
	return []solid{
		{soft, column(0, 0, a-8, b-8, -1e3, 1e3), even(50)},
		{soft, column(0, 0, a, b, -1e3, 1e3), even(-100)},
	}
}

const airHU = -1000

// at is the solid at a spot, -1 for air, and its HU.
func (sc *scene) at(p spot) (int, float64) {
	for n := range sc.solids {
		if d := sc.solids[n].depth(p); d >= 0 {
			return n, sc.solids[n].hu(d)
		}
	}
	return -1, airHU
}

// A scanner sees a scene: cubic voxels, the blur of its aperture, noise.
type scanner struct {
	mm, noise float64
	seed      int64
}

// apertureMM is how wide a spot a CT's value is the mean of, at least.
const apertureMM = 0.9

// A shot is a scan of a scene and, voxel by voxel, the kinds in it.
type shot struct {
	*volume.Volume
	kinds []kind // of the most part of the voxel
}

// see samples each voxel at 4 × 4 × 4 places where it is not of one material.
// The kind of a voxel is that of half of it or more: truth on the voxel grid.
func (sc *scene) see(by scanner) *shot {
	v := &volume.Volume{}
	for a, h := range sc.half {
		v.Dims[a] = max(2, int(math.Round(2*h/by.mm)))
		v.Affine[a][a], v.Affine[a][3] = by.mm, -by.mm*float64(v.Dims[a]-1)/2
	}
	v.Voxels = make([]int16, v.Len())
	out := &shot{v, make([]kind, v.Len())}
	wide := max(by.mm, apertureMM)
	var wg sync.WaitGroup
	next := make(chan int, v.Dims[2])
	for k := range v.Dims[2] {
		next <- k
	}
	close(next)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for k := range next {
				sc.slice(out, k, wide, by)
			}
		})
	}
	wg.Wait()
	return out
}

func (sc *scene) slice(out *shot, k int, wide float64, by scanner) {
	rng := rand.New(rand.NewSource(by.seed<<20 + int64(k)))
	v := out.Volume
	for n := k * v.Dims[0] * v.Dims[1]; n < (k+1)*v.Dims[0]*v.Dims[1]; n++ {
		w := v.Affine.Apply([3]float64{float64(n % v.Dims[0]), float64(n / v.Dims[0] % v.Dims[1]), float64(k)})
		hu, what := sc.voxel(spot{w[0], w[1], w[2]}, wide, by.mm)
		if by.noise > 0 {
			hu += by.noise * rng.NormFloat64()
		}
		v.Voxels[n] = int16(math.Round(min(max(hu, -1024), 3071)))
		out.kinds[n] = what
	}
}

// voxel is the mean HU of an aperture, and the kind of most of the voxel.
func (sc *scene) voxel(p spot, wide, mm float64) (float64, kind) {
	first, hu := sc.at(p)
	mixed := false
	for c := range 8 {
		q := spot{p.x + wide*(float64(c&1)-.5), p.y + wide*(float64(c>>1&1)-.5), p.z + wide*(float64(c>>2)-.5)}
		if n, h := sc.at(q); n != first || h != hu {
			mixed = true
			break
		}
	}
	if !mixed {
		return hu, sc.kind(first)
	}
	const steps = 4
	sum := 0.0
	var count [marrow + 1]int
	for c := range steps * steps * steps {
		at := func(n int) float64 { return (float64(n)+.5)/steps - .5 }
		dx, dy, dz := at(c%steps), at(c/steps%steps), at(c/steps/steps)
		_, h := sc.at(spot{p.x + wide*dx, p.y + wide*dy, p.z + wide*dz})
		sum += h
		n, _ := sc.at(spot{p.x + mm*dx, p.y + mm*dy, p.z + mm*dz})
		count[sc.kind(n)]++
	}
	best := soft
	for k := hard; k <= marrow; k++ {
		if 2*count[k] >= steps*steps*steps {
			best = k
		}
	}
	return sum / (steps * steps * steps), best
}

func (sc *scene) kind(n int) kind {
	if n < 0 {
		return soft
	}
	return sc.solids[n].kind
}

// ml is how much of a kind there is, on the voxel grid.
func (s *shot) ml(of kind) float64 {
	n := 0
	for _, k := range s.kinds {
		if k == of {
			n++
		}
	}
	return float64(n) * s.Affine.VoxelML()
}

// found is the ml of each kind that was labelled bone.
func (s *shot) found(m *volume.LabelMap) (out [marrow + 1]float64) {
	for n, l := range m.U8 {
		if l == Bone {
			out[s.kinds[n]] += s.Affine.VoxelML()
		}
	}
	return out
}

// boneOf is the densities in HU and the shell in mm of a phantom's bones.
type boneOf struct{ spongy, compact, shell float64 }

// thigh is a femoral head on a shaft that the lower end of the scan cuts.
func thigh(b boneOf, with ...solid) *scene {
	canal := solid{marrow, column(0, 0, 7, 7, -1e3, -5), even(-40)}
	return &scene{[3]float64{52, 52, 56}, append(append(with,
		canal,
		solid{hard, ellipsoid(0, 0, 20, 24, 24, 24), shelled(b.spongy, b.compact, b.shell)},
		solid{hard, column(0, 0, 14, 14, -1e3, 10), even(b.compact)},
	), flesh(51, 51)...)}
}

// spine is two vertebrae with a disc between them, pedicles and an arch.
func spine(b boneOf, with ...solid) *scene {
	material := shelled(b.spongy, b.compact, b.shell)
	return &scene{[3]float64{62, 56, 36}, append(append(with,
		solid{soft, column(0, -20, 9, 8, -1e3, 1e3), even(30)}, // spinal canal
		solid{hard, column(0, 2, 22, 16, -44, -4), material},
		solid{hard, column(0, 2, 22, 16, 4, 44), material},
		solid{hard, column(0, -22, 16, 14, -30, -8), material},
		solid{hard, column(0, -22, 16, 14, 8, 30), material},
		solid{soft, column(0, 2, 22, 16, -34, 34), even(80)},
	), flesh(61, 55)...)}
}

// chestWall is a breastbone and ribs beside a heart.
func chestWall(b boneOf, with ...solid) *scene {
	material := shelled(b.spongy, b.compact, b.shell)
	bones := []solid{{hard, plate(0, 40, 0, 18, 6, 40), material}}
	for z := -30.0; z <= 30; z += 20 {
		bones = append(bones, solid{hard, plate(46, 20, z, 4, 18, 5), material}, solid{hard, plate(-46, 20, z, 4, 18, 5), material})
	}
	return &scene{[3]float64{66, 60, 44}, append(append(with, bones...), flesh(65, 59)...)}
}

// pelvisSide is a socket with a bladder beside it.
func pelvisSide(b boneOf, with ...solid) *scene {
	material := shelled(b.spongy, b.compact, b.shell)
	return &scene{[3]float64{70, 52, 46}, append(append(with,
		solid{hard, ellipsoid(-38, 0, 0, 22, 24, 28), material},
		solid{hard, plate(-14, 30, -10, 22, 8, 12), material},
	), flesh(69, 51)...)}
}
