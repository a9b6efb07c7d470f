package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/api"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
)

// world is the API itself over stores in memory, with storage for the parts of uploads. A
// job ends as soon as its upload is complete: a scan that begins with "bad" is rejected, one
// that begins with "fail" fails, any other becomes two structures and costs price.
type world struct {
	*httptest.Server
	jobs    jobtest.Store
	uploads *partStore
	results *resultStore
	price   time.Duration // on the GPU

	mu       sync.Mutex
	requests []string
	started  []string                                                        // executions, by job and attempt
	before   func(n int, r *http.Request, w http.ResponseWriter) (done bool) // of each request, from 1
}

// partStore is a bucket whose parts are PUT to this server.
type partStore struct {
	jobtest.Bucket
	w     *world
	parts map[string]map[int32]heldPart // by key

	received int64 // bytes of parts, also of those that broke off
}

func newTestWorld(t *testing.T) *world {
	t.Helper()
	w := &world{price: time.Hour}
	w.uploads = &partStore{w: w, parts: map[string]map[int32]heldPart{}}
	results := &resultStore{w: w}
	w.results = results
	a := api.API{
		Jobs: &w.jobs, Uploads: w.uploads, Results: results, Exports: w, Endings: w, Workflow: w,
		Ready: func(context.Context) error { return nil }, Tasks: []string{"tissue", "total"}, USDPerGPUHour: 1,
		Now: time.Now, Entropy: rand.Reader,
	}
	handler := a.Handler()
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests = append(w.requests, r.Method+" "+r.URL.Path)
		n, before := len(w.requests), w.before
		w.mu.Unlock()
		if before != nil && before(n, r, out) {
			return
		}
		switch {
		case strings.HasPrefix(r.URL.Path, "/part/"):
			w.uploads.put(out, r)
		case strings.HasPrefix(r.URL.Path, "/result/"):
			_, _ = out.Write(results.Bytes(strings.TrimPrefix(r.URL.Path, "/result/")))
		default:
			handler.ServeHTTP(out, r.WithContext(api.WithPrincipal(r.Context(), api.Local)))
		}
	}))
	t.Cleanup(w.Close)
	return w
}

// heldPart is a part, of which only the beginning is kept.
type heldPart struct {
	etag string
	size int64
	head []byte
}

// Write keeps a beginning.
func (p *heldPart) Write(text []byte) (int, error) {
	p.head = append(p.head, text[:min(len(text), 1<<16-len(p.head))]...)
	return len(text), nil
}

func (s *partStore) StartParts(_ context.Context, key, _ string, _ map[string]string) (string, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.parts[key] = map[int32]heldPart{}
	return "upload", nil
}

func (s *partStore) SignPart(_ context.Context, key, _ string, number int32, _ int64) (string, error) {
	return fmt.Sprintf("%s/part/%d/%s", s.w.URL, number, key), nil
}

func (s *partStore) put(out http.ResponseWriter, r *http.Request) {
	var number int32
	rest := strings.TrimPrefix(r.URL.Path, "/part/")
	_, _ = fmt.Sscan(rest[:strings.IndexByte(rest, '/')], &number)
	var part heldPart
	sum := md5.New()
	n, err := io.Copy(io.MultiWriter(sum, &part), r.Body)
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.received += n; err != nil {
		return
	}
	part.etag, part.size = `"`+hex.EncodeToString(sum.Sum(nil))+`"`, n
	s.parts[rest[strings.IndexByte(rest, '/')+1:]][number] = part
	out.Header().Set("ETag", part.etag)
}

func etagOf(body []byte) string { sum := md5.Sum(body); return hex.EncodeToString(sum[:]) }

func (s *partStore) ListParts(_ context.Context, key, _ string) (list []job.Uploaded, _ error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	parts, there := s.parts[key]
	if !there {
		return nil, fmt.Errorf("list parts: %w", job.ErrNotFound)
	}
	for _, n := range slices.Sorted(maps.Keys(parts)) {
		list = append(list, job.Uploaded{Part: job.Part{Number: n, ETag: parts[n].etag}, Bytes: parts[n].size})
	}
	return list, nil
}

// CompleteParts joins the parts, and the job is run at once.
func (s *partStore) CompleteParts(ctx context.Context, key, _ string, _ []job.Part) error {
	s.w.mu.Lock()
	parts, there := s.parts[key]
	delete(s.parts, key)
	s.w.mu.Unlock()
	if !there {
		return errors.New("no such upload")
	}
	var body bytes.Buffer
	for n := int32(1); int(n) <= len(parts); n++ {
		body.Write(parts[n].head)
	}
	s.Set(key, body.Bytes(), nil)
	id := strings.Split(key, "/")[1]
	_, err := s.w.jobs.Amend(ctx, id, func(r *job.Record) error { return r.Enter(job.Received, time.Now()) })
	if err != nil {
		return err
	}
	return s.w.Start(ctx, job.Execution{Job: id, Attempt: 1})
}

func (s *partStore) Head(ctx context.Context, key string) (job.Object, error) {
	return s.Bucket.Head(ctx, key)
}

// Start runs an execution to its end.
func (w *world) Start(ctx context.Context, e job.Execution) error {
	w.mu.Lock()
	w.started = append(w.started, fmt.Sprint(e.Job, "-", e.Attempt))
	w.mu.Unlock()
	_, err := w.jobs.Amend(ctx, e.Job, func(r *job.Record) error {
		text := w.uploads.Bytes(r.Upload.Key)
		now := time.Now()
		var path []job.Status
		switch {
		case bytes.HasPrefix(text, []byte("bad")):
			path = []job.Status{job.Preparing, job.Rejected}
			r.Error = &job.Notice{Code: "truncated", Message: "the file ends before its last voxel"}
		case bytes.HasPrefix(text, []byte("fail")) && r.Attempt == 1:
			path = []job.Status{job.Preparing, job.Segmenting, job.Failed}
			r.Error = &job.Notice{Code: "model_failed", Message: "the model server failed at this scan"}
		default:
			path = []job.Status{job.Preparing, job.Segmenting, job.Meshing, job.Ready}
			r.Shown = r.Attempt
			if r.Artifacts == nil {
				model, err := w.results.Put(ctx, job.Key(r.ID, r.Attempt, job.ModelGLB), "model/gltf-binary", bytes.NewReader(append([]byte("model of "), text...)))
				if err != nil {
					return err
				}
				model.Name = job.ModelGLB
				r.Artifacts = []job.Artifact{model}
			}
			r.Structures = []job.Structure{
				{Label: 1, Name: "liver", VolumeML: float64(len(text)), MeshML: 1.5, SurfaceCM2: 2.25, Triangles: 100, Watertight: true},
				{Label: 2, Name: "spleen", VolumeML: 0.5, Partial: true},
			}
			r.Warnings = []job.Notice{{Code: "metal", Message: "metal"}}
		}
		for _, s := range path {
			if err := r.Enter(s, now); err != nil {
				return err
			}
			if s == job.Segmenting {
				now = now.Add(w.price)
			}
		}
		return nil
	})
	return err
}

func (w *world) Send(context.Context, any) error { return errors.New("no exports here") }

func (w *world) Cancel(ctx context.Context, id string) (job.Record, error) {
	return w.jobs.Amend(ctx, id, func(r *job.Record) error { return r.Enter(job.Cancelled, time.Now()) })
}

func (w *world) Erase(ctx context.Context, id string, by job.Eraser) error {
	_, err := w.jobs.Amend(ctx, id, func(r *job.Record) error {
		r.Erased, r.Erasure = true, &job.Erasure{At: time.Now(), By: by}
		return nil
	})
	return err
}

// resultStore is a bucket whose objects this server gives.
type resultStore struct {
	jobtest.Bucket
	w *world
}

func (s *resultStore) SignGet(_ context.Context, key, _ string, _ time.Duration) (string, error) {
	return s.w.URL + "/result/" + key, nil
}
func (s *resultStore) SignHead(_ context.Context, key string, _ time.Duration) (string, error) {
	return s.w.URL + "/result/" + key, nil
}

// executions are those that were started, in order; twice is one that was started again.
func (w *world) executions() (all []string, twice bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all = slices.Sorted(slices.Values(w.started))
	return all, len(slices.Compact(slices.Clone(all))) != len(all)
}

func (w *world) Holdings(context.Context, job.Record) (job.Holdings, error) {
	return job.Holdings{}, nil
}
