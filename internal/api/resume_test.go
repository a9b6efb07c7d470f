package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// A client that comes back learns which parts are there and has the first of those that
// are missing signed. A part of another length is missing.
func TestAnUploadIsResumed(t *testing.T) {
	w := newWorld()
	const size = 19*partBytes - 5
	id := answer[createReply](t, w.ask(t, alice, "POST", "/v1/jobs", fmt.Sprintf(`{"file":"a.nii.gz","bytes":%d}`, size), "Idempotency-Key: k")).Job.ID
	if w.uploads.listed != 0 {
		t.Error("parts of a new upload were listed")
	}
	part := func(n int32, bytes int64) job.Uploaded {
		return job.Uploaded{Part: job.Part{Number: n, ETag: fmt.Sprint("e", n)}, Bytes: bytes}
	}
	whole := []job.Uploaded{part(1, partBytes), part(3, partBytes), part(19, partBytes-5)}
	w.uploads.arrived = append(slices.Clone(whole), part(2, partBytes-1), part(20, partBytes), part(4, 0), part(5, partBytes+1))
	for _, call := range []struct{ path, body string }{
		{"/v1/jobs/" + id + "/parts", ""}, {"/v1/jobs/" + id + "/parts", "{}"}, {"/v1/jobs", fmt.Sprintf(`{"file":"a.nii.gz","bytes":%d}`, size)},
	} {
		out := w.ask(t, alice, "POST", call.path, call.body, "Idempotency-Key: k")
		plan := answer[struct {
			uploadPlan
			Upload uploadPlan
		}](t, out)
		if call.path == "/v1/jobs" {
			plan.uploadPlan = plan.Upload
		}
		var signed []int32
		for _, p := range plan.Signed {
			signed = append(signed, p.Number)
		}
		if want := []int32{2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}; !slices.Equal(signed, want) || !slices.Equal(plan.Uploaded, whole) || plan.Parts != 19 {
			t.Errorf("%s %s: signed %v, there %v", call.path, call.body, signed, plan.Uploaded)
		}
	}
	// What is asked for by number is signed, whether it is there or not.
	plan := answer[uploadPlan](t, w.ask(t, alice, "POST", "/v1/jobs/"+id+"/parts", `{"numbers":[1,3]}`))
	if len(plan.Signed) != 2 || plan.Uploaded != nil {
		t.Errorf("by number: %+v", plan)
	}
	// An upload that is complete, of which the job has not heard yet, is not begun again.
	clear(w.uploads.begun)
	if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/parts", ""); out.Code != http.StatusConflict {
		t.Errorf("parts of a complete upload: %d %s", out.Code, out.Body)
	}
	again := answer[createReply](t, w.ask(t, alice, "POST", "/v1/jobs", fmt.Sprintf(`{"file":"a.nii.gz","bytes":%d}`, size), "Idempotency-Key: k"))
	if again.Job.ID != id || len(again.Upload.Signed) != 0 {
		t.Errorf("the same request after its upload: %+v", again)
	}
}

// wholeParts are the parts of a file of some bytes, and the body that completes it.
func wholeParts(bytes int64) (there []job.Uploaded, complete string) {
	var list []job.Part
	for n := range int32(partsOf(bytes)) {
		p := job.Part{Number: n + 1, ETag: fmt.Sprint("e", n+1)}
		list = append(list, p)
		there = append(there, job.Uploaded{Part: p, Bytes: min(partBytes, bytes-int64(n)*partBytes)})
	}
	text, _ := json.Marshal(map[string]any{"parts": list}) // numbers and words
	return there, string(text)
}

// An upload of which a part is missing, is not listed or has another length is not made
// into a scan that ends early.
func TestAnUploadIsWholeOrRefused(t *testing.T) {
	const size = 2*partBytes + 7
	for name, change := range map[string]func(there []job.Uploaded, body string) ([]job.Uploaded, string){
		"the last has not arrived": func(there []job.Uploaded, body string) ([]job.Uploaded, string) { return there[:2], body },
		"the first alone is listed": func(there []job.Uploaded, _ string) ([]job.Uploaded, string) {
			_, first := wholeParts(partBytes)
			return there, first
		},
		"the last is short": func(there []job.Uploaded, body string) ([]job.Uploaded, string) { there[2].Bytes--; return there, body },
		"one is long":       func(there []job.Uploaded, body string) ([]job.Uploaded, string) { there[1].Bytes++; return there, body },
	} {
		w := newWorld()
		id := answer[createReply](t, w.ask(t, alice, "POST", "/v1/jobs", fmt.Sprintf(`{"file":"a.nii.gz","bytes":%d}`, size))).Job.ID
		there, whole := wholeParts(size)
		var body string
		w.uploads.arrived, body = change(there, whole)
		out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/complete", body)
		if out.Code != http.StatusBadRequest || code(out) != "bad_parts" || len(w.uploads.Keys()) > 0 {
			t.Errorf("%s: %d %s, objects %v", name, out.Code, out.Body, w.uploads.Keys())
		}
		w.uploads.arrived, body = wholeParts(size)
		if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/complete", body); out.Code != http.StatusAccepted {
			t.Errorf("%s, then whole: %d %s", name, out.Code, out.Body)
		}
	}
}

// A client that asks for an export of a job that never made a model is not told to ask
// again.
func TestNoExportOfAJobThatEndedWithoutAModel(t *testing.T) {
	w := newWorld()
	for status, want := range map[job.Status]int{
		job.Cancelled: 404, job.Expired: 404, job.Rejected: 404, job.Failed: 404, job.AwaitingUpload: 409, job.Meshing: 409,
	} {
		id := w.job(t, "alice", status, func(r *job.Record) { r.Shown = 0 })
		out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/model.stl?format=stl", "")
		if again := out.Header().Get("Retry-After") != ""; out.Code != want || again != (want == 409) {
			t.Errorf("%s: %d, Retry-After %v, %s", status, out.Code, again, out.Body)
		}
	}
}

// One key is one body: in another spelling it is the same, with another meaning it is
// refused, and so is another name of the file.
func TestAnIdempotencyKeyStandsForOneBody(t *testing.T) {
	w := newWorld()
	ask := func(body string) (int, string, string) {
		out := w.ask(t, alice, "POST", "/v1/jobs", body, "Idempotency-Key: k")
		if out.Code != http.StatusAccepted {
			return out.Code, "", code(out)
		}
		return out.Code, answer[createReply](t, out).Job.ID, ""
	}
	_, first, _ := ask(`{"file":"Jane.nii","bytes":7,"options":{"smoothing":0.5,"fast":false}}`)
	if _, id, _ := ask(` {"options":{"fast":false,"smoothing":0.50},  "bytes":7,"file":"Jane.nii"} `); id != first || first == "" {
		t.Errorf("the same body in another spelling: %q, want %q", id, first)
	}
	for _, body := range []string{
		`{"file":"Jane.nii","bytes":8,"options":{"smoothing":0.5,"fast":false}}`, `{"file":"John.nii","bytes":7,"options":{"smoothing":0.5,"fast":false}}`,
		`{"file":"Jane.nii","bytes":7,"options":{"smoothing":0.4,"fast":false}}`, `{"file":"Jane.nii","bytes":7}`,
	} {
		if status, _, code := ask(body); status != http.StatusUnprocessableEntity || code != "idempotency_key_reused" {
			t.Errorf("%s: %d %s", body, status, code)
		}
	}
	page, err := w.store.ByOwner(t.Context(), "alice", 100, "")
	if err != nil || len(page.Jobs) != 1 {
		t.Errorf("%d jobs, %v", len(page.Jobs), err)
	}
}

// A remesh keeps the labels, and says so to whoever asks for others.
func TestARemeshIsNotASegmentation(t *testing.T) {
	for options, want := range map[string]int{
		`"task":"total"`: 400, `"fast":true`: 400, `"series":2`: 400, `"modality":"MR"`: 400, `"task":"labels"`: 400,
		`"task":"tissue"`: 202, `"task":"auto"`: 202, `"fast":false`: 202, `"smoothing":0.1`: 202, `"modality":"CT"`: 202,
	} {
		w := newWorld()
		w.tasks = []string{"tissue", "total"}
		id := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Options.Task, r.Options.Modality = "tissue", "CT" })
		out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/remesh", `{"options":{`+options+`}}`)
		name, _, _ := strings.Cut(strings.TrimPrefix(options, `"`), `"`)
		if out.Code != want || want == 400 && (code(out) != "bad_option" || !strings.Contains(out.Body.String(), name+": a remesh keeps the labels") || len(w.executions) > 0) {
			t.Errorf("%s: %d %s", options, out.Code, out.Body)
		}
		if rec, err := w.store.Get(t.Context(), id); err != nil || rec.Options.Task != "tissue" {
			t.Errorf("%s: task %q, %v", options, rec.Options.Task, err)
		}
	}
}
