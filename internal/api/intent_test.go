package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

// gpuCalls are what the API sent to the gpu function, in words.
func (w *world) gpuCalls() (calls []string) {
	for _, c := range w.gpu {
		text := c.Action
		if c.Action == job.ActionIntend {
			text += fmt.Sprintf(" for %s", c.Until.Sub(w.began))
		}
		calls = append(calls, text)
	}
	return calls
}

// announce asks for a job of so many bytes.
func (w *world) announce(t *testing.T, bytes int64, options string) (id string) {
	t.Helper()
	out := w.ask(t, alice, "POST", "/v1/jobs", fmt.Sprintf(`{"file":"scan.nii.gz","bytes":%d,"options":{%s}}`, bytes, options))
	if out.Code != http.StatusAccepted {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	return answer[struct{ Job struct{ ID string } }](t, out).Job.ID
}

func gpuWorld(tasks ...string) *world {
	w := newWorld()
	w.tasks, w.began = tasks, w.now
	w.intent = Intent{Keep: 10 * time.Minute, WarmUp: 6 * time.Minute}
	return w
}

// An upload wakes the GPU when it will have come before the GPU is awake; what needs no
// GPU never does.
func TestAnUploadWakesTheGPU(t *testing.T) {
	const mb = 1_000_000
	for _, c := range []struct {
		name    string
		tasks   []string
		bytes   int64
		options string
		keep    time.Duration
		want    []string
	}{
		{"a CT", []string{"total", "total_mr"}, 200 * mb, "", 10 * time.Minute, []string{"intend for 10m0s"}},
		{"an MR", []string{"total", "total_mr"}, 20 * mb, `"modality":"MR"`, 10 * time.Minute, []string{"intend for 10m0s"}},
		{"a large one", []string{"total"}, 2000 * mb, "", 10 * time.Minute, nil},
		{"a label map", []string{"total"}, mb, `"task":"labels"`, 10 * time.Minute, nil},
		{"the tissue model", []string{"tissue"}, mb, "", 10 * time.Minute, nil},
		{"the tissue model beside another", []string{"total", "tissue"}, mb, `"task":"tissue"`, 10 * time.Minute, nil},
		{"another beside the tissue model", []string{"total", "tissue"}, mb, `"task":"total"`, 10 * time.Minute, []string{"intend for 10m0s"}},
		{"no model", []string{"labels"}, mb, "", 10 * time.Minute, nil},
		{"switched off", []string{"total"}, mb, "", 0, nil},
	} {
		w := gpuWorld(c.tasks...)
		w.intent.Keep = c.keep
		id := w.announce(t, c.bytes, c.options)
		if diff := cmp.Diff(c.want, w.gpuCalls()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if got := w.store.Record(id).IntentUntil; got.IsZero() != (c.want == nil) {
			t.Errorf("%s: recorded until %s", c.name, got)
		}
	}
}

// A job wakes the GPU once, whatever its client repeats, so that an upload that dies
// costs what was said and no more.
func TestAnUploadWakesTheGPUOnce(t *testing.T) {
	w := gpuWorld("total")
	const body = `{"file":"scan.nii.gz","bytes":100000000}`
	out := w.ask(t, alice, "POST", "/v1/jobs", body, "Idempotency-Key: k")
	w.now = w.now.Add(5 * time.Minute)
	w.ask(t, alice, "POST", "/v1/jobs", body, "Idempotency-Key: k")
	id := answer[struct{ Job struct{ ID string } }](t, out).Job.ID
	for range 3 {
		w.now = w.now.Add(4 * time.Minute)
		w.ask(t, alice, "POST", "/v1/jobs/"+id+"/parts", `{"numbers":[3,2]}`)
		w.ask(t, alice, "POST", "/v1/jobs/"+id+"/parts", `{}`)
	}
	w.ask(t, alice, "POST", "/v1/jobs/"+id+"/complete", `{"parts":[{"number":1,"etag":"x"}]}`)
	if diff := cmp.Diff([]string{"intend for 10m0s"}, w.gpuCalls()); diff != "" {
		t.Error(diff)
	}
}

// A large upload wakes the GPU when what is left of it takes no longer than that, by the
// speed at which it has come so far.
func TestALargeUploadWakesTheGPULater(t *testing.T) {
	w := gpuWorld("total")
	const parts = 200
	id := w.announce(t, parts*partBytes, "")
	woken := 0
	for n := 17; n <= parts && woken == 0; n += 16 {
		w.now = w.now.Add(2 * time.Minute) // 16 parts in 2 minutes: 45 are left in the last 6
		if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/parts", fmt.Sprintf(`{"numbers":[%d,%d]}`, n, n+1)); out.Code != http.StatusOK {
			t.Fatalf("%d %s", out.Code, out.Body)
		}
		if len(w.gpu) > 0 {
			woken = n
		}
	}
	if woken != 161 { // with 40 parts left; with the 56 before that it took 7 minutes
		t.Errorf("woken at part %d: %v", woken, w.gpuCalls())
	}

	w = gpuWorld("total")
	id = w.announce(t, parts*partBytes, "")
	w.now = w.now.Add(20 * time.Hour)
	w.uploads.arrived = nil
	for n := int32(1); n <= 150; n++ {
		w.uploads.arrived = append(w.uploads.arrived, job.Uploaded{Part: job.Part{Number: n, ETag: "x"}, Bytes: partBytes})
	}
	w.ask(t, alice, "POST", "/v1/jobs/"+id+"/parts", `{}`)
	if len(w.gpu) != 1 {
		t.Errorf("resumed with a quarter left: %v", w.gpuCalls())
	}

	w = gpuWorld("total")
	w.job(t, "alice", job.Ready) // so that ids differ
	id = w.announce(t, parts*partBytes, "")
	w.ask(t, alice, "POST", "/v1/jobs/"+id+"/complete", `{"parts":[{"number":1,"etag":"x"}]}`)
	if len(w.gpu) != 1 {
		t.Errorf("complete: %v", w.gpuCalls())
	}
}

// An upload that its owner gives up lets the GPU go at once.
func TestAnUploadThatIsGivenUp(t *testing.T) {
	for _, way := range []string{"POST /cancel", "DELETE "} {
		method, path, _ := strings.Cut(way, " ")
		w := gpuWorld("total")
		id := w.announce(t, 1000, "")
		w.ask(t, alice, method, "/v1/jobs/"+id+path, "")
		if got := w.gpuCalls(); len(got) != 2 || got[1] != "forget" || w.gpu[1].Job != id {
			t.Errorf("%s: %v", way, got)
		}
		w = gpuWorld("total")
		id = w.announce(t, 1000, "")
		w.now = w.now.Add(11 * time.Minute)
		w.ask(t, alice, method, "/v1/jobs/"+id+path, "")
		if got := w.gpuCalls(); len(got) != 1 {
			t.Errorf("%s, when it is over: %v", way, got)
		}
		w = gpuWorld("total")
		id = w.announce(t, 1000, `"task":"labels"`)
		w.ask(t, alice, method, "/v1/jobs/"+id+path, "")
		if len(w.gpu) > 0 {
			t.Errorf("%s of a label map: %v", way, w.gpuCalls())
		}
	}
}

// The job is made and cancelled also when the GPU's function cannot be asked.
func TestAGPUThatCannotBeAsked(t *testing.T) {
	w := gpuWorld("total")
	w.gpuFails = true
	id := w.announce(t, 1000, "")
	if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/cancel", ""); out.Code != http.StatusOK {
		t.Errorf("%d %s", out.Code, out.Body)
	}
}

// A label map never asks for the GPU: not when it is announced, sent, meshed again or
// given up.
func TestALabelMapAsksForNoGPU(t *testing.T) {
	w := gpuWorld("total")
	id := w.announce(t, 2*partBytes, `"task":"labels"`)
	w.ask(t, alice, "POST", "/v1/jobs/"+id+"/parts", `{"numbers":[2]}`)
	w.ask(t, alice, "POST", "/v1/jobs/"+id+"/parts", `{}`)
	w.ask(t, alice, "POST", "/v1/jobs/"+id+"/complete", `{"parts":[{"number":1,"etag":"x"}]}`)
	done := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Options.Task = job.TaskLabels })
	w.ask(t, alice, "POST", "/v1/jobs/"+done+"/remesh", `{}`)
	w.ask(t, alice, "POST", "/v1/jobs/"+id+"/cancel", "")
	if len(w.gpu) > 0 {
		t.Errorf("%v", w.gpuCalls())
	}
}
