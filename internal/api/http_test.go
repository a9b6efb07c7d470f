package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

func unzipped(t *testing.T, body []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("gzip: %v", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("gzip: %v", err)
	}
	return text
}

// A method that an address does not take is 405 with those that it does, and HEAD is
// one of them wherever GET is.
func TestMethodsThatAnAddressDoesNotTake(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Ready)
	for path, allowed := range map[string]string{
		"/v1/jobs": "GET, HEAD, POST", "/v1/jobs/" + id: "GET, HEAD, DELETE", "/v1/jobs/" + id + "/parts": "POST", "/v1/jobs/" + id + "/complete": "POST",
		"/v1/jobs/" + id + "/cancel": "POST", "/v1/jobs/" + id + "/retry": "POST", "/v1/jobs/" + id + "/remesh": "POST",
		"/v1/jobs/" + id + "/artifacts/model.glb": "GET, HEAD", "/healthz": "GET, HEAD", "/readyz": "GET, HEAD", "/openapi.json": "GET, HEAD",
	} {
		for _, method := range []string{"PUT", "PATCH", "TRACE", "POST", "GET", "HEAD", "BREW"} {
			if slices.Contains(strings.Split(allowed, ", "), method) {
				continue
			}
			out := w.ask(t, alice, method, path, "")
			if out.Code != http.StatusMethodNotAllowed || out.Header().Get("Allow") != allowed || method != "HEAD" && code(out) != "method_not_allowed" {
				t.Errorf("%s %s: %d, Allow %q, want %q", method, path, out.Code, out.Header().Get("Allow"), allowed)
			}
		}
	}
	for _, path := range []string{"/v1", "/v1/jobs/", "/v1/jobs/" + id + "/nothing", "//v1/jobs", "/v1//jobs", "/v1/../v1/jobs", "/%2e%2e/v1/jobs", "/v1/./jobs", "/healthz/"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			if out := w.ask(t, alice, method, path, ""); out.Code != http.StatusNotFound || out.Header().Get("Allow") != "" {
				t.Errorf("%s %s: %d, Allow %q", method, path, out.Code, out.Header().Get("Allow"))
			}
		}
	}
}

// HEAD has the status and the headers of GET, and no body. An artifact's leads to a URL
// that is signed for HEAD.
func TestHead(t *testing.T) {
	w := newWorld()
	id, open := w.job(t, "alice", job.Ready), w.job(t, "alice", job.Meshing)
	for _, path := range []string{"/v1/jobs", "/v1/jobs?key=scan.nii", "/v1/jobs?key=", "/v1/jobs/" + id, "/v1/jobs/" + open, "/v1/jobs/none",
		"/v1/jobs/" + open + "/artifacts/model.glb", "/healthz", "/readyz", "/openapi.json", "/", "/nothing"} {
		for _, accept := range []string{"", "gzip"} {
			got, head := w.ask(t, alice, "GET", path, "", "Accept-Encoding: "+accept), w.ask(t, alice, "HEAD", path, "", "Accept-Encoding: "+accept)
			if head.Code != got.Code || head.Body.Len() > 0 || fmt.Sprint(head.Header()) != fmt.Sprint(got.Header()) {
				t.Errorf("HEAD %s: %d %v, GET %d %v", path, head.Code, head.Header(), got.Code, got.Header())
			}
		}
	}
	path := "/v1/jobs/" + id + "/artifacts/model.glb"
	if out := w.ask(t, alice, "HEAD", path, ""); out.Code != http.StatusTemporaryRedirect || !strings.HasPrefix(out.Header().Get("Location"), "https://signed/head/"+id) {
		t.Errorf("HEAD of an artifact: %d, %v", out.Code, out.Header())
	}
	if out := w.ask(t, alice, "GET", path, ""); !strings.HasPrefix(out.Header().Get("Location"), "https://signed/"+id) {
		t.Errorf("GET of an artifact: %v", out.Header())
	}
}

// JSON is compressed for who asks for it and when it is worth it. Its strong ETag is
// then another, and answers for itself only.
func TestRepliesInGzip(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Ready, func(r *job.Record) {
		for n := range 100 {
			r.Structures = append(r.Structures, job.Structure{Label: n, Name: fmt.Sprint("rib_", n)})
		}
	})
	path := "/v1/jobs/" + id
	plain := w.ask(t, alice, "GET", path, "")
	for accept, want := range map[string]bool{
		"gzip": true, "deflate, gzip;q=0.5": true, "GZIP": true, "*": true, "br;q=1, *;q=0.1": true, "x-gzip": true, "gzip; q=1.0, *;q=0": true,
		"": false, "br": false, "identity": false, "gzip;q=0": false, "*, gzip;q=0": false, "gzip; q=0.000": false, "gzip;q=x": false, "gzipped": false,
	} {
		out := w.ask(t, alice, "GET", path, "", "Accept-Encoding: "+accept)
		got := out.Header().Get("Content-Encoding") == "gzip"
		if got != want || out.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: %v", accept, out.Header())
			continue
		}
		text := out.Body.Bytes()
		if got {
			text = unzipped(t, text)
		}
		if !bytes.Equal(text, plain.Body.Bytes()) || got && out.Body.Len() >= len(text)/4 || got == (out.Header().Get("ETag") == plain.Header().Get("ETag")) {
			t.Errorf("Accept-Encoding %q: %d bytes of %d, ETag %s", accept, out.Body.Len(), len(text), out.Header().Get("ETag"))
		}
		if same := w.ask(t, alice, "GET", path, "", "Accept-Encoding: "+accept, "If-None-Match: "+out.Header().Get("ETag")); same.Code != http.StatusNotModified || same.Body.Len() > 0 {
			t.Errorf("its own ETag: %d", same.Code)
		}
	}
	if out := w.ask(t, alice, "GET", "/healthz", "", "Accept-Encoding: gzip"); out.Header().Get("Content-Encoding") != "" {
		t.Error("a few bytes are compressed")
	}
}

// The longer a stage lasts, the less often it is asked after; never longer apart than 15 s.
func TestRetryAfterFollowsTheStage(t *testing.T) {
	w := newWorld()
	began := w.now
	for _, status := range statuses {
		id := w.job(t, "alice", status, func(r *job.Record) {
			r.Stages = []job.StageTime{{Name: job.Received, StartedAt: began.Add(-time.Hour)}, {Name: status, StartedAt: began}}
		})
		for _, c := range []struct {
			after time.Duration
			want  int
		}{{-time.Second, pollAfter(status)}, {0, pollAfter(status)}, {19 * time.Second, pollAfter(status)}, {70 * time.Second, 7}, {150 * time.Second, 15}, {time.Hour, 15}} {
			w.now = began.Add(c.after)
			want := fmt.Sprint(c.want)
			if status.Ended() {
				want = ""
			}
			out := w.ask(t, alice, "GET", "/v1/jobs/"+id, "")
			if got := out.Header().Get("Retry-After"); got != want {
				t.Errorf("%s for %v: Retry-After %q, want %q", status, c.after, got, want)
			}
			if same := w.ask(t, alice, "GET", "/v1/jobs/"+id, "", "If-None-Match: "+out.Header().Get("ETag")); same.Header().Get("Retry-After") != want {
				t.Errorf("%s: a 304 says Retry-After %q", status, same.Header().Get("Retry-After"))
			}
		}
	}
}

// A body is one JSON object that names what it means, or nothing.
func TestBodiesAreReadToTheLetter(t *testing.T) {
	type reply struct{ Code, Detail string }
	for _, c := range []struct {
		name, path, body, header string
		status                   int
		code                     string
	}{
		{"options that are null", "/v1/jobs", `{"file":"a.nii","bytes":1,"options":null}`, "", 400, "bad_request"},
		{"a file that is null", "/v1/jobs", `{"file":null,"bytes":1}`, "", 400, "bad_request"},
		{"null", "/v1/jobs", `null`, "", 400, "bad_request"},
		{"a list", "/v1/jobs", `[]`, "", 400, "bad_request"},
		{"a name in another case", "/v1/jobs", `{"File":"a.nii","bytes":1}`, "", 400, "bad_request"},
		{"no UTF-8", "/v1/jobs", "{\"file\":\"\xff.nii\",\"bytes\":1}", "", 400, "bad_request"},
		{"text/plain", "/v1/jobs", `{"file":"a.nii","bytes":1}`, "text/plain", 415, "unsupported_media_type"},
		{"a form", "/v1/jobs", `{"file":"a.nii","bytes":1}`, "application/x-www-form-urlencoded", 415, "unsupported_media_type"},
		{"no media type", "/v1/jobs", `{"file":"a.nii","bytes":1}`, " ", 415, "unsupported_media_type"},
		{"JSON with a charset", "/v1/jobs", `{"file":"a.nii","bytes":1}`, "application/json; charset=utf-8", 202, ""},
		{"a retry with null", "/v1/jobs/F/retry", `{"options":null}`, "", 400, "bad_request"},
		{"a retry with another field", "/v1/jobs/F/retry", `{"task":"total"}`, "", 400, "bad_request"},
		{"a retry as text", "/v1/jobs/F/retry", `{}`, "text/plain", 415, "unsupported_media_type"},
		{"a retry with nothing", "/v1/jobs/F/retry", ``, "", 202, ""},
		{"a retry with {}", "/v1/jobs/F/retry", ` {} `, "", 202, ""},
		{"parts that are null", "/v1/jobs/A/parts", `{"numbers":null}`, "", 400, "bad_request"},
		{"a complete with nothing", "/v1/jobs/A/complete", ``, "", 400, "bad_parts"},
		{"a complete with null", "/v1/jobs/A/complete", `{"parts":null}`, "", 400, "bad_request"},
		{"a complete out of order", "/v1/jobs/A/complete", `{"parts":[{"number":2,"etag":"a"},{"number":1,"etag":"b"}]}`, "", 400, "bad_parts"},
		{"a complete of one part twice", "/v1/jobs/A/complete", `{"parts":[{"number":1,"etag":"a"},{"number":1,"etag":"b"}]}`, "", 400, "bad_parts"},
		{"a complete without an ETag", "/v1/jobs/A/complete", `{"parts":[{"number":1}]}`, "", 400, "bad_parts"},
		{"a complete of a ready job, with nothing", "/v1/jobs/R/complete", ``, "", 400, "bad_parts"},
		{"a complete of a ready job", "/v1/jobs/R/complete", `{"parts":[{"number":1,"etag":"a"}]}`, "", 202, ""},
		{"a complete of a cancelled job", "/v1/jobs/C/complete", `{"parts":[{"number":1,"etag":"a"}]}`, "", 409, "conflict"},
		{"a complete of an expired job", "/v1/jobs/E/complete", `{"parts":[{"number":1,"etag":"a"}]}`, "", 409, "conflict"},
	} {
		w := newWorld()
		ids := strings.NewReplacer("/F/", "/"+w.job(t, "alice", job.Failed)+"/", "/A/", "/"+w.job(t, "alice", job.AwaitingUpload)+"/", "/R/", "/"+w.job(t, "alice", job.Ready)+"/",
			"/C/", "/"+w.job(t, "alice", job.Cancelled)+"/", "/E/", "/"+w.job(t, "alice", job.Expired)+"/")
		var headers []string
		if c.header != "" {
			headers = []string{"Content-Type: " + strings.TrimSpace(c.header)}
		}
		out := w.ask(t, alice, "POST", ids.Replace(c.path), c.body, headers...)
		var p reply
		if out.Code >= 400 {
			p = answer[reply](t, out)
		}
		if out.Code != c.status || p.Code != c.code {
			t.Errorf("%s: %d %s", c.name, out.Code, out.Body)
		}
	}
}

// No address passes over a parameter that it does not know.
func TestParametersThatAreNotKnown(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Failed)
	for _, call := range []string{"GET ", "DELETE ", "POST /parts", "POST /complete", "POST /cancel", "POST /retry", "POST /remesh", "GET /artifacts/model.glb"} {
		method, path, _ := strings.Cut(call, " ")
		for _, query := range []string{"fromat=stl", "Format=stl", "x", "a=%zz", "format=stl;x"} {
			out := w.ask(t, alice, method, "/v1/jobs/"+id+path+"?"+query, "")
			if out.Code != http.StatusBadRequest || code(out) != "bad_query" {
				t.Errorf("%s?%s: %d %s", call, query, out.Code, out.Body)
			}
		}
	}
	if rec, err := w.store.Get(t.Context(), id); err != nil || rec.Status != job.Failed {
		t.Errorf("the job moved: %v %v", rec.Status, err)
	}
	var p struct{ Detail string }
	out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/model.glb?fromat=stl", "")
	if err := json.Unmarshal(out.Body.Bytes(), &p); err != nil || !strings.Contains(p.Detail, `"fromat" is not known`) {
		t.Errorf("%s", out.Body)
	}
}
