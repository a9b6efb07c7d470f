package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// event reads a reply of server-sent events, field by field.
func event(t *testing.T, body string) map[string]string {
	t.Helper()
	if !strings.HasSuffix(body, "\n\n") || strings.Count(body, "\n\n") != 1 {
		t.Fatalf("%q is not one event", body)
	}
	fields := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSuffix(body, "\n\n"), "\n") {
		name, value, _ := strings.Cut(line, ": ")
		fields[name] = value
	}
	return fields
}

// A client that goes on with the id of its last event is told each change once, of the
// end, and then that it may stop.
func TestEvents(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Preparing, func(r *job.Record) { r.Upload.Key = "Doe^Jane.nii" })
	last := ""
	ask := func() (int, string) {
		t.Helper()
		out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/events", "", "Last-Event-ID: "+last)
		if out.Code == http.StatusOK && out.Header().Get("Content-Type") != "text/event-stream" || strings.Contains(out.Body.String(), "Doe") {
			t.Fatalf("%v %s", out.Header(), out.Body)
		}
		return out.Code, out.Body.String()
	}
	seen := map[string]bool{}
	next := func(name, status string) eventBody {
		t.Helper()
		code, body := ask()
		e := event(t, body)
		var data eventBody
		if err := json.Unmarshal([]byte(e["data"]), &data); err != nil || code != http.StatusOK || e["event"] != name || string(data.Status) != status || seen[e["id"]] || e["retry"] == "" {
			t.Fatalf("%d %q, %v: want event %s of status %s", code, body, err, name, status)
		}
		if err := validEvent(t, e["event"], []byte(e["data"])); err != nil {
			t.Errorf("%s: %v", e["data"], err)
		}
		seen[e["id"]], last = true, e["id"]
		return data
	}
	quiet := func() {
		t.Helper()
		if code, body := ask(); code != http.StatusOK || event(t, body)["id"] != "" || !strings.Contains(body, "\n: ") {
			t.Fatalf("nothing has changed: %d %q", code, body)
		}
	}
	change := func(f func(*job.Record)) {
		t.Helper()
		if _, err := w.store.Amend(t.Context(), id, func(r *job.Record) error { f(r); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	next("job", "preparing")
	quiet()
	change(func(r *job.Record) { r.Token = "what nobody sees" })
	quiet()
	change(func(r *job.Record) { r.Status = job.Meshing })
	next("job", "meshing")
	change(func(r *job.Record) {
		r.Status, r.Error = job.Failed, &job.Notice{Code: "busy", Message: strings.Repeat("long ", 2000)}
	})
	if e := next("end", "failed"); *e.Error != "busy" {
		t.Errorf("%+v", e)
	}
	if code, body := ask(); code != http.StatusNoContent || body != "" {
		t.Errorf("after the end: %d %q", code, body)
	}
	last = "of another life"
	change(func(r *job.Record) { r.Attempt, r.Status, r.Error = 2, job.Ready, nil })
	next("end", "ready")
	if out := w.ask(t, alice, "DELETE", "/v1/jobs/"+id, ""); out.Code != http.StatusNoContent {
		t.Fatal(out.Code)
	}
	if e := next("erased", "ready"); !e.Erased || len(e.Artifacts) != 0 {
		t.Errorf("%+v", e)
	}
	if code, _ := ask(); code != http.StatusNoContent {
		t.Errorf("after the erasure: %d", code)
	}
	for _, strange := range []string{strings.Repeat("x", 9000), "é", "0", "aa\tbb", "*"} { // of another stream, or made up
		last = strange
		if code, body := ask(); code != http.StatusOK || event(t, body)["event"] != "erased" {
			t.Errorf("%.20q: %d %q", strange, code, body)
		}
	}
	for _, who := range []Principal{bob, {}} {
		if out := w.ask(t, who, "GET", "/v1/jobs/"+id+"/events", ""); out.Code != http.StatusNotFound {
			t.Errorf("%+v: %d", who, out.Code)
		}
	}
}
