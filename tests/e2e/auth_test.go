package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/jwt/jwttest"
)

// With --auth jwt the API answers whoever has a token of the issuer, each with his own
// jobs; a share opens one of them to whoever has its token; iris takes the token from
// IRIS_TOKEN.
func TestTokensOfAnIssuer(t *testing.T) {
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: end-to-end tests run with IRIS_E2E=1 (make e2e)")
	}
	issuer := jwttest.New(t)
	s := up(t, t.TempDir(), "--model", "none", "--auth", "jwt", "--issuer", issuer.URL, "--audience", jwttest.Audience)
	token := func(changes map[string]any) string { return issuer.Issue(t, time.Now(), changes) }
	alice, bob, operator := token(nil), token(map[string]any{"sub": "bob"}), token(map[string]any{"sub": "root", "scope": "iris/operator"})
	ask := func(bearer, method, path, body string) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.HTTP+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if bearer != "" {
			req.Header.Set("Authorization", "Bearer "+bearer)
		}
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		var said map[string]any
		_ = json.Unmarshal(text, &said)
		return resp.StatusCode, said
	}
	status, made := ask(alice, "POST", "/v1/jobs", `{"file":"a.nii.gz","bytes":40}`)
	if status != http.StatusAccepted {
		t.Fatalf("%d %v", status, made)
	}
	id, _ := made["job"].(map[string]any)["id"].(string)
	status, share := ask(alice, "POST", "/v1/jobs/"+id+"/share", "")
	shared, _ := share["token"].(string)
	if status != http.StatusCreated || shared == "" {
		t.Fatalf("%d", status)
	}
	for _, c := range []struct {
		name, bearer, path string
		want               int
	}{
		{"her own", alice, "/v1/jobs/" + id, 200}, {"another's", bob, "/v1/jobs/" + id, 404}, {"an operator", operator, "/v1/jobs/" + id, 200},
		{"nobody", "", "/v1/jobs/" + id, 401}, {"expired", issuer.Issue(t, time.Now().Add(-2*time.Hour), nil), "/v1/jobs/" + id, 401},
		{"tampered", alice[:len(alice)-8] + "AAAAAAAA", "/v1/jobs/" + id, 401}, {"an ID token", token(map[string]any{"token_use": "id"}), "/v1/jobs", 401},
		{"the share", shared, "/v1/shared/" + id, 200}, {"the share elsewhere", shared, "/v1/jobs/" + id, 401}, {"a JWT in its place", alice, "/v1/shared/" + id, 401},
		{"health", "", "/healthz", 200}, {"the document", "", "/openapi.json", 200},
	} {
		if got, said := ask(c.bearer, "GET", c.path, ""); got != c.want {
			t.Errorf("%s: %d %v, want %d", c.name, got, said, c.want)
		}
	}
	for bearer, want := range map[string]string{alice: id, bob: ""} {
		c := exec.Command(filepath.Join(s.root, "bin", "iris"), "list", "--state", s.state)
		c.Env = append(os.Environ(), "IRIS_TOKEN="+bearer)
		out, err := c.Output()
		if err != nil || strings.TrimSpace(strings.Split(string(out)+" ", " ")[0]) != want {
			t.Errorf("iris list: %v, %q, want %q", err, out, want)
		}
	}
	if got, _ := ask(alice, "DELETE", "/v1/jobs/"+id+"/share", ""); got != http.StatusNoContent {
		t.Errorf("revoke: %d", got)
	}
	if got, _ := ask(shared, "GET", "/v1/shared/"+id, ""); got != http.StatusNotFound {
		t.Errorf("after that: %d", got)
	}
}

// What --auth cannot do is told in one line.
func TestAuthIsRefusedByName(t *testing.T) {
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: end-to-end tests run with IRIS_E2E=1 (make e2e)")
	}
	for want, args := range map[string][]string{
		"bad_auth: --auth jwt needs --issuer":       {"--auth", "jwt"},
		"bad_auth: --auth \"basic\"":                {"--auth", "basic"},
		"bad_auth: --issuer and --audience go with": {"--issuer", "https://issuer.example"},
		"bad_issuer: ":         {"--auth", "jwt", "--issuer", "http://issuer.example"},
		"issuer_unreachable: ": {"--auth", "jwt", "--issuer", "http://127.0.0.1:1"},
	} {
		root := root(t)
		c := exec.Command(filepath.Join(root, "bin", "iris"), append([]string{"up", "--model", "none", "--state", t.TempDir(), "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0"}, args...)...)
		c.Dir = root
		out, err := c.CombinedOutput()
		if err == nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("%v: %v, %s", args, err, out)
		}
	}
}
