package schema

import (
	_ "embed"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:embed testdata/page.html
var page []byte

// serve is a web server with the page at an origin of its own. What the page found out
// comes from found.
func serve(t *testing.T) (origin string, found chan map[string]string) {
	t.Helper()
	found = make(chan map[string]string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			var result map[string]string
			text, err := io.ReadAll(r.Body)
			if err != nil || json.Unmarshal(text, &result) != nil {
				t.Errorf("the page says %q: %v", text, err)
			}
			found <- result
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	}))
	t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "http://localhost:" + port, found
}

// visit opens a page in Chromium until it has told what it found out.
func visit(t *testing.T, chromium, address string, found chan map[string]string) map[string]string {
	t.Helper()
	c := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--user-data-dir="+t.TempDir(), "--remote-debugging-port=0", address)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case result := <-found:
		_ = c.Process.Kill()
		<-ended
		return result
	case err := <-ended:
		t.Fatalf("chromium ended before the page had an answer: %v", err)
	}
	return nil
}

// A page whose origin is neither the API's nor S3's reads jobs and artifacts, uploads a
// scan in parts and erases its job, in a browser that asks before each such request
// (preflights). The redirect of an artifact is not for it: the browser follows it with
// "Origin: null". A page of an origin that the deployment does not name can do nothing.
func TestThreeOrigins(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("SKIPPED: chromium is not installed (apt-get install chromium)")
	}
	origin, found := serve(t)
	s := up(t, "--parameter", "WebOrigin="+origin)
	address := "/?api=" + s.HTTP + "&job=" + s.ready(t)
	stranger, strangers := serve(t)

	got := visit(t, chromium, origin+address, found)
	signed := got["artifact from"]
	delete(got, "artifact from")
	if signed == "" || signed == s.HTTP || signed == origin {
		t.Errorf("the artifact came from %q: want an origin of its own, beside %s and %s", signed, origin, s.HTTP)
	}
	want := map[string]string{
		"job": "200 ready", "etag is exposed": "true", "unchanged": "304", "artifact": "200 glTF", "artifact with a header": "200", "head": "200",
		"redirect": "TypeError", "upload": "202", "part": "200", "part's etag is exposed": "true", "complete": "202", "erase": "204", "problem": "404 not_found",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the page of the deployment (-want +got): %s", d)
	}

	got = visit(t, chromium, stranger+address, strangers)
	for what, result := range got {
		if result != "TypeError" && !strings.HasPrefix(result, "not tried") {
			t.Errorf("a stranger's page: %s: %s", what, result)
		}
	}
	if len(got) == 0 {
		t.Error("the stranger's page tried nothing")
	}
}
