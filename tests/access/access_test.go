// Package access holds the table of docs/security.md against what answers: every cell
// over the routes of template.yaml, a gateway that checks tokens, and the API's handler.
package access

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/gateway/jwt/jwttest"
	"github.com/iris-oculus/iris/internal/local/template"
)

// The columns that the table must have, in any order.
const (
	anonymous      = "anonymous"
	wrongOwner     = "wrong owner"
	rightOwner     = "right owner"
	operator       = "operator"
	machineDrop    = "machine client: a drop"
	machineAnother = "machine client: another's"
	readOnly       = "read-only token"
	shareLink      = "share link"
	expired        = "expired"
	tampered       = "tampered"
)

var columns = []string{anonymous, wrongOwner, rightOwner, operator, machineDrop, machineAnother, readOnly, shareLink, expired, tampered}

// row is one of the table: a route, and what each who asks is answered.
type row struct {
	route string
	cells map[string]string
}

// table reads the table of docs/security.md whose first column is called route.
func table(t *testing.T) (rows []row) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	var head []string
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			head = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "`")
		}
		switch {
		case head == nil && cells[0] == "route":
			head = cells
		case head == nil || strings.HasPrefix(cells[0], "---"):
		case len(cells) != len(head):
			t.Fatalf("%s: %d cells, want %d", line, len(cells), len(head))
		default:
			r := row{route: cells[0], cells: map[string]string{}}
			for i, cell := range cells[1:] {
				r.cells[head[i+1]] = cell
			}
			if d := cmp.Diff(slices.Sorted(slices.Values(columns)), slices.Sorted(maps.Keys(r.cells))); d != "" {
				t.Fatalf("columns (-want +table): %s", d)
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// Every operation of the API's document has its row, and every row is such an operation.
func TestTheTableHasEveryRoute(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "api", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	var want []string
	for path, operations := range document.Paths {
		for name := range operations {
			if name != "parameters" {
				want = append(want, strings.ToUpper(name)+" "+path)
			}
		}
	}
	var got []string
	for _, r := range table(t) {
		route, _, _ := strings.Cut(r.route, "?")
		got = append(got, route)
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, slices.Compact(got)); d != "" {
		t.Errorf("routes (-document +table): %s", d)
	}
}

var now = time.Unix(1_800_000_000, 0).UTC()

// statusFor is a status in which a job takes what a route does.
func statusFor(route string) job.Status {
	for end, status := range map[string]job.Status{"/parts": job.AwaitingUpload, "/complete": job.AwaitingUpload, "/cancel": job.Preparing, "/retry": job.Failed} {
		if strings.HasSuffix(route, end) {
			return status
		}
	}
	return job.Ready
}

// bodies are those of routes that need one.
var bodies = map[string]string{
	"POST /v1/jobs":               fmt.Sprintf(`{"file":"a.nii.gz","bytes":%d}`, whole),
	"POST /v1/jobs/{id}/complete": `{"parts":[{"number":1,"etag":"e"}]}`,
}

// put stores a job of an owner and gives its id.
func (w *world) put(t *testing.T, n byte, owner string, status job.Status) string {
	t.Helper()
	r := job.Record{
		ID: job.NewID(now, [10]byte{n}), Attempt: 1, Status: status, From: job.FromPrepare, Owner: owner, Options: job.DefaultOptions(), CreatedAt: now, UpdatedAt: now,
		Upload: job.Upload{Bucket: "bucket", Key: owner + "/scan.nii", Size: whole, Parts: "upload"},
	}
	if status == job.Ready {
		r.Shown, r.Artifacts = 1, []job.Artifact{{Name: job.ModelGLB, Bytes: 5, SHA256: "aa", MediaType: "model/gltf-binary"}}
	}
	if _, _, err := w.store.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := w.store.LinkKey(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r.ID
}

// stage is a world with a job of alice's and one of the bucket's, each shared, before one
// request.
type stage struct {
	*world
	handler      http.Handler
	hers, drop   string
	share, ended string // tokens of her job's
}

func newStage(t *testing.T, routes template.API, issuer *jwttest.Issuer, status job.Status) *stage {
	t.Helper()
	s := &stage{world: &world{now: now}}
	s.handler = s.serve(t, routes, issuer)
	s.hers, s.drop = s.put(t, 1, "alice", status), s.put(t, 2, job.BucketOwner, status)
	alice := issuer.Issue(t, now, nil)
	for _, share := range []struct {
		token *string
		life  int
	}{{&s.ended, 60}, {&s.share, 600}} {
		out := s.ask(t, alice, "POST", "/v1/jobs/"+s.hers+"/share", fmt.Sprintf(`{"expires_in":%d}`, share.life))
		var made struct{ Token string }
		if err := json.Unmarshal(out.Body.Bytes(), &made); err != nil || made.Token == "" {
			t.Fatalf("share: %d %s", out.Code, out.Body)
		}
		*share.token = made.Token
	}
	s.now = now.Add(2 * time.Minute)
	return s
}

func (s *stage) ask(t *testing.T, bearer, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8000"+path, strings.NewReader(body))
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	out := httptest.NewRecorder()
	s.handler.ServeHTTP(out, r)
	return out
}

// spoil changes one character in the middle of a token's last part.
func spoil(token string) string {
	at := len(token) - 20
	other := byte('A')
	if token[at] == other {
		other = 'B'
	}
	return token[:at] + string(other) + token[at+1:]
}

// bearer is the token of who asks.
func (s *stage) bearer(t *testing.T, issuer *jwttest.Issuer, route, who string) string {
	t.Helper()
	shared := strings.Contains(route, " /v1/shared/")
	token := func(sub, scope string) string {
		return issuer.Issue(t, s.now, map[string]any{"sub": sub, "scope": scope})
	}
	switch who {
	case anonymous:
		return ""
	case wrongOwner:
		return token("mallory", "openid")
	case rightOwner:
		return token("alice", "openid")
	case operator:
		return issuer.Issue(t, s.now, map[string]any{"sub": "root", "cognito:groups": []string{"iris-operators"}})
	case machineDrop, machineAnother:
		return token("machine", "iris/drop iris/read iris/write")
	case readOnly:
		return token("alice", "iris/read")
	case shareLink:
		return s.share
	case expired:
		if shared {
			return s.ended
		}
		return issuer.Issue(t, s.now.Add(-2*time.Hour), nil)
	case tampered:
		if shared {
			return spoil(s.share)
		}
		return spoil(token("alice", "openid"))
	}
	t.Fatalf("column %q is not known", who)
	return ""
}

var cell = regexp.MustCompile(`^([1-5][0-9]{2})( with| without)?$`)

// Every cell of the table is what is answered. What is refused changes nothing, and a job
// of somebody else's is answered as one that there is not.
func TestEveryCellOfTheTable(t *testing.T) {
	issuer := jwttest.New(t)
	api := routes(t, issuer)
	rows, cells := table(t), 0
	for _, r := range rows {
		method, pattern, _ := strings.Cut(r.route, " ")
		route, _, _ := strings.Cut(r.route, "?")
		for _, who := range columns {
			want := cell.FindStringSubmatch(r.cells[who])
			if want == nil {
				t.Errorf("%s, %s: %q is no cell", r.route, who, r.cells[who])
				continue
			}
			s := newStage(t, api, issuer, statusFor(route))
			id, owner := s.hers, "alice"
			if who == machineDrop {
				id, owner = s.drop, job.BucketOwner
			}
			path := func(id string) string {
				return strings.NewReplacer("{id}", id, "{name}", job.ModelGLB, "{owner}", owner, "{key}", owner+"/scan.nii").Replace(pattern)
			}
			before, err := s.store.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			bearer := s.bearer(t, issuer, r.route, who)
			out := s.ask(t, bearer, method, path(id), bodies[route])
			cells++
			if fmt.Sprint(out.Code) != want[1] {
				t.Errorf("%s, %s: %d %s, the table says %s", r.route, who, out.Code, out.Body, want[0])
			}
			if there := strings.Contains(out.Body.String(), id); want[2] != "" && there != (want[2] == " with") {
				t.Errorf("%s, %s: %s, the table says %s", r.route, who, out.Body, want[0])
			}
			if out.Code < 400 {
				continue
			}
			if after, err := s.store.Get(t.Context(), id); err != nil || !cmp.Equal(before, after) {
				t.Errorf("%s, %s: %d, and the job changed: %v", r.route, who, out.Code, err)
			}
			if body := out.Body.String(); strings.Contains(body, id) || strings.Contains(body, "alice") || bearer != "" && strings.Contains(body, bearer) {
				t.Errorf("%s, %s: the refusal tells %s", r.route, who, body)
			}
			none := s.ask(t, bearer, method, path(job.DeriveID("", "", "")), bodies[route])
			if out.Code != none.Code || out.Body.String() != none.Body.String() || !cmp.Equal(out.Header(), none.Header()) {
				t.Errorf("%s, %s: %d %v %s; of a job that there is not: %d %v %s", r.route, who, out.Code, out.Header(), out.Body, none.Code, none.Header(), none.Body)
			}
		}
	}
	if want := len(rows) * len(columns); cells != want || cells < 200 {
		t.Errorf("%d cells were checked of %d", cells, want)
	}
}
