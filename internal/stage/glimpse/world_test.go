package glimpse_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/stage/glimpse"
	"github.com/iris-oculus/iris/internal/stage/settle"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

const id = "01JD0000000000000000000001"

var (
	in  = job.StageInput{Job: id, Attempt: 1}
	key = job.Key(id, 1, job.GlimpseGLB)
	at  = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

// ball is a body of 40 HU with a bone in it, on a grid that lies askew.
func ball(n int, mm float64) *volume.Volume {
	v := &volume.Volume{Dims: [3]int{n, n, n}, Affine: volume.Affine{{0, 0, mm, 10}, {-mm, 0, 0, 20}, {0, mm, 0, -30}}}
	middle := float64(n-1) / 2
	for i := range v.Len() {
		x, y, z := float64(i%n)-middle, float64(i/n%n)-middle, float64(i/n/n)-middle
		hu := int16(-1000)
		switch r := math.Sqrt(x*x+y*y+z*z) / middle; {
		case r < 0.3:
			hu = 900
		case r < 0.85:
			hu = 40
		}
		v.Voxels = append(v.Voxels, hu)
	}
	return v
}

// world is a job that waits for its model, with all that the stage and the endings touch.
type world struct {
	glimpse.Stage
	jobs          *jobtest.Store
	work, results *jobtest.Bucket
	ends          settle.Stage
}

func newWorld(t testing.TB, v *volume.Volume) *world {
	t.Helper()
	var file bytes.Buffer
	if err := nifti.WriteVolume(&file, v); err != nil {
		t.Fatal(err)
	}
	return worldOf(t, file.Bytes())
}

// newWorldOf is another world with the same scan.
func newWorldOf(t testing.TB, w *world) *world {
	t.Helper()
	return worldOf(t, w.work.Bytes(job.Key(id, 1, job.VolumeObject)))
}

func worldOf(t testing.TB, file []byte) *world {
	t.Helper()
	meshed, err := json.Marshal(job.Meshed{Artifacts: []job.Artifact{{Name: job.ModelGLB}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{jobs: &jobtest.Store{}, work: &jobtest.Bucket{}, results: &jobtest.Bucket{}}
	_, _, err = w.jobs.Create(t.Context(), job.Record{
		ID: id, Attempt: 1, Status: job.Warming, From: job.FromPrepare, Options: job.Options{Task: "total", Modality: "CT"}, CreatedAt: at, UpdatedAt: at,
		Artifacts: []job.Artifact{{Name: job.ScanPNG, Attempt: 1}}, Stages: []job.StageTime{{Name: job.Warming, StartedAt: at}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.work.Set(job.Key(id, 1, job.VolumeObject), file, nil)
	w.work.Set(job.Key(id, 1, job.MeshObject), meshed, nil)
	w.Stage = glimpse.Stage{Jobs: w.jobs, Work: w.work, Results: w.results}
	w.ends = settle.Stage{Jobs: w.jobs, Links: w.jobs, Uploads: &jobtest.Bucket{}, Work: w.work, Results: w.results, Workflow: quiet{},
		Now: func() time.Time { return at.Add(time.Minute) }}
	return w
}

func (w *world) record() job.Record { return w.jobs.Record(id) }

// glimpse is what is stored of the first look.
func (w *world) glimpse() []byte { return w.results.Bytes(key) }

// quiet is a workflow of which nothing is expected.
type quiet struct{ settle.Workflow }

func (quiet) Stop(context.Context, string) error                      { return nil }
func (quiet) Announce(context.Context, string, job.EventDetail) error { return nil }

// steps is the stores as one run of the stage sees them. Before a call something may
// happen, and before or after one the run may be killed: it does nothing more then.
type steps struct {
	w       *world
	calls   int
	happens map[int]func()
	kill    int // before this call
	after   bool
	dead    bool
}

var errKilled = errors.New("killed")

// run is the stage over the steps.
func (s *steps) run(t *testing.T) error {
	t.Helper()
	stage := s.w.Stage
	stage.Jobs, stage.Work, stage.Results = records{s}, volumes{s}, s
	err := stage.Handle(t.Context(), in)
	if err != nil && !s.dead {
		t.Fatal(err)
	}
	return err
}

func (s *steps) step(call func() error) error {
	s.calls++
	if happens := s.happens[s.calls]; happens != nil {
		happens()
	}
	if s.dead = s.dead || s.calls == s.kill && !s.after; s.dead {
		return errKilled
	}
	err := call()
	if s.dead = s.calls == s.kill; s.dead {
		return errKilled
	}
	return err
}

func (s *steps) Amend(ctx context.Context, id string, change func(*job.Record) error) (r job.Record, err error) {
	err = s.step(func() error { r, err = s.w.jobs.Amend(ctx, id, change); return err })
	return r, err
}

func (s *steps) PutEncoded(ctx context.Context, key, mediaType, encoding string, body io.Reader) (a job.Artifact, err error) {
	err = s.step(func() error { a, err = s.w.results.PutEncoded(ctx, key, mediaType, encoding, body); return err })
	return a, err
}

func (s *steps) Delete(ctx context.Context, key string) error {
	return s.step(func() error { return s.w.results.Delete(ctx, key) })
}

type (
	records struct{ *steps }
	volumes struct{ *steps }
)

func (s records) Get(ctx context.Context, id string) (r job.Record, err error) {
	err = s.step(func() error { r, err = s.w.jobs.Get(ctx, id); return err })
	return r, err
}

func (s volumes) Get(ctx context.Context, key string) (body io.ReadCloser, err error) {
	err = s.step(func() error { body, err = s.w.work.Get(ctx, key); return err })
	return body, err
}
