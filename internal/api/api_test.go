package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

var alice, bob, operator = Principal{Subject: "alice"}, Principal{Subject: "bob"}, Principal{Subject: "root", Operator: true}

type document struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct {
		Schemas map[string]struct {
			Required   []string
			Properties map[string]json.RawMessage
			Enum       []job.Status
		}
	}
}

// Every documented path is served, and what is served is documented.
func TestTheDocumentIsTheRouter(t *testing.T) {
	w := newWorld()
	d := answer[document](t, w.ask(t, alice, "GET", "/openapi.json", ""))
	id := w.job(t, "alice", job.Ready)
	for _, method := range []string{"get", "post", "put", "patch", "delete"} {
		for _, path := range append(slices.Collect(maps.Keys(d.Paths)), "/v1", "/v1/jobs/{id}/artifacts", "/v1/jobs/{id}/export", "/v2/jobs") {
			out := w.ask(t, alice, strings.ToUpper(method), strings.NewReplacer("{id}", w.job(t, "alice", job.Ready), "{name}", "model.glb").Replace(path), "")
			there := out.Code != http.StatusMethodNotAllowed && !strings.Contains(out.Body.String(), "nothing at this address")
			if _, documented := d.Paths[path][method]; documented != there {
				t.Errorf("%s %s: documented %v, served %v (%d)", method, path, documented, there, out.Code)
			}
		}
	}
	if w.ask(t, alice, "GET", "/v1/jobs/"+id, "").Code != http.StatusOK {
		t.Error("the job is gone")
	}
	for name, body := range map[string]any{
		"Job": jobBody{}, "Stage": stageBody{}, "Artifact": artifactBody{}, "Structure": job.Structure{}, "Notice": job.Notice{},
		"Options": job.Options{}, "Merge": job.Merge{}, "UploadPlan": uploadPlan{}, "Created": createReply{}, "Share": shareBody{},
		"Receipt": receiptBody{}, "Erasure": erasureBody{}, "Tally": job.Tally{},
		"Usual": job.Usual{}, "GPU": gpuBody{}, "Queue": queueBody{}, "Progress": progressBody{}, "Event": eventBody{}, "DeploymentStatus": statusBody{},
	} {
		var fields []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(body)) {
			if !f.Anonymous {
				fields = append(fields, strings.Split(f.Tag.Get("json"), ",")[0])
			}
		}
		slices.Sort(fields)
		if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(d.Components.Schemas[name].Properties))); diff != "" {
			t.Errorf("schema %s (-code +document): %s", name, diff)
		}
	}
	if diff := cmp.Diff(statuses, d.Components.Schemas["Status"].Enum); diff != "" {
		t.Errorf("statuses: %s", diff)
	}
}

func TestHealth(t *testing.T) {
	w := newWorld()
	if got := w.ask(t, Principal{}, "GET", "/healthz", "").Body.String(); got != `{"ok":true,"service":"iris-oculus-api","version":"1.0.0"}`+"\n" {
		t.Error(got)
	}
	if out := w.ask(t, Principal{}, "GET", "/readyz", ""); out.Code != http.StatusOK {
		t.Error(out.Code)
	}
	w.unready = errors.New("secret detail")
	if out := w.ask(t, Principal{}, "GET", "/readyz", ""); out.Code != http.StatusServiceUnavailable || strings.Contains(out.Body.String(), "secret") {
		t.Errorf("%d %s", out.Code, out.Body)
	}
	if out := w.ask(t, Principal{}, "GET", "/", ""); out.Code != http.StatusNotFound {
		t.Errorf("the page, which is served elsewhere: %d", out.Code)
	}
}

// Nobody reads or moves another's job but an operator; what was dropped is read by the
// client that drops, too.
func TestOwners(t *testing.T) {
	w := newWorld()
	hers, dropped := w.job(t, "alice", job.Ready), w.job(t, job.BucketOwner, job.Ready)
	claims := Access{}.OfClaims(map[string]string{"sub": "m", "client_id": "m", "scope": "iris/read iris/operator"})
	cases := []struct {
		who           Principal
		hers, dropped bool
	}{{alice, true, false}, {bob, false, false}, {operator, true, true}, {claims, true, true}, {Local, true, true}, {Principal{}, false, false},
		{Access{}.OfClaims(map[string]string{"sub": "x", "scp": "[email iris/operator]"}), true, true},
		{Access{}.OfClaims(map[string]string{"sub": "x", "scope": "irisoperator not-iris/operator"}), false, false},
		{Access{}.OfClaims(map[string]string{"sub": "x", "cognito:groups": "[operators]"}), false, false}, // a group may be called "not operators"
		{Access{}.OfClaims(map[string]string{"sub": "m", "client_id": "m", "scope": "iris/drop iris/write iris/erase"}), false, true},
		{Principal{Subject: "m", Drops: true}, false, true},
		{Access{OperatorGroup: "operators"}.OfClaims(map[string]string{"sub": "x", "cognito:groups": "[others operators]"}), true, true},
		{Access{OperatorGroup: "operators"}.OfClaims(map[string]string{"sub": "x", "cognito:groups": "[not-operators]"}), false, false},
		{Access{OperatorGroup: "operators"}.OfClaims(map[string]string{"sub": "x", "cognito:groups": "operators"}), false, false},
		{Access{OperatorGroup: "operators"}.OfClaims(map[string]string{"sub": "x", "groups": "[operators]", "scope": "operators"}), false, false},
		{Access{}.OfClaims(map[string]string{"sub": "x", "cognito:groups": "[]"}), false, false},
		{Access{}.OfClaims(map[string]string{"sub": "alice", "token_use": "access"}), true, false},
		{Access{}.OfClaims(map[string]string{"sub": "alice", "token_use": "id"}), false, false},
		{Access{}.OfClaims(map[string]string{"sub": "alice", "token_use": "refresh", "scope": "iris/operator"}), false, false},
		{Access{}.OfClaims(map[string]string{"sub": "m", "client_id": "m"}), false, false}, // a client that nobody made an operator
		{Access{}.OfClaims(map[string]string{"sub": "bucket"}), false, false},
		{Access{}.OfClaims(map[string]string{"sub": "bucket", "scope": "iris/operator"}), false, false},
		{Access{}.OfClaims(map[string]string{"scope": "iris/operator"}), false, false},
		{Access{}.OfClaims(map[string]string{}), false, false},
		{Access{}.Caller(Checked{Claims: nil, Signed: false}), false, false},                // nothing was checked
		{Access{}.Caller(Checked{Claims: map[string]string{}, Signed: true}), false, false}, // a token that says nothing, whatever else
		{Access{}.Caller(Checked{Claims: nil, Signed: true}), true, true},
		{Access{}.Caller(Checked{Signed: true, ARN: "arn:aws:iam::1:user/alice"}), true, true},
		{Access{OwnersByPrefix: true}.Caller(Checked{Signed: true, ARN: "arn:aws:iam::1:user/alice"}), true, false},
		{Access{OwnersByPrefix: true}.Caller(Checked{Signed: true, ARN: "arn:aws-cn:iam::1:user/ward/7/alice"}), true, false},
		{Access{OwnersByPrefix: true}.Caller(Checked{Signed: true, ARN: "arn:aws:iam::1:user/alice/bob"}), false, false},
		{Access{OwnersByPrefix: true}.Caller(Checked{Signed: true, ARN: "arn:aws:iam::1:user/bucket"}), false, false},
		{Access{OwnersByPrefix: true}.Caller(Checked{Signed: true, ARN: "arn:aws:iam::1:user/"}), false, false},
		{Access{OwnersByPrefix: true}.Caller(Checked{Signed: true, ARN: "arn:aws:sts::1:assumed-role/operators/alice"}), true, true},
		{Access{OwnersByPrefix: true}.Caller(Checked{Signed: true, ARN: "arn:aws:iam::1:root"}), true, true},
		{Access{OwnersByPrefix: true}.Caller(Checked{ARN: "arn:aws:iam::1:user/alice"}), false, false},
		{Access{}.Caller(Checked{Claims: map[string]string{"sub": "alice"}, Signed: false}), true, false}}
	calls := []string{"GET ", "GET /artifacts/model.glb", "POST /parts", "POST /complete", "POST /cancel", "POST /retry", "POST /remesh", "DELETE "}
	for _, c := range cases {
		for id, may := range map[string]bool{hers: c.hers, dropped: c.dropped} {
			for _, call := range calls {
				method, path, _ := strings.Cut(call, " ")
				if may && call != "GET " {
					continue // it would move the job of the next case
				}
				if out := w.ask(t, c.who, method, "/v1/jobs/"+id+path, ""); (out.Code != http.StatusNotFound) != may {
					t.Errorf("%+v: %s of %s: %d", c.who, call, id, out.Code)
				}
			}
		}
		if c.who.Subject == "" {
			for _, call := range []string{"GET", "POST"} {
				if out := w.ask(t, c.who, call, "/v1/jobs", `{"file":"a.nii","bytes":1}`); out.Code != http.StatusUnauthorized {
					t.Errorf("%s by nobody: %d", call, out.Code)
				}
			}
			continue
		}
		list := answer[struct{ Jobs []jobBody }](t, w.ask(t, c.who, "GET", "/v1/jobs?key=scan.nii", ""))
		want := 0
		for _, sees := range []bool{c.hers, c.dropped} {
			if sees {
				want++
			}
		}
		if len(list.Jobs) != want {
			t.Errorf("%+v sees %d jobs by key", c.who, len(list.Jobs))
		}
	}
	for _, id := range []string{"x", strings.ToLower(hers), hers + "0", "%2e%2e", job.DeriveID("", "", "")} {
		if out := w.ask(t, alice, "GET", "/v1/jobs/"+id, ""); out.Code != http.StatusNotFound {
			t.Errorf("%s: %d", id, out.Code)
		}
	}
}

func TestETagAndRetryAfter(t *testing.T) {
	w := newWorld()
	for _, status := range statuses {
		id := w.job(t, "alice", status)
		out := w.ask(t, alice, "GET", "/v1/jobs/"+id, "")
		tag := out.Header().Get("ETag")
		if out.Code != http.StatusOK || tag == "" || (out.Header().Get("Retry-After") == "") != status.Ended() {
			t.Errorf("%s: %d, %v", status, out.Code, out.Header())
		}
		for match, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, strings.Trim(tag, `"`): 200} {
			if got := w.ask(t, alice, "GET", "/v1/jobs/"+id, "", "If-None-Match: "+match); got.Code != want || want == 304 && got.Body.Len() > 0 {
				t.Errorf("%s, If-None-Match %s: %d", status, match, got.Code)
			}
		}
	}
}

func TestArtifacts(t *testing.T) {
	w := newWorld()
	for _, status := range statuses {
		id := w.job(t, "alice", status)
		out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/model.glb", "")
		want := http.StatusConflict
		switch {
		case status == job.Ready:
			want = http.StatusTemporaryRedirect
		case status.Ended():
			want = http.StatusNotFound
		}
		if out.Code != want || (out.Header().Get("Retry-After") != "") != (want == http.StatusConflict) {
			t.Errorf("%s: %d, %v", status, out.Code, out.Header())
		}
	}
	id := w.job(t, "alice", job.Ready)
	signed := "https://signed/" + id + "/1/model.glb?as=model.glb"
	if out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/model.glb", ""); out.Header().Get("Location") != signed {
		t.Error(out.Header())
	}
	got := answer[map[string]string](t, w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/model.glb", "", "Accept: application/json"))
	if diff := cmp.Diff(map[string]string{"url": signed, "expires_at": "2026-01-02T03:19:05.000Z"}, got); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"mesh.json", "..%2f..%2fx", "model.glb%2f"} {
		if out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/"+name, ""); out.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, out.Code)
		}
	}
	// While a remesh runs, what is shown stays.
	again := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Status, r.Attempt = job.Meshing, 2 })
	if out := w.ask(t, alice, "GET", "/v1/jobs/"+again+"/artifacts/model.glb", ""); !strings.Contains(out.Header().Get("Location"), again+"/1/") {
		t.Errorf("%d %v", out.Code, out.Header())
	}
}

// The picture of the scan is there while the job runs, of the attempt that made it, and
// after a remesh; what shows a scan is not in a share that names nothing.
func TestThePictureOfTheScan(t *testing.T) {
	w := newWorld()
	scan := job.Artifact{Name: job.ScanPNG, Bytes: 7, SHA256: "bb", MediaType: "image/png", Attempt: 1}
	runs := w.job(t, "alice", job.Segmenting, func(r *job.Record) { r.ShowScan(&scan) })
	again := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Attempt, r.Shown = 2, 2; r.ShowScan(&scan) })
	for _, id := range []string{runs, again} {
		out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/scan.png", "")
		if want := "https://signed/" + id + "/1/scan.png?as=scan.png"; out.Code != http.StatusTemporaryRedirect || out.Header().Get("Location") != want {
			t.Errorf("%d %v, want %s", out.Code, out.Header(), want)
		}
		seen := answer[jobBody](t, w.ask(t, alice, "GET", "/v1/jobs/"+id, ""))
		if got := seen.Artifacts[job.ScanPNG]; got != (artifactBody{Bytes: 7, SHA256: "bb", MediaType: "image/png"}) {
			t.Errorf("%+v", seen.Artifacts)
		}
		share := w.shared(t, alice, id, "")
		if out := w.by(t, share.Token, "GET", "/v1/shared/"+id+"/artifacts/scan.png"); out.Code != http.StatusNotFound {
			t.Errorf("a share that names nothing: %d", out.Code)
		}
		share = w.shared(t, alice, id, `{"artifacts":["scan.png"]}`)
		if out := w.by(t, share.Token, "GET", "/v1/shared/"+id+"/artifacts/scan.png"); out.Code != http.StatusTemporaryRedirect {
			t.Errorf("a share of the picture: %d", out.Code)
		}
	}
	if out := w.ask(t, alice, "GET", "/v1/jobs/"+runs+"/artifacts/model.glb", ""); out.Code != http.StatusConflict || out.Header().Get("Retry-After") == "" {
		t.Errorf("the model of a job that runs: %d", out.Code)
	}
	if out := w.ask(t, alice, "GET", "/v1/jobs/"+again+"/artifacts/model.glb", ""); !strings.Contains(out.Header().Get("Location"), again+"/2/") {
		t.Errorf("%v", out.Header())
	}
}

// An export is asked for once a round; what it says, its object or why there can be
// none, is told at the next poll.
func TestExport(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Structures = []job.Structure{{Name: "liver"}} })
	poll := func(query string) *httptest.ResponseRecorder {
		return w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/model.glb?"+query, "")
	}
	for _, c := range []struct{ query, code string }{{"format=exe", "unsupported_format"}, {"format=stl&structure=gills", "no_structure"}} {
		if out := poll(c.query); code(out) != c.code {
			t.Errorf("%s: %d %s", c.query, out.Code, out.Body)
		}
	}
	for range 3 {
		if out := poll("format=stl&structure=liver"); out.Code != http.StatusAccepted || out.Header().Get("Retry-After") == "" {
			t.Errorf("%d %v", out.Code, out.Header())
		}
	}
	if d := cmp.Diff([]job.ExportInput{{Job: id, Attempt: 1, Format: "stl", Structures: []string{"liver"}}}, w.exports); d != "" {
		t.Error(d)
	}
	key := job.Key(id, 1, job.ExportName("stl", []string{"liver"}))
	w.results.Now = func() time.Time { return w.now }
	refused := func() {
		w.results.Set(job.RefusalName(key), []byte(`{"code":"too_large","message":"too many triangles"}`), nil)
		if out := poll("format=stl&structure=liver"); out.Code != http.StatusUnprocessableEntity || code(out) != "too_large" {
			t.Errorf("%d %s", out.Code, out.Body)
		}
	}
	refused()
	w.now = w.now.Add(time.Hour) // the function may be larger by now
	for range 2 {                // and what it said an hour ago is not the answer
		if out := poll("format=stl&structure=liver"); out.Code != http.StatusAccepted || len(w.exports) != 2 {
			t.Errorf("%d, asked for %d times", out.Code, len(w.exports))
		}
	}
	refused()
	w.results.Set(key, []byte("solid"), nil)
	if out := poll("format=stl&structure=liver"); out.Code != http.StatusTemporaryRedirect {
		t.Errorf("%d %s", out.Code, out.Body)
	}
}

// HEAD leads to what answers HEAD: the object's length and ETag, of an artifact and of an
// export alike.
func TestHeadOfAnArtifact(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Structures = []job.Structure{{Name: "liver"}} })
	key := job.Key(id, 1, job.ExportName("stl", []string{"liver"}))
	path := "/v1/jobs/" + id + "/artifacts/model.glb"
	if out := w.ask(t, alice, "HEAD", path+"?format=stl&structure=liver", ""); out.Code != http.StatusAccepted || out.Header().Get("Retry-After") == "" {
		t.Errorf("not made yet: %d %v", out.Code, out.Header())
	}
	w.results.Set(key, []byte("solid"), nil)
	for _, c := range []struct{ method, query, want string }{
		{"HEAD", "?format=stl&structure=liver", "https://signed/head/" + key},
		{"GET", "?format=stl&structure=liver", "https://signed/" + key + "?as=liver.stl"},
		{"HEAD", "?format=glb", "https://signed/head/" + job.Key(id, 1, job.ModelGLB)},
		{"HEAD", "", "https://signed/head/" + job.Key(id, 1, job.ModelGLB)},
	} {
		if out := w.ask(t, alice, c.method, path+c.query, ""); out.Code != http.StatusTemporaryRedirect || out.Header().Get("Location") != c.want {
			t.Errorf("%s %s: %d %s, want %s", c.method, c.query, out.Code, out.Header().Get("Location"), c.want)
		}
	}
}

// What is asked for is read to the end before anything is made: the names, the
// format, and what the parameters are called.
func TestExportQueries(t *testing.T) {
	for _, c := range []struct {
		name, artifact, query string
		want                  []job.ExportInput // what is asked of the function
		code                  string
	}{
		{"a list", "model.glb", "format=stl&structure=spleen,%20liver,liver", []job.ExportInput{{Format: "stl", Structures: []string{"liver", "spleen"}}}, ""},
		{"repeated", "model.glb", "format=obj&structure=spleen&structure=liver", []job.ExportInput{{Format: "obj", Structures: []string{"liver", "spleen"}}}, ""},
		{"all of them", "model.glb", "format=ply", []job.ExportInput{{Format: "ply"}}, ""},
		{"a merged solid", "model.glb", "format=3mf&structure=bones", []job.ExportInput{{Format: "3mf", Structures: []string{"bones"}}}, ""},
		{"a name with a comma", "model.glb", "format=stl&structure=left,%20old", []job.ExportInput{{Format: "stl", Structures: []string{"left, old"}}}, ""},
		{"the format of the name", "model.glb", "structure=liver", []job.ExportInput{{Format: "glb", Structures: []string{"liver"}}}, ""},
		{"the model itself", "model.glb", "format=glb", nil, ""},
		{"no format of the name", "labels.nii.gz", "structure=liver", nil, "unsupported_format"},
		{"no format", "model.glb", "format=", nil, "unsupported_format"},
		{"two formats", "model.glb", "format=stl&format=obj", nil, "unsupported_format"},
		{"no name", "model.glb", "format=stl&structure=", nil, "bad_query"},
		{"no name in a list", "model.glb", "format=stl&structure=liver,", nil, "no_structure"},
		{"the parameter misspelt", "model.glb", "format=stl&structures=liver", nil, "bad_query"},
		{"a name misspelt", "model.glb", "format=stl&structure=liver,splen", nil, "no_structure"},
		{"part of a solid", "model.glb", "format=stl&structure=rib_left_1", nil, "no_structure"},
	} {
		w := newWorld()
		id := w.job(t, "alice", job.Ready, func(r *job.Record) {
			r.Structures = []job.Structure{{Name: "liver"}, {Name: "spleen"}, {Name: "left, old"}, {Name: "bones"}}
			r.Options.Merge = []job.Merge{{Name: "bones", Of: []string{"rib_left_1", "rib_left_2"}}}
		})
		for i := range c.want {
			c.want[i].Job, c.want[i].Attempt = id, 1
		}
		out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/artifacts/"+c.artifact+"?"+c.query, "")
		status := http.StatusAccepted
		if c.name == "the model itself" {
			status = http.StatusTemporaryRedirect
		}
		if c.code != "" && (code(out) != c.code || out.Code < 400 || out.Code >= 500) || c.code == "" && out.Code != status {
			t.Errorf("%s: %d %s", c.name, out.Code, out.Body)
		}
		if d := cmp.Diff(c.want, w.exports); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		for name, want := range map[string]string{"a name misspelt": `no structure \"splen\": did you mean \"spleen\"?`, "part of a solid": `it is part of \"bones\"`} {
			if c.name == name && !strings.Contains(out.Body.String(), want) {
				t.Errorf("%s: %s", c.name, out.Body)
			}
		}
	}
}

// What a job's status allows: 409 and no change where it does not.
func TestMoves(t *testing.T) {
	cases := []struct {
		path, body string
		allowed    func(job.Status) bool
		want       int
		from       string
	}{
		{"/cancel", "", func(s job.Status) bool { return !s.Ended() }, 200, ""},
		{"/retry", "", func(s job.Status) bool { return among(s, job.Rejected, job.Failed) }, 202, "prepare"},
		{"/remesh", `{"options":{"smoothing":0.25,"structures":["bone"]}}`, func(s job.Status) bool { return s == job.Ready }, 202, "mesh"},
	}
	for _, c := range cases {
		for _, status := range statuses {
			w := newWorld()
			id := w.job(t, "alice", status, func(r *job.Record) { r.Error, r.Token = &job.Notice{Code: "x"}, "t" })
			before, _ := w.store.Get(t.Context(), id)
			out := w.ask(t, alice, "POST", "/v1/jobs/"+id+c.path, c.body)
			after, _ := w.store.Get(t.Context(), id)
			if !c.allowed(status) {
				if out.Code != http.StatusConflict || !cmp.Equal(before, after) {
					t.Errorf("%s of %s: %d", c.path, status, out.Code)
				}
				continue
			}
			if out.Code != c.want {
				t.Errorf("%s of %s: %d %s", c.path, status, out.Code, out.Body)
			}
			if c.from == "" {
				continue
			}
			if after.Attempt != 2 || after.Status != job.Received || after.Error != nil || after.Token != "" || !after.Execution || after.Shown != before.Shown {
				t.Errorf("%s of %s: %+v", c.path, status, after)
			}
			if want := []string{id + "-2 " + c.from}; !slices.Equal(w.executions, want) || out.Header().Get("Location") != "/v1/jobs/"+id {
				t.Errorf("%s: executions %v, %v", c.path, w.executions, out.Header())
			}
			if c.body != "" && (after.Options.Smoothing != 0.25 || !slices.Equal(after.Options.Structures, []string{"bone"})) {
				t.Errorf("%s: options %+v", c.path, after.Options)
			}
		}
	}
	w := newWorld()
	id := w.job(t, "alice", job.Ready, func(r *job.Record) { r.Options.Structures = []string{"bone"} })
	if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/remesh", `{"options":{"structures":[]}}`); out.Code != http.StatusAccepted || strings.Contains(out.Body.String(), `"bone"`) {
		t.Errorf("all structures again: %d %s", out.Code, out.Body)
	}
	if out := w.ask(t, alice, "DELETE", "/v1/jobs/"+id, ""); out.Code != http.StatusNoContent || out.Body.Len() != 0 {
		t.Errorf("delete: %d %s", out.Code, out.Body)
	}
	if out := w.ask(t, alice, "DELETE", "/v1/jobs/"+id, ""); out.Code != http.StatusNotFound {
		t.Errorf("delete again: %d", out.Code)
	}
}

func TestUpload(t *testing.T) {
	w := newWorld()
	body := fmt.Sprintf(`{"file":"Jane Doe.NII.GZ","bytes":%d,"options":{"fast":true,"merge":[{"name":"a","of":["bone","fat"]}]}}`, 300<<20)
	out := w.ask(t, alice, "POST", "/v1/jobs", body, "Idempotency-Key: one")
	if out.Code != http.StatusAccepted || strings.Contains(out.Body.String(), "Jane") {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	made := answer[createReply](t, out)
	id := made.Job.ID
	if made.Upload.Parts != 19 || len(made.Upload.Signed) != 16 || !strings.Contains(made.Upload.Signed[0].URL, "jobs/"+id+"/scan.nii.gz") || out.Header().Get("Location") != "/v1/jobs/"+id {
		t.Errorf("%+v", made.Upload)
	}
	if o := made.Job.Options; !o.Fast || len(o.Merge) != 1 || o.Merge[0].Name != "a" {
		t.Errorf("options %+v", o)
	}
	if again := answer[createReply](t, w.ask(t, alice, "POST", "/v1/jobs", body, "Idempotency-Key: one")); again.Job.ID != id {
		t.Errorf("the same key made %s and %s", id, again.Job.ID)
	}
	if other := answer[createReply](t, w.ask(t, bob, "POST", "/v1/jobs", body, "Idempotency-Key: one")); other.Job.ID == id {
		t.Error("another's key gave her job")
	}
	path := "/v1/jobs/" + id
	if plan := answer[uploadPlan](t, w.ask(t, alice, "POST", path+"/parts", `{"numbers":[17,19]}`)); len(plan.Signed) != 2 || plan.Signed[1].Number != 19 {
		t.Errorf("%+v", plan)
	}
	// A part's URL takes as many bytes as the part has; the last one has what is left.
	if got, want := w.uploads.lengths[len(w.uploads.lengths)-3:], []int64{16 << 20, 16 << 20, 300<<20 - 18*16<<20}; !slices.Equal(got, want) {
		t.Errorf("the parts are signed for %d bytes, want %d", got, want)
	}
	for _, numbers := range []string{"[0]", "[20]", "[-1]", "[1.5]", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", `"1"`, "[99999999999]"} {
		if out := w.ask(t, alice, "POST", path+"/parts", `{"numbers":`+numbers+`}`); out.Code != http.StatusBadRequest {
			t.Errorf("parts %s: %d", numbers, out.Code)
		}
	}
	if out := w.ask(t, alice, "POST", path+"/complete", `{"parts":[]}`); out.Code != http.StatusBadRequest || code(out) != "bad_parts" {
		t.Errorf("no parts: %d %s", out.Code, out.Body)
	}
	var complete string
	w.uploads.arrived, complete = wholeParts(300 << 20)
	for range 2 { // its answer was lost
		if out := w.ask(t, alice, "POST", path+"/complete", complete); out.Code != http.StatusAccepted {
			t.Errorf("complete: %d %s", out.Code, out.Body)
		}
	}
	if out := w.ask(t, alice, "DELETE", path, ""); out.Code != http.StatusNoContent {
		t.Error(out.Code)
	}
	if out := w.ask(t, alice, "POST", "/v1/jobs", body, "Idempotency-Key: one"); out.Code != http.StatusConflict {
		t.Errorf("the key of an erased job: %d", out.Code)
	}
}

func TestHostileBodies(t *testing.T) {
	w := newWorld()
	cases := []struct {
		name, body, code string
		status           int
	}{
		{"nothing", "", "unrecognized", 400},
		{"not JSON", "x", "bad_request", 400},
		{"cut", `{"file":"a.nii"`, "bad_request", 400},
		{"two values", `{"file":"a.nii","bytes":1}{}`, "bad_request", 400},
		{"an unknown field", `{"file":"a.nii","bytes":1,"admin":true}`, "bad_request", 400},
		{"another type", `{"file":["a.nii"],"bytes":1}`, "bad_request", 400},
		{"deep", strings.Repeat("[", 100_000), "bad_request", 400},
		{"no size", `{"file":"a.nii","bytes":0}`, "bad_request", 400},
		{"a negative size", `{"file":"a.nii","bytes":-5}`, "bad_request", 400},
		{"beyond the limit", `{"file":"a.nii","bytes":5368709121}`, "too_large", 400},
		{"beyond any limit", `{"file":"a.nii","bytes":1e30}`, "bad_request", 400},
		{"another ending", `{"file":"a.exe","bytes":1}`, "unrecognized", 400},
		{"an unknown option", `{"file":"a.nii","bytes":1,"options":{"x":1}}`, "bad_option", 400},
		{"an option of a kind that none has", `{"file":"a.nii","bytes":1,"options":{"task":{}}}`, "bad_option", 400},
		{"a list of numbers", `{"file":"a.nii","bytes":1,"options":{"structures":[1]}}`, "bad_option", 400},
		{"a merge of nothing", `{"file":"a.nii","bytes":1,"options":{"merge":[7]}}`, "bad_option", 400},
		{"more than a mebibyte", `{"file":"` + strings.Repeat("x", 1<<20) + `"}`, "too_large", 413},
		{"more than a mebibyte of spaces", `{"file":"a.nii","bytes":1}` + strings.Repeat(" ", 1<<20), "too_large", 413},
	}
	for _, c := range cases {
		if out := w.ask(t, alice, "POST", "/v1/jobs", c.body); out.Code != c.status || code(out) != c.code {
			t.Errorf("%s: %d %s", c.name, out.Code, out.Body)
		}
	}
	if out := w.ask(t, alice, "POST", "/v1/jobs", `{"file":"a.nii","bytes":1}`, "Idempotency-Key: "+strings.Repeat("k", 256)); out.Code != http.StatusBadRequest {
		t.Errorf("a long key: %d", out.Code)
	}
	for _, query := range []string{"limit=0", "limit=201", "limit=x", "key=" + strings.Repeat("k", 1025)} {
		if out := w.ask(t, alice, "GET", "/v1/jobs?"+query, ""); out.Code != http.StatusBadRequest {
			t.Errorf("%.20s: %d", query, out.Code)
		}
	}
	if page, _ := w.store.ByOwner(t.Context(), "alice", 100, ""); len(page.Jobs) != 0 {
		t.Errorf("%d jobs were made", len(page.Jobs))
	}
}

// An error from below reaches nobody's screen.
func TestInternalErrorsSayNothing(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Failed)
	w.refused = errors.New("arn:aws:secret")
	out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/retry", "")
	if out.Code != http.StatusInternalServerError || strings.Contains(out.Body.String(), "secret") {
		t.Errorf("%d %s", out.Code, out.Body)
	}
	w = newWorld()
	id = w.job(t, "alice", job.Failed)
	w.refused = &job.BusyError{Message: "x"}
	if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/retry", ""); out.Code != http.StatusServiceUnavailable || out.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", out.Code, out.Header())
	}
}
