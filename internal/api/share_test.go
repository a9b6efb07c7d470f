package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

// shared makes a share of a job and returns it with its token.
func (w *world) shared(t *testing.T, who Principal, id, body string) sharedReply {
	t.Helper()
	out := w.ask(t, who, "POST", "/v1/jobs/"+id+"/share", body)
	if out.Code != http.StatusCreated || out.Header().Get("Location") != "/v1/shared/"+id {
		t.Fatalf("%d %v %s", out.Code, out.Header(), out.Body)
	}
	return answer[sharedReply](t, out)
}

// by asks as nobody, with a share's token.
func (w *world) by(t *testing.T, token, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return w.ask(t, Principal{}, method, path, "", append(headers, "Authorization: Bearer "+token)...)
}

// The holder of a share reads its job and its artifacts, and nothing else.
func TestAShareShowsWhatWasChosen(t *testing.T) {
	w := newWorld()
	artifacts := func(r *job.Record) {
		r.Artifacts = nil
		for _, name := range job.ArtifactNames {
			r.Artifacts = append(r.Artifacts, job.Artifact{Name: name, Bytes: 5, SHA256: "aa", MediaType: job.MediaType(name)})
		}
	}
	id, other := w.job(t, "alice", job.Ready, artifacts), w.job(t, "alice", job.Ready, artifacts)
	for _, c := range []struct {
		body string
		want []string
	}{
		{"", slices.Sorted(slices.Values(sharedByDefault))},
		{`{"artifacts":["labels.nii.gz","model.glb","model.glb"]}`, []string{"labels.nii.gz", "model.glb"}},
	} {
		s := w.shared(t, alice, id, c.body)
		if d := cmp.Diff(c.want, s.Artifacts); d != "" {
			t.Error(d)
		}
		seen := answer[jobBody](t, w.by(t, s.Token, "GET", "/v1/shared/"+id))
		if seen.ID != id || len(seen.Artifacts) != len(c.want) {
			t.Errorf("%+v", seen)
		}
		for _, name := range job.ArtifactNames {
			may := slices.Contains(c.want, name)
			if _, there := seen.Artifacts[name]; there != may {
				t.Errorf("the shared job has %s: %v", name, there)
			}
			for _, method := range []string{"GET", "HEAD"} {
				out := w.by(t, s.Token, method, "/v1/shared/"+id+"/artifacts/"+name)
				if (out.Code == http.StatusTemporaryRedirect) != may || !may && out.Code != http.StatusNotFound {
					t.Errorf("%s %s: %d", method, name, out.Code)
				}
			}
		}
		if got := answer[map[string]string](t, w.by(t, s.Token, "GET", "/v1/shared/"+id+"/artifacts/model.glb", "Accept: application/json")); got["expires_at"] != stamp(w.now.Add(sharedURLLife)) {
			t.Errorf("%v", got)
		}
		if slices.Max(w.results.lives) > sharedURLLife {
			t.Errorf("signed for %v", slices.Max(w.results.lives))
		}
		for _, path := range []string{"/v1/shared/" + other, "/v1/shared/" + other + "/artifacts/model.glb", "/v1/shared/x", "/v1/shared/" + job.DeriveID("", "", "")} {
			if out := w.by(t, s.Token, "GET", path); out.Code != http.StatusNotFound || code(out) != "no_share" {
				t.Errorf("%s: %d %s", path, out.Code, out.Body)
			}
		}
		// The token is none of a person: it opens no other address.
		for _, call := range []string{"GET ", "GET /artifacts/model.glb", "GET /share", "POST /share", "DELETE /share", "POST /remesh", "POST /cancel", "DELETE "} {
			method, path, _ := strings.Cut(call, " ")
			if out := w.by(t, s.Token, method, "/v1/jobs/"+id+path); out.Code != http.StatusNotFound {
				t.Errorf("%s: %d", call, out.Code)
			}
		}
		for _, call := range []string{"POST /v1/shared/" + id, "DELETE /v1/shared/" + id, "POST /v1/shared/" + id + "/artifacts/model.glb"} {
			method, path, _ := strings.Cut(call, " ")
			if out := w.by(t, s.Token, method, path); out.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s: %d", call, out.Code)
			}
		}
		for _, query := range []string{"?format=stl", "?structure=liver", "?share=" + s.Token, "?token=" + s.Token} {
			if out := w.by(t, s.Token, "GET", "/v1/shared/"+id+"/artifacts/model.glb"+query); out.Code != http.StatusBadRequest || code(out) != "bad_query" || strings.Contains(out.Body.String(), s.Token) {
				t.Errorf("%s: %d %s", query, out.Code, out.Body)
			}
		}
	}
	if len(w.exports) > 0 {
		t.Errorf("exports were made: %v", w.exports)
	}
}

// Who has no share's token, or has it elsewhere than in Authorization, is told how to ask.
func TestASharesTokenComesAsABearer(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Ready)
	token := w.shared(t, alice, id, "").Token
	for _, header := range []string{"", "Authorization: " + token, "Authorization: Basic " + token, "Authorization: Bearer x", "Authorization: Bearer", "Cookie: iris_token=" + token, "Iris-Share: " + token} {
		for _, who := range []Principal{{}, alice, operator} {
			var headers []string
			if header != "" {
				headers = []string{header}
			}
			out := w.ask(t, who, "GET", "/v1/shared/"+id, "", headers...)
			if out.Code != http.StatusUnauthorized || out.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%q: %d %v", header, out.Code, out.Header())
			}
		}
	}
	if out := w.ask(t, Principal{}, "GET", "/v1/shared/"+id, "", "Authorization: bEaReR "+token); out.Code != http.StatusOK {
		t.Errorf("the scheme's case: %d", out.Code)
	}
	for _, wrong := range []string{token + "x", token[:len(token)-1], strings.ToUpper(token), SharePrefix, token + " ", strings.Repeat(token, 100)} {
		if out := w.by(t, wrong, "GET", "/v1/shared/"+id); out.Code != http.StatusNotFound && out.Code != http.StatusUnauthorized {
			t.Errorf("%.60q: %d", wrong, out.Code)
		}
	}
}

// A share ends when its time is over, when it is taken back, and with its job.
func TestSharesEnd(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Ready, func(r *job.Record) { r.ExpiresAt = w.now.Add(time.Hour) })
	opens := func(s sharedReply, want bool) {
		t.Helper()
		for _, path := range []string{"", "/artifacts/model.glb"} {
			out := w.by(t, s.Token, "GET", "/v1/shared/"+id+path)
			if open := out.Code == http.StatusOK || out.Code == http.StatusTemporaryRedirect; open != want || !want && code(out) != "no_share" {
				t.Errorf("%s: %d %s", path, out.Code, out.Body)
			}
		}
	}
	list := func() (ids []string) {
		t.Helper()
		out := w.ask(t, alice, "GET", "/v1/jobs/"+id+"/share", "")
		if strings.Contains(out.Body.String(), SharePrefix) || strings.Contains(strings.ToLower(out.Body.String()), "hash") {
			t.Errorf("the list tells too much: %s", out.Body)
		}
		for _, s := range answer[struct{ Shares []shareBody }](t, out).Shares {
			ids = append(ids, s.ID)
		}
		return ids
	}
	short, long, third := w.shared(t, alice, id, `{"expires_in":60}`), w.shared(t, alice, id, ""), w.shared(t, alice, id, `{"expires_in":2592000}`)
	if long.ExpiresAt != stamp(w.now.Add(time.Hour)) {
		t.Errorf("a share of a job that ends in an hour ends at %s", long.ExpiresAt)
	}
	if d := cmp.Diff([]string{short.ID, long.ID, third.ID}, list()); d != "" {
		t.Error(d)
	}
	w.now = w.now.Add(time.Minute - time.Millisecond)
	opens(short, true)
	if last := w.results.lives[len(w.results.lives)-1]; last != time.Millisecond {
		t.Errorf("a URL of %v, by a share that ends in 1 ms", last)
	}
	w.now = w.now.Add(time.Millisecond)
	opens(short, false)
	opens(long, true)
	if out := w.ask(t, alice, "DELETE", "/v1/jobs/"+id+"/share?id="+short.ID, ""); out.Code != http.StatusNotFound || code(out) != "no_share" {
		t.Errorf("one that has ended, taken back: %d %s", out.Code, out.Body)
	}
	for _, query := range []string{"?id=", "?id=a&id=b", "?ID=" + long.ID} {
		if out := w.ask(t, alice, "DELETE", "/v1/jobs/"+id+"/share"+query, ""); out.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, out.Code)
		}
	}
	for _, c := range []struct {
		who  Principal
		want int
	}{{bob, 404}, {Principal{}, 404}, {Principal{Subject: "alice", Scopes: []string{ScopeRead, ScopeErase}}, 403}, {alice, 204}} {
		if out := w.ask(t, c.who, "DELETE", "/v1/jobs/"+id+"/share?id="+long.ID, ""); out.Code != c.want {
			t.Errorf("%+v: %d", c.who, out.Code)
		}
		opens(long, c.want != 204)
	}
	opens(third, true)
	if out := w.ask(t, alice, "DELETE", "/v1/jobs/"+id+"/share", ""); out.Code != 204 || len(list()) != 0 {
		t.Errorf("all taken back: %d", out.Code)
	}
	opens(third, false)
	if out := w.ask(t, alice, "DELETE", "/v1/jobs/"+id+"/share", ""); out.Code != 204 {
		t.Errorf("again: %d", out.Code)
	}
	last := w.shared(t, alice, id, "")
	if out := w.ask(t, alice, "DELETE", "/v1/jobs/"+id, ""); out.Code != 204 {
		t.Error(out.Code)
	}
	opens(last, false)
	for _, method := range []string{"GET", "POST", "DELETE"} {
		if out := w.ask(t, alice, method, "/v1/jobs/"+id+"/share", ""); out.Code != http.StatusNotFound {
			t.Errorf("%s of an erased job: %d", method, out.Code)
		}
	}
}

func TestSharesAreRefusedByName(t *testing.T) {
	w := newWorld()
	id := w.job(t, "alice", job.Ready)
	for body, want := range map[string]string{
		`{"expires_in":59}`: "expires_in", `{"expires_in":0}`: "expires_in", `{"expires_in":-60}`: "expires_in", `{"expires_in":2592001}`: "expires_in",
		`{"expires_in":9223372036854775807}`: "expires_in", `{"expires_in":"7d"}`: "expires_in", `{"expires_in":1.5}`: "expires_in",
		`{"artifacts":[]}`: "artifacts", `{"artifacts":["mesh.json"]}`: "artifacts", `{"artifacts":["../x"]}`: "artifacts", `{"artifacts":[""]}`: "artifacts",
		`{"artifacts":"model.glb"}`: "artifacts", `{"token":"iris_share_mine"}`: "token", `{"artifacts":null}`: "artifacts",
	} {
		if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/share", body); out.Code != http.StatusBadRequest || !strings.Contains(out.Body.String(), want) {
			t.Errorf("%s: %d %s", body, out.Code, out.Body)
		}
	}
	for who, want := range map[string]int{"bob": 404, "": 404} {
		if out := w.ask(t, Principal{Subject: who}, "POST", "/v1/jobs/"+id+"/share", ""); out.Code != want {
			t.Errorf("%q: %d", who, out.Code)
		}
	}
	for range mostShares {
		w.shared(t, alice, id, `{"expires_in":60}`)
	}
	if out := w.ask(t, alice, "POST", "/v1/jobs/"+id+"/share", ""); out.Code != http.StatusConflict {
		t.Errorf("one too many: %d %s", out.Code, out.Body)
	}
	w.now = w.now.Add(time.Hour) // those have ended, and are not kept
	w.shared(t, alice, id, "")
	if rec, err := w.store.Get(t.Context(), id); err != nil || len(rec.Shares) != 1 {
		t.Errorf("%d shares are kept, %v", len(rec.Shares), err)
	}
}

// The token of a share is in one answer, and in no record, log line or other answer.
func TestATokenIsKeptNowhere(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	w := newWorld()
	id := w.job(t, "alice", job.Ready)
	s := w.shared(t, alice, id, "")
	rec, err := w.store.Get(t.Context(), id)
	if err != nil || len(rec.Shares) != 1 {
		t.Fatalf("%+v, %v", rec.Shares, err)
	}
	text, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimPrefix(s.Token, SharePrefix)
	if len(secret) != 43 || bytes.Contains(text, []byte(secret)) || rec.Shares[0].Hash != tokenHash(s.Token) {
		t.Errorf("the record holds %s", text)
	}
	var told strings.Builder
	for _, path := range []string{"/v1/shared/" + id, "/v1/shared/" + id + "/artifacts/model.glb", "/v1/shared/" + id + "/artifacts/none", "/v1/shared/" + id + "?share=" + secret} {
		out := w.by(t, s.Token, "GET", path)
		fmt.Fprint(&told, out.Header(), out.Body)
	}
	w.store.Before = func(call, _ string) error { return fmt.Errorf("%s failed", call) }
	out := w.by(t, s.Token, "GET", "/v1/shared/"+id)
	fmt.Fprint(&told, out.Header(), out.Body)
	if out.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "GET /v1/shared/{id}") {
		t.Errorf("%d, log %q", out.Code, log.String())
	}
	if strings.Contains(told.String(), secret) || strings.Contains(log.String(), secret) || strings.Contains(log.String(), id) {
		t.Errorf("told %q, logged %q", told.String(), log.String())
	}
}

// What a token is limited to is refused by its scopes, whoever the job belongs to, and
// with the words of RFC 6750.
func TestScopes(t *testing.T) {
	w := newWorld()
	mine, foreign := w.job(t, "alice", job.Ready), w.job(t, "bob", job.Ready)
	for _, c := range []struct{ method, path, scope string }{
		{"GET", "/v1/jobs", ScopeRead}, {"POST", "/v1/jobs", ScopeWrite}, {"GET", "/v1/jobs/%s", ScopeRead}, {"DELETE", "/v1/jobs/%s", ScopeErase},
		{"POST", "/v1/jobs/%s/parts", ScopeWrite}, {"POST", "/v1/jobs/%s/complete", ScopeWrite}, {"POST", "/v1/jobs/%s/cancel", ScopeWrite},
		{"POST", "/v1/jobs/%s/retry", ScopeWrite}, {"POST", "/v1/jobs/%s/remesh", ScopeWrite}, {"GET", "/v1/jobs/%s/artifacts/model.glb", ScopeRead},
		{"GET", "/v1/jobs/%s/share", ScopeRead}, {"POST", "/v1/jobs/%s/share", ScopeWrite}, {"DELETE", "/v1/jobs/%s/share", ScopeWrite},
	} {
		for _, scope := range []string{ScopeRead, ScopeWrite, ScopeErase} {
			if scope == c.scope {
				continue
			}
			p := Access{}.OfClaims(map[string]string{"sub": "alice", "scope": "openid " + scope})
			for _, id := range []string{mine, foreign} {
				path := c.path
				if strings.Contains(path, "%s") {
					path = fmt.Sprintf(path, id)
				}
				out := w.ask(t, p, c.method, path, "")
				if out.Code != http.StatusForbidden || code(out) != "insufficient_scope" || !strings.Contains(out.Header().Get("WWW-Authenticate"), `error="insufficient_scope", scope="`+c.scope+`"`) {
					t.Errorf("%s %s with %s: %d %v", c.method, path, scope, out.Code, out.Header())
				}
			}
		}
	}
	// A token that names none of these scopes is a person's.
	p := Access{}.OfClaims(map[string]string{"sub": "alice", "scope": "openid aws.cognito.signin.user.admin"})
	if out := w.ask(t, p, "DELETE", "/v1/jobs/"+mine, ""); out.Code != http.StatusNoContent {
		t.Errorf("%d", out.Code)
	}
}

// ?owner= shows the jobs of another owner to whoever sees those jobs; to others that
// owner has none.
func TestListsOfAnOwner(t *testing.T) {
	w := newWorld()
	hers, dropped := w.job(t, "alice", job.Ready), w.job(t, job.BucketOwner, job.Ready)
	machine := Principal{Subject: "machine", Drops: true}
	for _, c := range []struct {
		who   Principal
		query string
		want  []string
	}{
		{alice, "", []string{hers}}, {alice, "?owner=alice", []string{hers}}, {alice, "?owner=bucket", nil}, {bob, "?owner=alice", nil}, {bob, "?owner=nobody", nil},
		{operator, "?owner=alice", []string{hers}}, {operator, "?owner=bucket", []string{dropped}}, {operator, "", nil},
		{machine, "?owner=bucket", []string{dropped}}, {machine, "?owner=alice", nil}, {machine, "", nil}, {Local, "", []string{dropped}},
	} {
		var got []string
		for _, j := range answer[struct{ Jobs []jobBody }](t, w.ask(t, c.who, "GET", "/v1/jobs"+c.query, "")).Jobs {
			got = append(got, j.ID)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%+v %s: %s", c.who, c.query, d)
		}
	}
	for _, query := range []string{"?owner=", "?owner=a&owner=b", "?owner=alice&key=scan.nii"} {
		if out := w.ask(t, operator, "GET", "/v1/jobs"+query, ""); out.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, out.Code)
		}
	}
}

// The measurements are in the job's own table, too: a share that leaves them out must not
// tell them there. A long table, which lies in an object, is no other case.
func TestAShareWithoutMeasurementsHasNoTable(t *testing.T) {
	table := job.Table{Structures: []job.Structure{{Label: 1, Name: "liver lesion", VolumeML: 31.5}}}
	text, err := json.Marshal(table)
	if err != nil {
		t.Fatal(err)
	}
	for _, long := range []bool{false, true} {
		w := newWorld()
		id := w.job(t, "alice", job.Ready, func(r *job.Record) {
			if r.Long = long; !long {
				r.Table = table
			}
		})
		w.results.Set(job.Key(id, 1, job.TableObject), text, nil)
		for body, want := range map[string]int{
			"": 1, `{"artifacts":["measurements.csv"]}`: 1, `{"artifacts":["preview.png","measurements.json"]}`: 1,
			`{"artifacts":["preview.png"]}`: 0, `{"artifacts":["model.glb","labels.nii.gz"]}`: 0,
		} {
			out := w.by(t, w.shared(t, alice, id, body).Token, "GET", "/v1/shared/"+id)
			if got := answer[jobBody](t, out); len(got.Structures) != want || strings.Contains(out.Body.String(), "lesion") != (want > 0) {
				t.Errorf("long %v, shared %s: %d structures, want %d", long, body, len(got.Structures), want)
			}
		}
		if got := answer[jobBody](t, w.ask(t, alice, "GET", "/v1/jobs/"+id, "")); len(got.Structures) != 1 {
			t.Errorf("its owner sees %d structures", len(got.Structures))
		}
	}
}
