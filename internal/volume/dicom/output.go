package dicom

import (
	"context"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/regrid"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// output takes the stack's planes in order, resamples them where needed, turns
// them to RAS and writes them.
type output struct {
	dims   [3]int // of the grid that is turned
	affine volume.Affine
	grid   *regrid.Grid // nil when the planes lie on the grid already
	fill   int16

	ctx     context.Context
	sampler *regrid.Sampler
	turn    volume.Orientation
	writer  *nifti.Writer
	whole   []int16 // planes so far, when the stack does not run along the output's third axis
	turned  []int16 // one output plane
	out     [3]int
}

// open begins the file and returns its grid and affine.
func (o *output) open(ctx context.Context, dst io.Writer) ([3]int, volume.Affine, error) {
	o.ctx, o.turn = ctx, volume.Canonical(o.affine)
	if o.grid != nil {
		o.sampler = o.grid.NewSampler(o.fill, o.plane)
	}
	dims, affine := o.turn.Apply(o.dims, o.affine)
	o.out, o.turned = dims, make([]int16, dims[0]*dims[1])
	var err error
	o.writer, err = nifti.NewWriter(dst, dims, affine)
	return dims, affine, err
}

// push takes the next plane of the stack.
func (o *output) push(voxels []int16) error {
	if err := o.ctx.Err(); err != nil {
		return err
	}
	if o.sampler != nil {
		return o.sampler.Push(voxels)
	}
	return o.plane(voxels)
}

// plane takes the next plane of the grid. The stack was ordered so that its axis is
// not flipped, so planes along the third axis are written as they come.
func (o *output) plane(voxels []int16) error {
	if o.turn.Identity() {
		return o.writer.WriteVoxels(voxels)
	}
	if o.turn.From[2] != 2 {
		if o.whole == nil {
			o.whole = make([]int16, 0, o.dims[0]*o.dims[1]*o.dims[2])
		}
		o.whole = append(o.whole, voxels...)
		return nil
	}
	return o.write(voxels, [3]int{o.dims[0], o.dims[1], 1}, 0)
}

// write turns output plane z of a grid and writes it.
func (o *output) write(voxels []int16, dims [3]int, z int) error {
	start, step := o.turn.Strides(dims)
	for y := range o.out[1] {
		row := o.turned[y*o.out[0] : (y+1)*o.out[0]]
		from := start + z*step[2] + y*step[1]
		for x := range row {
			row[x] = voxels[from]
			from += step[0]
		}
	}
	return o.writer.WriteVoxels(o.turned)
}

func (o *output) close() error {
	if o.whole != nil {
		for z := range o.out[2] {
			if err := o.ctx.Err(); err != nil {
				return err
			}
			if err := o.write(o.whole, o.dims, z); err != nil {
				return err
			}
		}
	}
	return o.writer.Close()
}
