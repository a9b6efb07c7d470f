package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/iris-oculus/iris/internal/accept"
)

// Config is what the page is told where it is served, at /config.json.
type Config struct {
	// API is the API's origin; empty: the page's own.
	API string `json:"api"`
	// SignIn says what the API asks for; nil: nothing.
	SignIn *SignIn `json:"signIn"`
}

// SignIn is how a person gets a token: from an OpenID issuer, or by hand.
type SignIn struct {
	Kind   string `json:"kind"` // "oidc" or "token"
	Issuer string `json:"issuer,omitempty"`
	Client string `json:"client,omitempty"`
}

// Handler serves the page. It fetches from its own origin and from origins.
func Handler(c Config, origins ...string) (http.Handler, error) {
	files, err := embedded()
	if err != nil {
		return nil, err
	}
	return handler(files, c, origins)
}

var embedded = sync.OnceValues(func() (map[string]file, error) { return read(packed, "packed") })

type page struct {
	files   map[string]file
	config  file
	origins []string
}

func handler(files map[string]file, c Config, origins []string) (http.Handler, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return &page{files, file{kind: kinds[".json"], etag: digest(zipped.Bytes()), zipped: zipped.Bytes()}, origins}, nil
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	protect(w.Header(), p.origins)
	w.Header().Set("Cache-Control", serving.Caching.Others)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the page takes GET and HEAD only", http.StatusMethodNotAllowed)
		return
	}
	index, built := p.files["/index.html"]
	f, ok := p.files[r.URL.Path]
	if r.URL.Path == "/config.json" {
		f, ok = p.config, true
	}
	if ok {
		if strings.HasPrefix(r.URL.Path, "/assets/") { // its name has a hash of its content
			w.Header().Set("Cache-Control", serving.Caching.Assets)
		}
		send(w, r, f, http.StatusOK)
		return
	}
	switch {
	case !built:
		http.Error(w, "The page was not built: run `make build`, then start iris again.", http.StatusServiceUnavailable)
	case isPage(r.URL.Path):
		send(w, r, index, http.StatusOK)
	case path.Ext(r.URL.Path) == "" && strings.Contains(r.Header.Get("Accept"), "text/html"):
		send(w, r, index, http.StatusNotFound) // the page says so to a person
	default:
		http.Error(w, "there is nothing at this address", http.StatusNotFound)
	}
}

// send answers with a file: as it is stored to whoever takes gzip, else unpacked. The two
// have different entity tags (RFC 9110 §8.8.3.3).
func send(w http.ResponseWriter, r *http.Request, f file, status int) {
	h, zipped := w.Header(), accept.Gzip(r.Header.Get("Accept-Encoding"))
	etag := `"` + f.etag + `"`
	if zipped {
		etag = `"` + f.etag + `-gzip"`
	}
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Type", f.kind)
	if status == http.StatusOK {
		h.Set("ETag", etag)
		if accept.Has(r.Header.Get("If-None-Match"), etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if zipped {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(f.zipped)))
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if zipped {
		_, _ = w.Write(f.zipped) // the client may be gone
		return
	}
	if z, err := gzip.NewReader(bytes.NewReader(f.zipped)); err == nil { // ours: it was checked when the page was built
		_, _ = io.Copy(w, z)
	}
}
