package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func zip(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	index  = "<!doctype html>the page"
	script = "export {}"
	other  = "http://127.0.0.1:4566"
)

// built is the handler of a page of two files.
func built(t *testing.T) http.Handler {
	t.Helper()
	files, err := read(fstest.MapFS{
		"packed/.gitkeep":              {},
		"packed/index.html.gz":         {Data: zip(t, index)},
		"packed/assets/index-a1.js.gz": {Data: zip(t, script)},
	}, "packed")
	if err != nil {
		t.Fatal(err)
	}
	h, err := handler(files, Config{SignIn: &SignIn{Kind: "token"}}, []string{other})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

func TestAddresses(t *testing.T) {
	h := built(t)
	for _, c := range []struct {
		method, target, accept string
		status                 int
		body, caching          string
	}{
		{"GET", "/", browser, 200, index, "no-cache"},
		{"GET", "/", "", 200, index, "no-cache"},
		{"GET", "/?x=/assets/", browser, 200, index, "no-cache"},
		{"GET", "/index.html", browser, 200, index, "no-cache"},
		{"GET", "/jobs/01JD0000000000000000000001", browser, 200, index, "no-cache"},
		{"GET", "/jobs/01JD0000000000000000000001/", browser, 200, index, "no-cache"},
		{"GET", "/shared/s3cr3t", browser, 200, index, "no-cache"},
		{"GET", "/jobs", browser, 404, index, "no-cache"}, // a person is told so by the page
		{"GET", "/jobs/a/b", browser, 404, index, "no-cache"},
		{"GET", "/elsewhere", browser, 404, index, "no-cache"},
		{"GET", "/elsewhere", "*/*", 404, "", "no-cache"},
		{"GET", "/assets/index-a1.js", "*/*", 200, script, "public, max-age=31536000, immutable"},
		{"GET", "/assets/index-b2.js", browser, 404, "", "no-cache"}, // a page before an update asks for it
		{"GET", "/assets/", browser, 404, index, "no-cache"},
		{"GET", "/assets/../index.html", browser, 404, "", "no-cache"},
		{"GET", "/.gitkeep", browser, 404, "", "no-cache"},
		{"GET", "/index.html.gz", browser, 404, "", "no-cache"},
		{"GET", "/config.json", "*/*", 200, `{"api":"","signIn":{"kind":"token"}}`, "no-cache"},
		{"HEAD", "/jobs/x", browser, 200, "", "no-cache"},
		{"POST", "/", browser, 405, "the page takes GET and HEAD only\n", "no-cache"},
		{"OPTIONS", "/jobs/x", "", 405, "the page takes GET and HEAD only\n", "no-cache"},
	} {
		w := ask(h, c.method, c.target, "Accept", c.accept)
		if w.Code != c.status || c.body != "" && w.Body.String() != c.body || w.Header().Get("Cache-Control") != c.caching {
			t.Errorf("%s %s: %d, %s, %q", c.method, c.target, w.Code, w.Header().Get("Cache-Control"), w.Body)
		}
		if c.status == 404 && c.body == "" && w.Body.String() != "there is nothing at this address\n" {
			t.Errorf("%s: %q", c.target, w.Body)
		}
		if c.status == 404 && w.Header().Get("ETag") != "" {
			t.Errorf("%s: a missing page has the entity tag of one that is there", c.target)
		}
		if c.method == "HEAD" && w.Body.Len() > 0 {
			t.Errorf("HEAD %s: a body", c.target)
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "connect-src 'self' "+other) || !strings.Contains(policy, "img-src 'self' blob: data: "+other+";") ||
			!strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe-inline") || strings.ContainsAny(policy, "{}*") {
			t.Errorf("%s: %s", c.target, policy)
		}
		for name := range serving.Headers {
			if len(w.Header()[http.CanonicalHeaderKey(name)]) != 1 {
				t.Errorf("%s: %s is %q", c.target, name, w.Header()[http.CanonicalHeaderKey(name)])
			}
		}
	}
}

func TestCodings(t *testing.T) {
	h := built(t)
	packed := ask(h, "GET", "/assets/index-a1.js", "Accept-Encoding", "gzip, br")
	plain := ask(h, "GET", "/assets/index-a1.js", "Accept-Encoding", "gzip;q=0, br")
	if packed.Header().Get("Content-Encoding") != "gzip" || !bytes.Equal(packed.Body.Bytes(), zip(t, script)) {
		t.Errorf("in gzip: %v, %q", packed.Header(), packed.Body)
	}
	if plain.Header().Get("Content-Encoding") != "" || plain.Body.String() != script {
		t.Errorf("unpacked: %v, %q", plain.Header(), plain.Body)
	}
	tags := []string{packed.Header().Get("ETag"), plain.Header().Get("ETag")}
	if tags[0] == "" || tags[0] == tags[1] {
		t.Errorf("two forms have the tags %q", tags)
	}
	for i, coding := range []string{"gzip", "identity"} {
		for match, status := range map[string]int{
			tags[i]: 304, `"x", W/` + tags[i]: 304, "*": 304, tags[1-i]: 200, `"x"`: 200, "": 200,
		} {
			w := ask(h, "GET", "/assets/index-a1.js", "Accept-Encoding", coding, "If-None-Match", match)
			if w.Code != status || status == 304 && (w.Body.Len() > 0 || w.Header().Get("ETag") != tags[i] || w.Header().Get("Cache-Control") == "") {
				t.Errorf("%s, If-None-Match %s: %d, %v", coding, match, w.Code, w.Header())
			}
			if w.Header().Get("Vary") != "Accept-Encoding" {
				t.Errorf("Vary: %q", w.Header().Get("Vary"))
			}
		}
	}
}

func TestAPageThatWasNotBuilt(t *testing.T) {
	h, err := handler(nil, Config{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if w := ask(h, "GET", "/", "Accept", browser); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if policy := ask(h, "GET", "/").Header().Get("Content-Security-Policy"); !strings.HasSuffix(policy, "connect-src 'self'") {
		t.Errorf("without other origins: %s", policy)
	}
}

func TestUnknownMediaTypesAreNotServed(t *testing.T) {
	if _, err := read(fstest.MapFS{"packed/a.exe.gz": {}}, "packed"); err == nil || !strings.Contains(err.Error(), ".exe") {
		t.Error(err)
	}
}

func TestAPIAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"/v1": true, "/v1/jobs": true, "/healthz": true, "/readyz": true, "/openapi.json": true, "/dicom-web/studies": true,
		"/": false, "/v10": false, "/v1x/jobs": false, "/jobs/v1": false, "/healthz2": false, "/assets/v1/x.js": false,
	} {
		if IsAPI(address) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
}

var link = regexp.MustCompile(`(?:src|href)="(/[^"]+)"`)

// What is embedded in this build holds together: everything that index.html names is there.
func TestThePageThatIsEmbedded(t *testing.T) {
	h, err := Handler(Config{}, other)
	if err != nil {
		t.Fatal(err)
	}
	w := ask(h, "GET", "/", "Accept", browser)
	if w.Code == http.StatusServiceUnavailable {
		t.Skip("SKIPPED: the page was not built: `make web`")
	}
	found := link.FindAllStringSubmatch(w.Body.String(), -1)
	if w.Code != http.StatusOK || len(found) < 3 {
		t.Fatalf("%d, %d links: %s", w.Code, len(found), w.Body)
	}
	for _, l := range found {
		if w := ask(h, "GET", l[1]); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("index.html names %s: %d", l[1], w.Code)
		}
	}
	if strings.Contains(w.Body.String(), "<style") || regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(w.Body.String()) || strings.Contains(w.Body.String(), "nonce") {
		t.Errorf("index.html holds inline code: %s", w.Body)
	}
	var config Config
	if err := json.NewDecoder(ask(h, "GET", "/config.json").Body).Decode(&config); err != nil || config.API != "" || config.SignIn != nil {
		t.Errorf("config.json: %+v, %v", config, err)
	}
}
