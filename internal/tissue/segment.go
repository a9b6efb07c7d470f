// Package tissue finds tissues in a CT by the physics of Hounsfield units:
// thresholds with hysteresis, connected components, hole filling and morphology
// in millimetres. No weights, no learning.
//
// In: a volume.Volume in HU, any orientation. Out: a volume.LabelMap on its
// grid with the labels of Table. A volume that is not in HU, or that holds no
// body, is a *volume.Error (not_hounsfield, no_body).
//
// Left and right are the patient's, from the affine. The result does not depend
// on the number of processors. Memory beside the volume is 6 bytes a voxel at its peak,
// 5 more when the axes are turned, and 5 more in pure noise, whose components are
// single voxels (docs/benchmarks.md).
package tissue

import (
	"context"

	"github.com/iris-oculus/iris/internal/volume"
)

// tissues are the masks that make the label map.
type tissues struct {
	inside      *mask // everything within the skin, hollow organs too
	airway      *mask
	left, right *mask // lungs
	aired
	found
	skin        *mask
	fat, muscle *mask
}

// Segment labels every voxel of a CT. The context is looked at between steps.
func Segment(ctx context.Context, v *volume.Volume) (*volume.LabelMap, error) {
	var seen volume.Intensities
	seen.Add(v.Voxels)
	if !seen.Hounsfield() {
		return nil, volume.Reject("not_hounsfield", "the values are not Hounsfield units: this model segments CT only")
	}
	turn := volume.Canonical(v.Affine)
	dims, affine := turn.Apply(v.Dims, v.Affine)
	s := &scan{newGrid(dims, affine.Spacing()), v.Voxels}
	if !turn.Identity() {
		s.hu = make([]int16, len(v.Voxels))
		start, step := turn.Strides(v.Dims)
		turned(dims, start, step, func(out, in int) { s.hu[out] = v.Voxels[in] })
	}
	t, err := s.tissues(ctx)
	if err != nil {
		return nil, err
	}
	m := &volume.LabelMap{Dims: v.Dims, Affine: v.Affine, Table: Table(), U8: t.labels()}
	m.Table.Warnings = append(t.found.warnings(), t.aired.warnings()...)
	if !turn.Identity() {
		labels := m.U8
		m.U8 = make([]uint8, len(labels))
		start, step := turn.Strides(v.Dims)
		turned(dims, start, step, func(out, in int) { m.U8[in] = labels[out] })
	}
	return m, nil
}

// turned pairs the linear indices of a canonical grid with those of the grid it
// was taken from.
func turned(dims [3]int, start int, step [3]int, pair func(out, in int)) {
	out := 0
	for z := range dims[2] {
		for y := range dims[1] {
			in := start + z*step[2] + y*step[1]
			for range dims[0] {
				pair(out, in)
				out++
				in += step[0]
			}
		}
	}
}

// tissues runs the steps in the order in which each needs the one before.
func (s *scan) tissues(ctx context.Context) (*tissues, error) {
	t := &tissues{}
	for _, step := range []func() error{
		func() (err error) { t.inside, err = s.body(); return err },
		func() error { t.left, t.right, t.airway, t.aired = s.lungs(t.inside); return nil },
		func() error { t.found = s.bone(t.inside); return nil },
		func() error { t.skin = s.skin(t.inside); return nil },
		func() error { t.fat, t.muscle = s.soft(t); return nil },
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := step(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// labels writes the masks, the later ones over the earlier.
func (t *tissues) labels() []uint8 {
	g := t.inside.grid
	out := make([]uint8, g.nx*g.ny*g.nz)
	layers := []struct {
		label uint8
		m     *mask
	}{
		{Body, t.inside}, {Muscle, t.muscle}, {Fat, t.fat}, {Skin, t.skin}, {Bone, t.bone},
		{LungRight, t.right}, {LungLeft, t.left}, {Airway, t.airway},
	}
	slabs(g.nz, func(first, last int) {
		for n := first * g.ny; n < last*g.ny; n++ {
			row := out[n*g.nx : (n+1)*g.nx]
			for _, l := range layers {
				runs(l.m.row(n), func(x0, x1 int) {
					for x := x0; x < x1; x++ {
						row[x] = l.label
					}
				})
			}
		}
	})
	return out
}
