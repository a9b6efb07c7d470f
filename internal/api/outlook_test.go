package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
)

// outlook is what a world knows of what is to come.
type outlook struct {
	took  map[job.Class]job.Samples
	lease job.Lease
	state job.GPUState
	work  jobtest.Bucket
	fails error
	asked atomic.Int32
	// reading is called by each read as it begins, if set.
	reading func()
}

func (o *outlook) Took(_ context.Context, classes []job.Class) (map[job.Class]job.Samples, error) {
	o.begin()
	got := maps.Clone(o.took)
	maps.DeleteFunc(got, func(c job.Class, _ job.Samples) bool { return !slices.Contains(classes, c) })
	return got, o.fails
}

func (o *outlook) Look(context.Context) (job.Lease, job.GPUState, error) {
	o.begin()
	return o.lease, o.state, o.fails
}

func (o *outlook) begin() {
	o.asked.Add(1)
	if o.reading != nil {
		o.reading()
	}
}

// samples are n durations of 1, 2, 3 … s.
func samples(n int) (s job.Samples) {
	for i := range n {
		s = s.With(time.Duration(i+1) * time.Second)
	}
	return s
}

// going is a job of 50 million voxels in a status, for the total task.
func (w *world) going(t *testing.T, status job.Status, change ...func(*job.Record)) string {
	return w.job(t, "alice", status, append([]func(*job.Record){func(r *job.Record) {
		r.From, r.Options.Task, r.Voxels = job.FromPrepare, "total", 50e6
		r.Stages = []job.StageTime{{Name: status, StartedAt: w.now}}
		r.Request = job.Request{Outstanding: true, Sent: 1, At: w.now}
	}}, change...)...)
}

// A job that goes on is told with what is to come; one that has ended is not, and costs no
// more reads.
func TestWhatIsToCome(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	some := &job.Usual{MedianS: 3.5, LowS: 1, HighS: 5, Jobs: 6}
	asleep, waking, warm := &gpuBody{job.GPUAsleep, stamp(at)}, &gpuBody{job.GPUWaking, stamp(at)}, &gpuBody{job.GPUWarm, stamp(at)}
	for _, c := range []struct {
		name    string
		status  job.Status
		gpu     job.GPUWord
		change  func(w *world, r *job.Record)
		present *job.Usual
		want    outlookBody
	}{
		{"asleep", job.Preparing, job.GPUAsleep, nil, some, outlookBody{
			Coming: []comingBody{{job.Warming, some}, {job.Segmenting, some}, {job.Meshing, nil}}, GPU: asleep,
		}},
		{"not prepared yet", job.Preparing, job.GPUWarm, func(_ *world, r *job.Record) { r.Voxels, r.Options.Task = 0, job.TaskAuto }, some, outlookBody{
			Coming: []comingBody{{job.Segmenting, nil}, {job.Meshing, nil}}, GPU: warm,
		}},
		{"a folder", job.Preparing, job.GPUWarm, func(_ *world, r *job.Record) { r.Upload.Prefix = "a/" }, nil, outlookBody{
			Coming: []comingBody{{job.Segmenting, some}, {job.Meshing, nil}}, GPU: warm,
		}},
		{"an upload", job.AwaitingUpload, job.GPUAsleep, func(_ *world, r *job.Record) { r.Voxels, r.Options.Task = 0, job.TaskAuto }, nil, outlookBody{
			Coming: []comingBody{{job.Received, nil}, {job.Preparing, some}, {job.Warming, some}, {job.Segmenting, nil}, {job.Meshing, nil}}, GPU: asleep,
		}},
		{"labels", job.Preparing, job.GPUAsleep, func(_ *world, r *job.Record) { r.Options.Task = job.TaskLabels }, nil, outlookBody{Coming: []comingBody{{job.Meshing, nil}}}},
		{"waking", job.Warming, job.GPUWaking, func(w *world, r *job.Record) { w.holds(r, "other-1") }, some, outlookBody{
			Coming: []comingBody{{job.Segmenting, some}, {job.Meshing, nil}}, GPU: waking, Queue: &queueBody{1},
		}},
		{"first", job.Segmenting, job.GPUWarm, func(w *world, r *job.Record) { w.holds(r); w.lease("other-1") }, some, outlookBody{
			Coming: []comingBody{{job.Meshing, nil}}, GPU: warm, Queue: &queueBody{0},
		}},
		{"tiles", job.Segmenting, job.GPUWarm, func(w *world, r *job.Record) {
			w.counted(r, `{"done":3,"total":9,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`)
		}, some, outlookBody{
			Coming: []comingBody{{job.Meshing, nil}}, GPU: warm, Progress: &progressBody{3, 9, "tiles"},
		}},
		{"meshing", job.Meshing, job.GPUWarm, func(w *world, r *job.Record) {
			w.holds(r)
			w.counted(r, `{"done":9,"total":9,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`)
		}, nil, outlookBody{}},
		{"a remesh", job.Received, job.GPUAsleep, func(_ *world, r *job.Record) { r.From = job.FromMesh }, nil, outlookBody{Coming: []comingBody{{job.Meshing, nil}}}},
		{"the GPU is not known", job.Preparing, "", nil, some, outlookBody{Coming: []comingBody{{job.Segmenting, some}, {job.Meshing, nil}}}},
		{"ready", job.Ready, job.GPUWarm, nil, nil, outlookBody{}},
		{"failed", job.Failed, job.GPUWarm, func(w *world, r *job.Record) { w.holds(r) }, nil, outlookBody{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			w.outlook = &outlook{took: map[job.Class]job.Samples{
				"preparing/file/26": samples(6), "warming": samples(6), "segmenting/total/26": samples(6), "meshing/total/26": samples(4),
			}}
			if c.gpu != "" {
				w.outlook.state = job.GPUState{State: c.gpu, Since: at}
			}
			id := w.going(t, c.status, func(r *job.Record) {
				if c.change != nil {
					c.change(w, r)
				}
			})
			got := answer[jobBody](t, w.ask(t, alice, "GET", "/v1/jobs/"+id, ""))
			if diff := cmp.Diff(c.want, got.outlookBody, cmp.AllowUnexported(outlookBody{})); diff != "" {
				t.Errorf("(-want +got): %s", diff)
			}
			if diff := cmp.Diff(c.present, got.Stages[0].Usual); diff != "" {
				t.Errorf("the present stage (-want +got): %s", diff)
			}
			if n := w.outlook.asked.Load(); c.status.Ended() && n > 0 {
				t.Errorf("%d reads for a job that has ended", n)
			}
			list := w.ask(t, alice, "GET", "/v1/jobs", "").Body.String()
			for _, field := range []string{"coming", "gpu", "queue", "progress", "usual"} {
				if strings.Contains(list, `"`+field+`"`) {
					t.Errorf("a listing has %s: %s", field, list)
				}
			}
		})
	}
}

// lease adds holders behind those that are there.
func (w *world) lease(names ...string) {
	l := &w.outlook.lease
	l.Order = append(l.Order, names...)
	l.Holders = slices.Sorted(slices.Values(l.Order))
}

// holds lets a job hold the GPU behind others.
func (w *world) holds(r *job.Record, others ...string) {
	w.lease(append(others, job.ExecutionName(r.ID, r.Attempt))...)
}

// counted stores what the model server has counted for a job.
func (w *world) counted(r *job.Record, text string) {
	w.outlook.work.Set(job.Key(r.ID, r.Attempt, job.ProgressObject), []byte(text), nil)
}

// What is told of a job that goes on is read at once: no read waits for another, so that a
// page that asks waits for the slowest alone. Each read here waits until all have begun.
func TestTheOutlookIsReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.outlook = &outlook{state: job.GPUState{State: job.GPUWarm, Since: w.now}}
		id := w.going(t, job.Segmenting, func(r *job.Record) { w.holds(r) })
		var all sync.WaitGroup
		all.Add(3)
		together := func() { all.Done(); all.Wait() }
		w.outlook.reading = together
		w.outlook.work.Before = func(string, string) error { together(); return nil }
		if out := w.ask(t, alice, "GET", "/v1/jobs/"+id, ""); out.Code != http.StatusOK {
			t.Errorf("%d %s", out.Code, out.Body)
		}
	})
}

// What the model server counted is told only where it can be true of the request that is
// under way.
func TestProgressThatIsNotTold(t *testing.T) {
	for _, text := range []string{
		"", "{", "[]", `"3 of 9"`, `{"done":3,"total":9}`, `{"done":10,"total":9,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`,
		`{"done":-1,"total":9,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`, `{"done":0,"total":0,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`,
		`{"done":1e99,"total":1e99,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`, `{"done":3,"total":9,"unit":"<b>","at":"2026-01-02T03:04:05Z"}`,
		`{"done":3,"total":9999999,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`,
		`{"done":3,"total":9,"unit":"tiles","at":"2026-01-02T03:04:04Z"}`, // of the request before
		`{"done":3,"total":9,"unit":"tiles"}`,
		strings.Repeat(" ", 2<<10) + `{"done":3,"total":9,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`,
	} {
		w := newWorld()
		w.outlook = &outlook{}
		id := w.going(t, job.Segmenting, func(r *job.Record) { w.counted(r, text) })
		out := w.ask(t, alice, "GET", "/v1/jobs/"+id, "")
		if got := answer[jobBody](t, out); out.Code != http.StatusOK || got.Progress != nil {
			t.Errorf("%.60q: %d %+v", text, out.Code, got.Progress)
		}
	}
}

// What an instance has counted that is no more is not told while another wakes, and it is
// told again once that one counts (ITISFoundation/osparc-simcore 7051, kolibri 4169).
func TestProgressOfAnInstanceThatIsGone(t *testing.T) {
	w := newWorld()
	w.outlook = &outlook{}
	id := w.going(t, job.Segmenting, func(r *job.Record) {
		w.counted(r, `{"done":8,"total":9,"unit":"tiles","at":"2026-01-02T03:14:05Z"}`)
	})
	for _, c := range []struct {
		gpu   job.GPUWord
		after time.Duration // from the count to the GPU's state
		shown bool
	}{
		{job.GPUWarm, -time.Minute, true}, {job.GPUWarm, 3 * time.Second, true}, // warm since it was seen, which is later
		{job.GPUWaking, time.Minute, false}, {job.GPUAsleep, time.Minute, false},
		{job.GPUWaking, -time.Minute, true}, // it counts, so that it is warm: nobody has seen it yet
		{"", 0, true},
	} {
		w.outlook.state = job.GPUState{State: c.gpu, Since: w.now.Add(10*time.Minute + c.after)}
		got := answer[jobBody](t, w.ask(t, alice, "GET", "/v1/jobs/"+id, ""))
		if (got.Progress != nil) != c.shown {
			t.Errorf("%s since %v after it: %+v", c.gpu, c.after, got.Progress)
		}
	}
}

// A job is told as well when nothing of what is to come can be read.
func TestNothingIsLostWithoutAnOutlook(t *testing.T) {
	w := newWorld()
	id := w.going(t, job.Segmenting)
	want := w.ask(t, alice, "GET", "/v1/jobs/"+id, "").Body.String()
	w.outlook = &outlook{fails: errors.New("throttled"), state: job.GPUState{State: job.GPUWarm, Since: w.now}}
	w.outlook.work.Before = func(string, string) error { return errors.New("throttled") }
	out := w.ask(t, alice, "GET", "/v1/jobs/"+id, "")
	if without := strings.Replace(out.Body.String(), `"coming":[{"name":"meshing"}],`, "", 1); out.Code != http.StatusOK || without != strings.Replace(want, `"coming":[{"name":"meshing"}],`, "", 1) {
		t.Errorf("%d %s, want %s", out.Code, out.Body, want)
	}
	if out := w.ask(t, alice, "GET", "/v1/status", ""); out.Code != http.StatusOK {
		t.Errorf("%d %s", out.Code, out.Body)
	}
	if out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/events", ""); out.Code != http.StatusOK {
		t.Errorf("%d %s", out.Code, out.Body)
	}
}

// The ETag follows what is told, and stays while nothing changes; a client is asked to wait
// no less than without progress.
func TestETagFollowsTheOutlook(t *testing.T) {
	w := newWorld()
	w.outlook = &outlook{state: job.GPUState{State: job.GPUWarm, Since: w.now}}
	id := w.going(t, job.Segmenting, func(r *job.Record) { w.holds(r, "other-1") })
	path, seen := "/v1/jobs/"+id, map[string]bool{}
	for n, change := range []func(){
		func() {},
		func() { w.outlook.state.State = job.GPUWaking },
		func() {
			w.outlook.lease.Holders, w.outlook.lease.Order = w.outlook.lease.Order[1:], w.outlook.lease.Order[1:]
		},
		func() {
			w.counted(&job.Record{ID: id, Attempt: 1}, `{"done":3,"total":9,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`)
		},
		func() { w.outlook.took = map[job.Class]job.Samples{"segmenting/total/26": samples(5)} },
	} {
		change()
		out := w.ask(t, alice, "GET", path, "")
		etag := out.Header().Get("ETag")
		if seen[etag] || out.Header().Get("Retry-After") != "2" {
			t.Errorf("change %d: ETag %s, Retry-After %s", n, etag, out.Header().Get("Retry-After"))
		}
		seen[etag] = true
		if out := w.ask(t, alice, "GET", path, "", "If-None-Match: "+etag); out.Code != http.StatusNotModified {
			t.Errorf("change %d, asked again: %d", n, out.Code)
		}
	}
}

// A stream tells of the GPU, the queue and the progress in events of another name, and of
// each change once.
func TestEventsOfProgress(t *testing.T) {
	w := newWorld()
	w.outlook = &outlook{state: job.GPUState{State: job.GPUWaking, Since: w.now}}
	id := w.going(t, job.Warming, func(r *job.Record) { w.holds(r, "other-1") })
	last, rec := "", &job.Record{ID: id, Attempt: 1}
	for n, step := range []struct {
		change func()
		event  string // none: nothing new
	}{
		{func() {}, "job"},
		{func() {}, ""},
		{func() {
			w.outlook.lease.Holders, w.outlook.lease.Order = w.outlook.lease.Order[1:], w.outlook.lease.Order[1:]
		}, "progress"},
		{func() {}, ""},
		{func() { w.outlook.state.State = job.GPUWarm }, "progress"},
		{func() { w.store.Change(id, func(r *job.Record) { r.Status = job.Segmenting }) }, "job"},
		{func() { w.counted(rec, `{"done":1,"total":2,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`) }, "progress"},
		{func() { w.outlook.took = map[job.Class]job.Samples{"segmenting/total/26": samples(9)} }, ""}, // no reason to wake a page
		{func() { w.counted(rec, `{"done":2,"total":2,"unit":"tiles","at":"2026-01-02T03:04:05Z"}`) }, "progress"},
		{func() { _ = w.outlook.work.Delete(t.Context(), job.Key(id, 1, job.ProgressObject)) }, "progress"},
		{func() { w.store.Change(id, func(r *job.Record) { r.Status = job.Ready }) }, "end"},
	} {
		step.change()
		out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/events", "", "Last-Event-ID: "+last)
		e := event(t, out.Body.String())
		if e["event"] != step.event {
			t.Fatalf("step %d: %s, want event %q", n, out.Body, step.event)
		}
		if step.event == "" {
			continue
		}
		if err := validEvent(t, e["event"], []byte(e["data"])); err != nil {
			t.Errorf("step %d: %s: %v", n, e["data"], err)
		}
		var got eventBody
		if err := json.Unmarshal([]byte(e["data"]), &got); err != nil {
			t.Fatal(err)
		}
		told := answer[jobBody](t, w.ask(t, alice, "GET", "/v1/jobs/"+id, ""))
		if diff := cmp.Diff([]any{told.GPU, told.Queue, told.Progress}, []any{got.GPU, got.Queue, got.Progress}); diff != "" {
			t.Errorf("step %d: the event says another thing than the job (-job +event): %s", n, diff)
		}
		last = e["id"]
	}
	// A stream's id of this job, with something made up behind it, ends no stream.
	state, _, _ := strings.Cut(last, ".")
	out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/events", "", "Last-Event-ID: "+state+".x")
	if e := event(t, out.Body.String()); e["event"] != "end" {
		t.Errorf("%s", out.Body)
	}
}

// That there will be no first look is an event of the job, so that a page that waits for one
// reads why.
func TestAnEventOfNoFirstLook(t *testing.T) {
	w := newWorld()
	id := w.going(t, job.Warming)
	ask := func(last string) map[string]string {
		return event(t, w.ask(t, alice, "GET", "/v1/jobs/"+id+"/events", "", "Last-Event-ID: "+last).Body.String())
	}
	first := ask("")
	w.store.Change(id, func(r *job.Record) { r.NoGlimpse = &job.Notice{Code: "no_body", Message: "m"} })
	e := ask(first["id"])
	if err := validEvent(t, e["event"], []byte(e["data"])); err != nil || e["event"] != "job" || !strings.Contains(e["data"], `"no_glimpse":"no_body"`) {
		t.Errorf("%v: %v", e, err)
	}
	if e := ask(e["id"]); e["event"] != "" {
		t.Errorf("again: %v", e)
	}
}

// Who asks for a first look that is not there is told whether it may yet come, and if not why.
func TestAFirstLookThatIsNotThere(t *testing.T) {
	ct := func(r *job.Record) { r.Options.Modality = "CT" }
	for _, c := range []struct {
		name   string
		status job.Status
		change func(*job.Record)
		code   string
		detail string
	}{
		{"not prepared", job.Preparing, func(*job.Record) {}, "not_ready", "the job is preparing"},
		{"a CT that waits", job.Warming, ct, "not_ready", "the job is warming"},
		{"an MR", job.Warming, func(r *job.Record) {
			r.Options.Task, r.Options.Modality, r.NoGlimpse = "total_mr", "MR", &job.Notice{Code: "glimpse_needs_ct", Message: "one is made of a CT"}
		}, "no_artifact", "one is made of a CT"},
		{"the tissue model", job.Segmenting, func(r *job.Record) { r.Options.Task, r.Options.Modality = "tissue", "CT" }, "no_artifact", "this job has no first look"},
		{"labels", job.Meshing, func(r *job.Record) { r.Options.Task = job.TaskLabels }, "no_artifact", "this job has no first look"},
		{"ready", job.Ready, ct, "no_artifact", "and this one is ready"},
		{"cancelled", job.Cancelled, ct, "no_artifact", "and this one is cancelled"},
	} {
		w := newWorld()
		id := w.going(t, c.status, c.change)
		out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/glimpse.glb", "")
		var p problem
		if err := json.Unmarshal(out.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		status := map[string]int{"not_ready": http.StatusConflict, "no_artifact": http.StatusNotFound}[c.code]
		if out.Code != status || p.Code != c.code || !strings.Contains(p.Detail, c.detail) || (out.Header().Get("Retry-After") != "") != (c.code == "not_ready") {
			t.Errorf("%s: %d %s", c.name, out.Code, out.Body)
		}
	}
}

// Whoever holds a share is told of one job, not of the others that are under way.
func TestASharedJobHasNoOutlook(t *testing.T) {
	w := newWorld()
	w.outlook = &outlook{state: job.GPUState{State: job.GPUWarm, Since: w.now}}
	id := w.going(t, job.Segmenting, func(r *job.Record) { w.holds(r, "other-1") })
	made := answer[sharedReply](t, w.ask(t, alice, "POST", "/v1/jobs/"+id+"/share", "{}"))
	out := w.ask(t, Principal{}, "GET", "/v1/shared/"+id, "", "Authorization: Bearer "+made.Token)
	if got := answer[jobBody](t, out); out.Code != http.StatusOK || got.GPU != nil || got.Queue != nil || got.Coming != nil {
		t.Errorf("%d %s", out.Code, out.Body)
	}
}

func TestStatus(t *testing.T) {
	w := newWorld()
	ask := func(headers ...string) (string, string, string) {
		t.Helper()
		out := w.ask(t, alice, "GET", "/v1/status", "", headers...)
		return fmt.Sprintf("%d %s", out.Code, strings.TrimSpace(out.Body.String())), out.Header().Get("ETag"), out.Header().Get("Retry-After")
	}
	if body, _, after := ask(); body != `200 {"usual":{}}` || after != "15" {
		t.Errorf("of nothing known: %s, Retry-After %s", body, after)
	}
	w.outlook = &outlook{
		took:  map[job.Class]job.Samples{"warming": samples(5), "meshing": samples(4), "segmenting": samples(50), "segmenting/total/26": samples(7)},
		state: job.GPUState{State: job.GPUAsleep, Since: w.now},
	}
	body, etag, after := ask()
	want := `200 {"gpu":{"state":"asleep","since":"2026-01-02T03:04:05.000Z"},"queue":{"ahead":0},"usual":{"segmenting":{"median_s":25.5,"low_s":6,"high_s":45,"jobs":50},"warming":{"median_s":3,"low_s":1,"high_s":4,"jobs":5}}}`
	if body != want || after != "15" {
		t.Errorf("%s, Retry-After %s, want %s", body, after, want)
	}
	if body, same, _ := ask("If-None-Match: " + etag); body != "304 " || same != etag {
		t.Errorf("unchanged: %s", body)
	}
	w.outlook.state.State = job.GPUWaking
	w.lease("a-1", "b-1")
	if body, other, after := ask("If-None-Match: " + etag); !strings.Contains(body, `"queue":{"ahead":2}`) || other == etag || after != "5" {
		t.Errorf("waking: %s, Retry-After %s", body, after)
	}
	if out := w.ask(t, Principal{}, "GET", "/v1/status", ""); out.Code != http.StatusUnauthorized {
		t.Errorf("nobody: %d", out.Code)
	}
}
