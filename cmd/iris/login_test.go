package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// provider is an OpenID issuer whose tokens are numbered, and an API that takes the
// newest one only.
type provider struct {
	*httptest.Server
	mu        sync.Mutex
	form      url.Values // of the authorization request
	given     int        // tokens
	refresh   int        // refresh tokens: each holds once
	expires   int        // seconds
	failures  int        // of the token endpoint, 503 each
	pending   int        // polls of the device flow before somebody logs in
	revoked   string
	noRefresh bool
	issuer    string // that it says it is, when not itself
	elsewhere string // to which the token endpoint redirects, when not empty
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{expires: 3600}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	t.Setenv("IRIS_API", "")
	t.Setenv("IRIS_TOKEN", "")
	t.Setenv("IRIS_PROFILE", "")
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	answer := func(status int, v any) { w.WriteHeader(status); _ = json.NewEncoder(w).Encode(v) }
	_ = r.ParseForm()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		name := p.URL
		if p.issuer != "" {
			name = p.issuer
		}
		answer(200, map[string]string{"issuer": name, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
			"device_authorization_endpoint": p.URL + "/device", "revocation_endpoint": p.URL + "/revoke"})
	case "/device":
		answer(200, map[string]any{"device_code": "dev", "user_code": "ABCD-EFGH", "verification_uri": p.URL + "/activate", "interval": 1, "expires_in": 600})
	case "/token":
		if p.elsewhere != "" {
			http.Redirect(w, r, p.elsewhere, http.StatusTemporaryRedirect)
			return
		}
		p.token(r, answer)
	case "/revoke":
		p.revoked = r.Form.Get("token")
	case "/v1/jobs", "/v1/jobs/" + someJob:
		if r.Header.Get("Authorization") != fmt.Sprint("Bearer token-", p.given) {
			answer(401, map[string]string{"code": "unauthorized", "detail": "no"})
			return
		}
		answer(200, map[string]any{"id": someJob, "status": "ready"})
	default:
		answer(404, map[string]string{"code": "not_found", "detail": r.URL.Path})
	}
}

func (p *provider) token(r *http.Request, answer func(int, any)) {
	bad := func(what string) { answer(400, map[string]string{"error": what, "error_description": "why"}) }
	if p.failures > 0 {
		p.failures--
		answer(503, map[string]string{})
		return
	}
	switch r.Form.Get("grant_type") {
	case "authorization_code":
		sum := sha256.Sum256([]byte(r.Form.Get("code_verifier")))
		if r.Form.Get("code") != "code" || base64.RawURLEncoding.EncodeToString(sum[:]) != p.form.Get("code_challenge") || r.Form.Get("redirect_uri") != p.form.Get("redirect_uri") || r.Form.Get("client_id") != "iris-cli" {
			bad("invalid_grant")
			return
		}
	case "refresh_token":
		if r.Form.Get("refresh_token") != fmt.Sprint("refresh-", p.refresh) {
			bad("invalid_grant")
			return
		}
	default:
		if p.pending--; p.pending >= 0 {
			bad([]string{"authorization_pending", "slow_down"}[p.pending%2])
			return
		}
	}
	p.given++
	p.refresh++
	v := map[string]any{"access_token": fmt.Sprint("token-", p.given), "token_type": "Bearer", "expires_in": p.expires}
	if !p.noRefresh {
		v["refresh_token"] = fmt.Sprint("refresh-", p.refresh)
	}
	answer(200, v)
}

// person logs in: the page that the program prints sends the browser back to it.
type person struct {
	bytes.Buffer
	p    *provider
	with func(form url.Values) url.Values // the answer; nil: a code
	done bool
}

func (b *person) Write(text []byte) (int, error) {
	n, err := b.Buffer.Write(text)
	for line := range strings.Lines(b.String()) {
		if b.done || !strings.HasPrefix(line, b.p.URL+"/authorize?") {
			continue
		}
		b.done = true
		page, err := url.Parse(strings.TrimSpace(line))
		if err != nil {
			return n, err
		}
		b.p.mu.Lock()
		b.p.form = page.Query()
		b.p.mu.Unlock()
		go b.come(page.Query())
	}
	return n, err
}

func (b *person) come(form url.Values) {
	back := form.Get("redirect_uri")
	for _, query := range []url.Values{{"code": {"stolen"}, "state": {"guessed"}}, {"error": {"access_denied"}}} { // of another page
		if res, err := http.Get(back + "?" + query.Encode()); err == nil {
			_ = res.Body.Close()
		}
	}
	answer := url.Values{"code": {"code"}, "state": {form.Get("state")}}
	if b.with != nil {
		answer = b.with(form)
	}
	if res, err := http.Get(back + "?" + answer.Encode()); err == nil {
		_ = res.Body.Close()
	}
}

func (p *provider) login(t *testing.T, with func(url.Values) url.Values, args ...string) (string, error) {
	t.Helper()
	root, out := rootCommand(), &bytes.Buffer{}
	root.SetOut(out)
	root.SetErr(&person{p: p, with: with})
	err := execute(t.Context(), root, append([]string{"login", "--api", p.URL, "--issuer", p.URL, "--client-id", "iris-cli", "--port", "0"}, args...))
	return out.String(), err
}

// A login by the browser gives a profile that only its owner reads, whose token commands
// send to that service and no other, and renew while they run.
func TestLoginByTheBrowser(t *testing.T) {
	p := newProvider(t)
	out, err := p.login(t, nil)
	if err != nil || out != "logged in to "+p.URL+" as profile default\n" {
		t.Fatalf("%s, %v", out, err)
	}
	if p.form.Get("code_challenge_method") != "S256" || p.form.Get("scope") != "openid" || p.form.Get("response_type") != "code" || !strings.HasPrefix(p.form.Get("redirect_uri"), "http://localhost:") {
		t.Errorf("%v", p.form)
	}
	path, err := profilePath("default")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(at); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", at, info.Mode(), err)
		}
	}
	t.Chdir(t.TempDir()) // where no stack runs
	for _, args := range [][]string{{"--profile", "default"}, {"--api", p.URL}, {"--api", p.URL + "/", "--profile", "default"}} {
		if _, err := iris(t, append([]string{"status", someJob}, args...)...); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
	// Without being named it is not used: nothing leaves this machine because a stack is down.
	if _, err := iris(t, "status", someJob); exitCode(err) != exitUnreachable {
		t.Error(err)
	}
	t.Setenv("IRIS_PROFILE", "default")
	if _, err := iris(t, "status", someJob); err != nil {
		t.Error(err)
	}
	t.Setenv("IRIS_API", "https://elsewhere.example")
	if _, err := iris(t, "status", someJob); err == nil || !strings.HasPrefix(err.Error(), "bad_profile: IRIS_PROFILE") {
		t.Error(err)
	}
	t.Setenv("IRIS_PROFILE", "")
	if _, err := iris(t, "status", someJob, "--profile", "default", "--api", "https://elsewhere.example"); err == nil || !strings.HasPrefix(err.Error(), "bad_profile: ") {
		t.Errorf("the token was to be sent elsewhere: %v", err)
	}
	if _, err := iris(t, "logout"); err != nil || p.revoked != fmt.Sprint("refresh-", p.refresh) {
		t.Errorf("%v, revoked %q", err, p.revoked)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the profile is still there")
	}
	if _, err := iris(t, "logout"); exitCode(err) != exitUsage {
		t.Error(err)
	}
}

// A token is renewed before it ends and when it is not taken, once for many requests at a
// time, and by whichever process was first; a login that has ended says what to do.
func TestTokensAreRenewed(t *testing.T) {
	p := newProvider(t)
	if _, err := p.login(t, nil); err != nil {
		t.Fatal(err)
	}
	first, err := readProfile("default")
	if err != nil {
		t.Fatal(err)
	}
	begin := func(prof profile) *client {
		return &client{base: p.URL, http: p.Client(), login: &login{name: "default", profile: prof}, pause: func(context.Context, time.Duration) error { return nil }}
	}
	ask := func(c *client) error {
		_, _, err := c.job(t.Context(), someJob)
		return err
	}
	ending := first
	ending.Expires = time.Now().Add(earlier / 2)
	if err := writeProfile("default", ending); err != nil {
		t.Fatal(err)
	}
	c, other := begin(ending), begin(ending)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := ask(c); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if p.given != 2 {
		t.Errorf("%d tokens for eight requests at once", p.given)
	}
	if err := ask(other); err != nil || p.given != 2 { // of another process, which finds the new one in the file
		t.Errorf("%v, %d tokens", err, p.given)
	}
	p.mu.Lock()
	p.given++ // taken back before its time
	p.mu.Unlock()
	p.failures = 2
	if err := ask(c); err != nil || p.given != 4 {
		t.Errorf("not taken: %v, %d tokens", err, p.given)
	}
	p.refresh++
	p.given++
	if err := ask(c); err == nil || !strings.HasPrefix(err.Error(), "login_expired: ") || !strings.Contains(hint(err), "iris login") {
		t.Errorf("ended: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "iris", "profiles", "default.json"))
	if err != nil || !strings.Contains(string(text), `"token-4"`) || !strings.Contains(string(text), `"refresh-3"`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestLoginByDevice(t *testing.T) {
	p := newProvider(t)
	p.pending = 3
	i, err := discover(t.Context(), p.URL)
	if err != nil {
		t.Fatal(err)
	}
	cmd, text := rootCommand(), &bytes.Buffer{}
	cmd.SetErr(text)
	cmd.SetContext(t.Context())
	var waits []time.Duration
	g, err := byDevice(cmd, i, "iris-cli", "openid", func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil })
	if err != nil || g.Token != "token-1" || !strings.Contains(text.String(), "ABCD-EFGH at\n"+p.URL+"/activate") {
		t.Errorf("%+v, %v, %s", g, err, text)
	}
	if fmt.Sprint(waits) != "[1s 1s 6s 6s]" { // slow_down is five seconds more
		t.Errorf("%v", waits)
	}
}

func TestLoginRefusals(t *testing.T) {
	p := newProvider(t)
	for _, c := range []struct {
		want string
		with func(url.Values) url.Values
	}{
		{"login_failed: the issuer refused: access_denied: by me", func(f url.Values) url.Values {
			return url.Values{"error": {"access_denied"}, "error_description": {"by me"}, "state": {f.Get("state")}}
		}},
		{"login_failed: the issuer refused: invalid_grant: why", func(f url.Values) url.Values { return url.Values{"code": {"other"}, "state": {f.Get("state")}} }},
		{"login_failed: the answer came from another issuer", func(f url.Values) url.Values {
			return url.Values{"code": {"code"}, "state": {f.Get("state")}, "iss": {"https://evil.example"}}
		}},
	} {
		if _, err := p.login(t, c.with); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	// A code goes to the endpoint that the issuer named, and no further.
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the code was sent elsewhere") }))
	defer thief.Close()
	p.elsewhere = thief.URL
	if _, err := p.login(t, nil); err == nil || !strings.HasPrefix(err.Error(), "login_failed: the issuer gave no token (307)") {
		t.Error(err)
	}
	p.elsewhere = ""
	p.issuer = "https://evil.example"
	if _, err := p.login(t, nil); err == nil || !strings.Contains(err.Error(), "says that it is another one") {
		t.Error(err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"usage: --api is missing", []string{"login", "--issuer", p.URL, "--client-id", "x"}},
		{"usage: --issuer is missing", []string{"login", "--api", p.URL, "--client-id", "x"}},
		{"bad_option: --api http://example.org: a token is sent by https only", []string{"login", "--api", "http://example.org", "--issuer", p.URL, "--client-id", "x"}},
		{"bad_option: --issuer http://example.org: want an address that begins with https://", []string{"login", "--api", p.URL, "--issuer", "http://example.org", "--client-id", "x"}},
		{"bad_option: --api user:pw@x", []string{"list", "--api", "user:pw@x"}},
		{"bad_profile: ../x: want letters", []string{"list", "--profile", "../x"}},
		{"bad_profile: there is no profile none", []string{"list", "--profile", "none"}},
		{"bad_option: --state names a stack on this machine", []string{"list", "--state", "x", "--api", p.URL}},
	} {
		if _, err := iris(t, c.args...); err == nil || !strings.HasPrefix(err.Error(), c.want) || exitCode(err) != exitUsage {
			t.Errorf("%v: %v, want %s", c.args, err, c.want)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "iris", "profiles", "*")); len(files) > 0 {
		t.Errorf("left %v", files)
	}
}
