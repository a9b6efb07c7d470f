package api

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

// A job of somebody else's answers, whatever has become of it and by every address, in the very
// words and headers of a job that there is not, and nothing is done for who asked.
func TestAForeignJobIsLikeNone(t *testing.T) {
	w := newWorld()
	w.intent = Intent{Keep: 1e12, WarmUp: 1e15}
	ids := map[string]string{}
	for _, status := range []job.Status{job.AwaitingUpload, job.Meshing, job.Ready, job.Failed} {
		ids[string(status)] = w.job(t, "alice", status, func(r *job.Record) { r.Shown = 1 })
	}
	ids["dropped"] = w.job(t, job.BucketOwner, job.Ready)
	ids["erased"] = w.job(t, "", job.Ready, func(r *job.Record) {
		r.Erased, r.Erasure, r.OwnerDigest = true, &job.Erasure{By: job.ByOwner}, job.OwnerDigest(r.ID, "alice")
	})
	ids["being erased"] = w.job(t, "alice", job.Ready, func(r *job.Record) { r.Erased = true })
	ids["long"] = w.job(t, "alice", job.Ready, func(r *job.Record) { r.Long = true })
	ids["nobody's"] = w.job(t, "", job.Ready)
	shared := w.shared(t, alice, ids["ready"], "")
	before := map[string]job.Record{}
	for _, id := range ids {
		r, err := w.store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		before[id] = r
	}
	none := job.DeriveID("no", "such", "job")
	calls := []struct{ method, path, body string }{
		{"GET", "", ""}, {"HEAD", "", ""}, {"DELETE", "", ""}, {"GET", "/receipt", ""}, {"HEAD", "/receipt", ""}, {"GET", "/events", ""}, {"GET", "/share", ""},
		{"POST", "/share", ""}, {"POST", "/share", `{"artifacts":["x"]}`}, {"DELETE", "/share", ""}, {"DELETE", "/share?id=" + shared.ID, ""},
		{"POST", "/parts", ""}, {"POST", "/parts", `{"numbers":[1]}`}, {"POST", "/parts", `{"numbers":[99]}`}, {"POST", "/complete", ""}, {"POST", "/complete", `{"parts":[{"number":1,"etag":"e"}]}`},
		{"POST", "/cancel", ""}, {"POST", "/retry", ""}, {"POST", "/retry", `{"options":{"task":"no such"}}`}, {"POST", "/remesh", ""}, {"POST", "/remesh", `{"options":{"structures":["liver"]}}`},
		{"GET", "/artifacts/model.glb", ""}, {"HEAD", "/artifacts/model.glb", ""}, {"GET", "/artifacts/none.glb", ""}, {"GET", "/artifacts/model.glb?format=stl", ""},
		{"GET", "/artifacts/model.glb?format=none", ""}, {"GET", "/artifacts/model.glb?format=stl&structure=liver", ""}, {"GET", "/artifacts/model.glb?structures=x", ""},
	}
	headers := [][]string{nil, {"If-None-Match: *"}, {"Last-Event-ID: x", "Accept: application/json"}, {"Idempotency-Key: k", "Accept-Encoding: gzip"}, {"Authorization: Bearer " + shared.Token}}
	for n, who := range []Principal{bob, {Subject: "alice ", Scopes: []string{ScopeRead, ScopeWrite, ScopeErase}}, {}} {
		for _, call := range calls {
			for _, with := range headers[:max(1, len(headers)*(1-n))] { // all of them for bob
				want := w.ask(t, who, call.method, "/v1/jobs/"+none+call.path, call.body, with...)
				for what, id := range ids {
					got := w.ask(t, who, call.method, "/v1/jobs/"+id+call.path, call.body, with...)
					if got.Code != want.Code || got.Code != http.StatusNotFound || got.Body.String() != want.Body.String() || !maps.EqualFunc(got.Header(), want.Header(), slices.Equal) {
						t.Errorf("%q: %s %s of a job that is %s, with %v: %d %v %s, want as for none: %d %s", who.Subject, call.method, call.path, what, with, got.Code, got.Header(), got.Body, want.Code, want.Body)
					}
				}
			}
		}
	}
	for what, id := range ids {
		after, err := w.store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(before[id], after); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
	if len(w.exports)+len(w.gpu)+len(w.executions)+len(w.results.lives)+len(w.uploads.lives) > 0 {
		t.Errorf("done for a stranger: %v %v %v", w.exports, w.gpu, w.executions)
	}
	// The key under which alice made a job is another one in the hands of bob.
	made := func(who Principal) string {
		out := w.ask(t, who, "POST", "/v1/jobs", `{"file":"a.nii","bytes":1}`, "Idempotency-Key: the same")
		return answer[struct{ Job jobBody }](t, out).Job.ID
	}
	hers := made(alice)
	if his := made(bob); his == hers || made(alice) != hers || made(bob) != his {
		t.Errorf("%s and %s", hers, his)
	}
}
