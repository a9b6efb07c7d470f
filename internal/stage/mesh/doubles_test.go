package mesh_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/mesh"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// records keeps job records in memory, with the store's rule: a change that
// returns an error writes nothing.
type records struct {
	mu   sync.Mutex
	by   map[string]job.Record
	gets func() // runs before every Get: what happens meanwhile
}

func (s *records) Get(_ context.Context, id string) (job.Record, error) {
	if s.gets != nil {
		s.gets()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.by[id]
	if !ok {
		return r, fmt.Errorf("job: %w", job.ErrNotFound)
	}
	return r, nil
}

func (s *records) Amend(_ context.Context, id string, change func(*job.Record) error) (job.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.by[id]
	if !ok {
		return r, fmt.Errorf("job: %w", job.ErrNotFound)
	}
	r.Stages = slices.Clone(r.Stages)
	if err := change(&r); err != nil {
		return job.Record{}, err
	}
	s.by[id] = r
	return r, nil
}

// bucket keeps objects in memory and the order in which they came; an object
// whose body breaks off is not stored.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	order   []string
	room    int // objects it takes before it fails; 0: any number
}

func newBucket() *bucket { return &bucket{objects: map[string][]byte{}} }

func (b *bucket) Get(_ context.Context, key string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.objects[key]
	if !ok {
		return nil, fmt.Errorf("object: %w", job.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (b *bucket) Put(_ context.Context, key, mediaType string, body io.Reader) (job.Artifact, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.room > 0 && len(b.order) >= b.room {
		return job.Artifact{}, fmt.Errorf("the bucket is full")
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return job.Artifact{}, err
	}
	b.objects[key] = data
	b.order = append(b.order, key)
	sum := sha256.Sum256(data)
	return job.Artifact{Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:]), MediaType: mediaType}, nil
}

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
	jobs          *records
	work, results *bucket
}

// newWorld has a segmented job: its labels and volume lie in the work bucket.
func newWorld(t testing.TB, m *volume.LabelMap) *world {
	t.Helper()
	w := &world{jobs: &records{by: map[string]job.Record{}}, work: newBucket(), results: newBucket()}
	w.jobs.by[id] = job.Record{ID: id, Attempt: 1, Status: job.Segmenting, From: job.FromPrepare, Options: job.DefaultOptions(),
		Stages: []job.StageTime{{Name: job.Segmenting, StartedAt: time.Unix(50, 0)}}}
	w.work.objects[job.Key(id, 1, job.LabelsObject)] = encoded(t, func(out io.Writer) error { return nifti.WriteLabels(out, m) })
	w.work.objects[job.Key(id, 1, job.VolumeObject)] = encoded(t, func(out io.Writer) error { return nifti.WriteVolume(out, scan(m)) })
	w.Stage = mesh.Stage{Jobs: w.jobs, Work: w.work, Results: w.results, Now: func() time.Time { return time.Unix(100, 0) }}
	return w
}

func (w *world) change(change func(*job.Record)) {
	r := w.jobs.by[id]
	change(&r)
	w.jobs.by[id] = r
}
