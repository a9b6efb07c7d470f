package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/codes"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
)

// world is the API over stores in memory.
type world struct {
	where      Where
	store      jobtest.Store
	uploads    parts
	results    parts
	executions []string
	exports    []job.ExportInput
	gpu        []job.GPUInput // what the gpu function was sent
	gpuFails   bool
	intent     Intent    // its GPU is the world
	began      time.Time // of gpuWorld
	refused    error     // what Start answers
	sendFails  int       // so many exports are refused before one is taken
	unready    error
	tasks      []string // the deployment's; nil: tissue
	now        time.Time
	ids        byte
	outlook    *outlook // what is to come; nil: nothing is known of it
}

// parts is a bucket with multipart uploads, signed by nothing but their words.
type parts struct {
	jobtest.Bucket
	begun   map[string]bool
	arrived []job.Uploaded  // of every upload
	listed  int             // how often parts were listed
	lives   []time.Duration // of the URLs that were signed
	lengths []int64         // of the parts that were signed
}

func (p *parts) StartParts(_ context.Context, key, _ string, _ map[string]string) (string, error) {
	if p.begun == nil {
		p.begun = map[string]bool{}
	}
	upload := fmt.Sprint("upload-", len(p.begun))
	p.begun[upload+key] = true
	return upload, nil
}

func (p *parts) SignPart(_ context.Context, key, upload string, number int32, bytes int64) (string, error) {
	p.lengths = append(p.lengths, bytes)
	return fmt.Sprintf("https://signed/%s?upload=%s&part=%d", key, upload, number), nil
}

func (p *parts) ListParts(_ context.Context, key, upload string) ([]job.Uploaded, error) {
	p.listed++
	if !p.begun[upload+key] {
		return nil, fmt.Errorf("list parts: %w", job.ErrNotFound)
	}
	return p.arrived, nil
}

func (p *parts) CompleteParts(_ context.Context, key, upload string, done []job.Part) error {
	if !p.begun[upload+key] || len(done) == 0 {
		return errors.New("no such upload")
	}
	delete(p.begun, upload+key)
	p.Set(key, []byte("x"), nil)
	return nil
}

func (p *parts) SignGet(_ context.Context, key, filename string, life time.Duration) (string, error) {
	p.lives = append(p.lives, life)
	return "https://signed/" + key + "?as=" + filename, nil
}

func (p *parts) SignHead(_ context.Context, key string, life time.Duration) (string, error) {
	p.lives = append(p.lives, life)
	return "https://signed/head/" + key, nil
}

func (w *world) Start(_ context.Context, e job.Execution) error {
	if w.refused == nil {
		w.executions = append(w.executions, job.ExecutionName(e.Job, e.Attempt)+" "+e.From)
	}
	return w.refused
}

func (w *world) Send(_ context.Context, input any) error {
	if w.sendFails > 0 {
		w.sendFails--
		return &job.BusyError{Message: "invoke function: throttled"}
	}
	switch in := input.(type) {
	case job.ExportInput:
		w.exports = append(w.exports, in)
	case job.GPUInput:
		if w.gpuFails {
			return &job.BusyError{Message: "invoke function: throttled"}
		}
		w.gpu = append(w.gpu, in)
	}
	return nil
}

func (w *world) Cancel(ctx context.Context, id string) (job.Record, error) {
	return w.store.Amend(ctx, id, func(r *job.Record) error { return r.Enter(job.Cancelled, w.now) })
}

func (w *world) Erase(ctx context.Context, id string, by job.Eraser) error {
	_, err := w.store.Amend(ctx, id, func(r *job.Record) error {
		r.Erased, r.Erasure = true, &job.Erasure{At: w.now, By: by}
		return nil
	})
	return err
}

// Holdings is one upload whose key names somebody, and one artifact.
func (w *world) Holdings(_ context.Context, r job.Record) (job.Holdings, error) {
	return job.Holdings{
		Objects: []job.Holding{{Bucket: "uploads", Name: "upload-1.nii", Bytes: 3, Since: w.now}, {Bucket: "results", Name: "1/model.glb", Bytes: 5, Since: w.now, Old: true}},
		Total:   job.Tally{Objects: 1, Versions: 1, Bytes: 8}, Kept: 1,
	}, nil
}

// Read yields entropy: each id is another.
func (w *world) Read(p []byte) (int, error) {
	w.ids++
	p[len(p)-1] = w.ids
	return len(p), nil
}

func newWorld() *world { return &world{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

// ask makes a request as somebody; headers are "Name: value".
func (w *world) ask(t *testing.T, who Principal, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	a := API{
		Jobs: &w.store, Uploads: &w.uploads, Results: &w.results, Exports: w, Endings: w, Workflow: w,
		Ready: func(context.Context) error { return w.unready }, Tasks: w.served(), USDPerGPUHour: 1.2,
		Where: w.where, Now: func() time.Time { return w.now }, Entropy: w, Intent: w.intent,
	}
	if w.outlook != nil {
		a.Outlook = Outlook{Times: w.outlook, GPU: w.outlook, Progress: &w.outlook.work}
	}
	if a.Intent.Keep > 0 {
		a.Intent.GPU = w
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body)).WithContext(WithPrincipal(t.Context(), who))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	out := httptest.NewRecorder()
	a.Handler().ServeHTTP(out, r)
	conforms(t, r, out)
	if out.Code >= 400 && method != http.MethodHead {
		isProblem(t, method+" "+path, out)
	}
	return out
}

func (w *world) served() []string {
	if w.tasks == nil {
		return []string{"tissue"}
	}
	return w.tasks
}

// isProblem checks the form of every error.
func isProblem(t *testing.T, what string, out *httptest.ResponseRecorder) {
	t.Helper()
	var p struct {
		Type, Title, Code, Detail string
		Status                    int
	}
	if err := json.Unmarshal(out.Body.Bytes(), &p); err != nil || out.Header().Get("Content-Type") != "application/problem+json" ||
		p.Type != "about:blank" || p.Title != http.StatusText(out.Code) || p.Status != out.Code || p.Code == "" || p.Detail == "" {
		t.Errorf("%s: %d with %q is no problem: %s", what, out.Code, out.Header().Get("Content-Type"), out.Body)
	}
	if c, ok := codes.Find(p.Code); !ok || c.Where&codes.Request == 0 || !slices.Contains(c.Status, out.Code) {
		t.Errorf("%s: %d with code %q, which internal/codes does not have so", what, out.Code, p.Code)
	}
}

func code(out *httptest.ResponseRecorder) string {
	var p struct{ Code string }
	_ = json.Unmarshal(out.Body.Bytes(), &p)
	return p.Code
}

// answer reads a body of one kind.
func answer[T any](t *testing.T, out *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(out.Body.Bytes(), &v); err != nil {
		t.Fatalf("%d %s: %v", out.Code, out.Body, err)
	}
	return v
}

// job stores one in a status.
func (w *world) job(t *testing.T, owner string, status job.Status, change ...func(*job.Record)) string {
	t.Helper()
	w.ids++
	id := job.NewID(w.now, [10]byte{w.ids})
	r := job.Record{
		ID: id, Attempt: 1, Status: status, Owner: owner, Options: job.DefaultOptions(), CreatedAt: w.now.Add(time.Duration(w.ids) * time.Second),
		Upload: job.Upload{Bucket: "bucket", Key: "scan.nii", Size: 40 << 20, Parts: "upload-0"},
	}
	if status == job.Ready {
		r.Shown, r.Artifacts = 1, []job.Artifact{{Name: "model.glb", Bytes: 5, SHA256: "aa", MediaType: "model/gltf-binary"}}
	}
	for _, c := range change {
		c(&r)
	}
	if _, _, err := w.store.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := w.store.LinkKey(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return id
}

var statuses = []job.Status{job.AwaitingUpload, job.Received, job.Preparing, job.Warming, job.Segmenting, job.Meshing,
	job.Ready, job.Rejected, job.Failed, job.Cancelled, job.Expired}

func among(s job.Status, list ...job.Status) bool { return slices.Contains(list, s) }
