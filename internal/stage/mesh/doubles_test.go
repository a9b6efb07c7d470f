package mesh_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/stage/mesh"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

const id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

var (
	dims  = [3]int{24, 20, 16}
	plane = volume.Affine{{2, 0, 0, -20}, {0, 2, 0, -30}, {0, 0, 3, 100}}
)

// twoBoxes has liver and spleen, 6×6×6 voxels each, and a kidney without voxels.
func twoBoxes() *volume.LabelMap {
	m := &volume.LabelMap{Dims: dims, Affine: plane, U8: make([]uint8, dims[0]*dims[1]*dims[2])}
	for n := range 6 * 6 * 6 {
		i, j, k := n%6, n/6%6, n/36
		m.U8[(3+i)+dims[0]*((4+j)+dims[1]*(5+k))] = 1
		m.U8[(13+i)+dims[0]*((4+j)+dims[1]*(5+k))] = 2
	}
	m.Table = volume.Table{Iris: volume.TableVersion, Provenance: volume.Provenance{Model: "tissue", Version: "1.0.0", Task: "tissue"},
		Labels: []volume.Label{
			{ID: 1, Name: "liver", NameEN: "liver", Color: "#dd8265", SNOMED: "10200004", Group: "organs"},
			{ID: 2, Name: "spleen", NameEN: "spleen", Color: "#9d6ca2", SNOMED: "78961009", Group: "organs"},
			{ID: 3, Name: "kidney_left", Color: "#b96f4a"},
		}}
	return m
}

// scan is 60 HU in the liver and 45 elsewhere.
func scan(m *volume.LabelMap) *volume.Volume {
	v := &volume.Volume{Dims: m.Dims, Affine: m.Affine, Voxels: make([]int16, m.Len())}
	for i := range v.Voxels {
		v.Voxels[i] = 45
		if m.At(i) == 1 {
			v.Voxels[i] = 60
		}
	}
	return v
}

func encoded(t testing.TB, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// world is a stage with all that it touches.
type world struct {
	mesh.Stage
	jobs          *jobtest.Store
	work, results *jobtest.Bucket
}

// newWorld has a segmented job: its labels and volume lie in the work bucket.
func newWorld(t testing.TB, m *volume.LabelMap) *world {
	t.Helper()
	w := &world{jobs: &jobtest.Store{}, work: &jobtest.Bucket{}, results: &jobtest.Bucket{}}
	w.jobs.Change(id, func(r *job.Record) {
		*r = job.Record{Attempt: 1, Status: job.Segmenting, From: job.FromPrepare, Options: job.DefaultOptions(),
			Stages: []job.StageTime{{Name: job.Segmenting, StartedAt: time.Unix(50, 0)}}}
	})
	w.work.Set(job.Key(id, 1, job.LabelsObject), encoded(t, func(out io.Writer) error { return nifti.WriteLabels(out, m) }), nil)
	w.work.Set(job.Key(id, 1, job.VolumeObject), encoded(t, func(out io.Writer) error { return nifti.WriteVolume(out, scan(m)) }), nil)
	w.Stage = mesh.Stage{Jobs: w.jobs, Work: w.work, Results: w.results, Now: func() time.Time { return time.Unix(100, 0) }}
	return w
}

func (w *world) change(change func(*job.Record)) { w.jobs.Change(id, change) }

// meanwhile lets something happen before every read of the record.
func (w *world) meanwhile(happen func()) {
	w.jobs.Before = func(call, _ string) error {
		if call == "Get" {
			happen()
		}
		return nil
	}
}

// fill leaves room for so many objects among the results.
func (w *world) fill(room int) {
	w.results.Before = func(call, _ string) error {
		if call == "Put" && len(w.results.Order()) >= room {
			return errors.New("the bucket is full")
		}
		return nil
	}
}
