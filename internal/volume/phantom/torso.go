// Package phantom makes a synthetic CT of a human trunk with skin, fat, muscle, ribs,
// spine, lungs, airways, heart and abdominal organs, lying on a table. In: dims and
// spacing in mm. Out: a volume in Hounsfield units. It holds no patient's data and is
// the same on every run. No errors.
package phantom

import (
	"runtime"
	"sync"

	"github.com/iris-oculus/iris/internal/volume"
)

// fieldMM is the width of the scan that the measures of the anatomy are made
// for; another width scales the whole person.
const fieldMM = 400

// noiseHU is the standard deviation of the noise.
const noiseHU = 9

// Torso is a CT of the trunk on a grid of dims voxels, spacing mm apart, axes
// along RAS, the grid's centre at the origin. Dims must be positive. The person
// fills the narrower of width and depth; a short grid shows a part of the trunk.
func Torso(dims [3]int, spacing float64) *volume.Volume {
	return Enhanced(dims, spacing, bloodHU)
}

// Enhanced is Torso with contrast medium: heart and vessels have the density blood
// in HU.
func Enhanced(dims [3]int, spacing float64, blood int) *volume.Volume {
	p := painted(dims, spacing, float64(blood))
	blur(p.Volume)
	p.slices(p.noise)
	return p.Volume
}

// painted is the anatomy before the scanner sees it: each voxel has the density at
// its centre.
func painted(dims [3]int, spacing, blood float64) *painter {
	v := &volume.Volume{Dims: dims, Voxels: make([]int16, dims[0]*dims[1]*dims[2])}
	for a := range 3 {
		v.Affine[a][a] = spacing
		v.Affine[a][3] = -spacing * float64(dims[a]-1) / 2
	}
	p := &painter{Volume: v, step: fieldMM / float64(min(dims[0], dims[1])), shapes: organs(blood)}
	p.slices(p.paint)
	return p
}

// Kind is what a voxel of the torso is.
type Kind uint8

const (
	Other Kind = iota
	Bone       // with its marrow
	Blood      // heart and vessels
)

// Kinds is the truth of Torso and Enhanced on a grid of dims voxels: what lies at
// the centre of each voxel.
func Kinds(dims [3]int) []Kind {
	const marked = 10 * cortexHU // of blood: no other density is as high
	out := make([]Kind, dims[0]*dims[1]*dims[2])
	for n, hu := range painted(dims, 1, marked).Voxels {
		switch {
		case hu >= marked:
			out[n] = Blood
		case hu >= marrowHU:
			out[n] = Bone
		}
	}
	return out
}

// painter fills one volume; its slices are independent.
type painter struct {
	*volume.Volume
	step   float64 // mm of the anatomy from voxel to voxel
	shapes []shape
}

// slices runs work for every slice, on all processors.
func (p *painter) slices(work func(k int)) {
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), p.Dims[2])
	for first := range workers {
		wg.Go(func() {
			for k := first; k < p.Dims[2]; k += workers {
				work(k)
			}
		})
	}
	wg.Wait()
}

// place is the anatomical position of an index along an axis, index the inverse.
func (p *painter) place(axis, n int) float64 {
	return (float64(n) - float64(p.Dims[axis]-1)/2) * p.step
}

func (p *painter) index(axis int, mm float64) float64 {
	return mm/p.step + float64(p.Dims[axis]-1)/2
}

func (p *painter) slice(k int) []int16 {
	n := p.Dims[0] * p.Dims[1]
	return p.Voxels[k*n : (k+1)*n]
}

func (p *painter) paint(k int) {
	slice, z := p.slice(k), p.place(2, k)
	width, deep := trunk(z)
	across := make([]float64, p.Dims[0])
	for i := range across {
		across[i] = squareness(p.place(0, i), width)
	}
	for j := range p.Dims[1] {
		along := squareness(p.place(1, j), deep)
		row := slice[j*p.Dims[0] : (j+1)*p.Dims[0]]
		for i := range row {
			at := point{p.place(0, i), p.place(1, j), z}
			if sum := across[i] + along; sum < 1 {
				row[i] = int16(wall(at, within(at, sum)))
			} else {
				row[i] = int16(table(at))
			}
		}
	}
	for _, s := range p.shapes {
		p.over(slice, z, s)
	}
}

// over paints the part of a shape that lies in the slice at height z.
func (p *painter) over(slice []int16, z float64, s shape) {
	low, high := s.bounds()
	if z < low[2] || z > high[2] {
		return
	}
	var first, last [2]int
	for a := range 2 {
		first[a] = max(0, int(p.index(a, low[a])))
		last[a] = min(p.Dims[a]-1, int(p.index(a, high[a]))+1)
	}
	for j := first[1]; j <= last[1]; j++ {
		for i := first[0]; i <= last[0]; i++ {
			if hu, in := s.at(point{p.place(0, i), p.place(1, j), z}); in {
				slice[i+j*p.Dims[0]] = int16(hu)
			}
		}
	}
}

// table is the density outside the trunk: a mattress and a shallow tray of
// carbon fibre below the patient, air elsewhere.
func table(p point) float64 {
	const half, top, thick = 185, -126, 12
	if p[0] < -half || p[0] > half {
		return air
	}
	surface := top + 16*sq(p[0]/half)
	switch below := surface - p[1]; {
	case below < -14 || below > thick:
		return air
	case below < 0:
		return foamHU
	case below < 2.5 || below > thick-2.5:
		return tableRimHU
	}
	return tableHU
}

// noise adds the scanner's noise: the sum of four hashed bytes less its mean is
// close to normal, and depends on nothing but the voxel's index.
func (p *painter) noise(k int) {
	slice := p.slice(k)
	first := uint64(k * len(slice))
	const deviation = 147.8 // √4 · 255/√12
	for n := range slice {
		h := mix(first + uint64(n))
		sum := int(h&255) + int(h>>8&255) + int(h>>16&255) + int(h>>24&255) - 510
		slice[n] = max(-1024, slice[n]+int16(float64(sum)*noiseHU/deviation))
	}
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
