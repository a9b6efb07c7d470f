package mesh_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// Labels must lie where the volume lies, not only have as many voxels.
func TestLabelsBesideTheVolume(t *testing.T) {
	cases := []struct {
		name   string
		change func(*volume.Affine)
		want   string
	}{
		{"the same", func(*volume.Affine) {}, "nothing"},
		{"rounded to float32", func(a *volume.Affine) {
			for i := range a {
				for j := range a[i] {
					a[i][j] = float64(float32(a[i][j] * (1 + 1e-7)))
				}
			}
		}, "nothing"},
		{"half a voxel off", func(a *volume.Affine) { a[0][3]++ }, "endpoint"},
		{"a voxel off, along the last axis", func(a *volume.Affine) { a[2][3] += 3 }, "endpoint"},
		{"half a metre away", func(a *volume.Affine) { a[1][3] += 500 }, "endpoint"},
		{"mirrored about its middle", func(a *volume.Affine) { a[0][3] += a[0][0] * float64(dims[0]-1); a[0][0] *= -1 }, "endpoint"},
		{"mirrored and half a metre away", func(a *volume.Affine) { a[0][0] *= -1; a[0][3] += 500 }, "endpoint"},
		{"another spacing, the same origin", func(a *volume.Affine) { a[2][2] *= 1.01 }, "endpoint"},
		{"two axes exchanged", func(a *volume.Affine) { a[0], a[1] = a[1], a[0] }, "endpoint"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, twoBoxes())
			m := twoBoxes()
			c.change(&m.Affine)
			w.work.Set(job.Key(id, 1, job.LabelsObject), encoded(t, func(out io.Writer) error { return nifti.WriteLabels(out, m) }), nil)
			_, err := w.Handle(t.Context(), job.StageInput{Job: id, Attempt: 1})
			if got := kind(err); got != c.want || err != nil && len(w.results.Order()) > 0 {
				t.Errorf("%q (%v), want %q; wrote %v", got, err, c.want, w.results.Order())
			}
		})
	}
}

// The job knows what its label map holds, which may be more than was meshed: the
// kidney has no voxel, and the spleen was not asked for.
func TestTheJobKnowsWhatItsLabelMapHolds(t *testing.T) {
	w := newWorld(t, twoBoxes())
	w.change(func(r *job.Record) { r.Options.Structures = []string{"liver"} })
	w.run(t, 1)
	m := w.meshed(t, 1)
	if diff := cmp.Diff([]string{"liver", "spleen", "kidney_left"}, m.Holds); diff != "" || len(m.Structures) != 1 {
		t.Errorf("%d meshed %s", len(m.Structures), diff)
	}
	if w.results.Bytes(job.Key(id, 1, job.TableObject)) != nil {
		t.Error("a short table was written as an object")
	}
}

// A table that no record holds lies among the results.
func TestALongTableIsAnObject(t *testing.T) {
	const n = 240
	m := &volume.LabelMap{Dims: [3]int{3 * n, 3, 3}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, 3*n*9)}
	for i := range n {
		m.U8[3*i+1+3*n*(1+3)] = uint8(i + 1)
		m.Table.Labels = append(m.Table.Labels, volume.Label{ID: i + 1, Name: strings.Repeat("\U0001f9e0", 190) + fmt.Sprint(i)})
	}
	m.Table.Iris = volume.TableVersion
	w := newWorld(t, m)
	w.run(t, 1)
	var table job.Table
	if err := json.Unmarshal(w.results.Bytes(job.Key(id, 1, job.TableObject)), &table); err != nil {
		t.Fatal(err)
	}
	meshed := w.meshed(t, 1)
	if !meshed.IsLong() || len(table.Structures) != n || len(table.Holds) != n {
		t.Errorf("long: %v, %d structures, %d names", meshed.IsLong(), len(table.Structures), len(table.Holds))
	}
}
