package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

// objects is an S3 of one bucket: listings of two objects a page, ranges, and signatures
// that another verifier takes.
type objects struct {
	*httptest.Server
	t     *testing.T
	held  map[string]string
	cut   int // answers that break off in their middle
	lists int
}

func newObjects(t *testing.T, held map[string]string) *objects {
	t.Helper()
	s := &objects{t: t, held: held}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	t.Setenv("AWS_ENDPOINT_URL", s.URL)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	return s
}

func (s *objects) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := sigv4.Verifier{Key: sigv4.Key{ID: "AKIDEXAMPLE", Secret: "secret"}, Region: "us-east-1", Now: time.Now}
	// S3 escapes a path once, other services twice, as this verifier does: of names without
	// escapes both are the same. tests/e2e reads others from the S3 of the stack.
	plain := !strings.Contains(r.URL.EscapedPath(), "%")
	if err := v.Verify(r, nil); plain && err != nil || sigv4.Service(r) != "s3" {
		s.t.Errorf("%s is signed for %q: %v", r.URL, sigv4.Service(r), err)
	}
	if r.URL.Path == "/scans/" {
		s.list(w, r.URL.Query())
		return
	}
	text, there := s.held[strings.TrimPrefix(r.URL.Path, "/scans/")]
	if !there {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
		return
	}
	if r.Header.Get("If-Match") != `"`+etagOf([]byte(text))+`"` {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	var from, to int
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); err != nil || to >= len(text) {
		s.t.Errorf("range %q of %d bytes", r.Header.Get("Range"), len(text))
	}
	w.Header().Set("Content-Length", fmt.Sprint(to-from+1))
	w.WriteHeader(http.StatusPartialContent)
	if s.cut > 0 {
		s.cut--
		_, _ = io.WriteString(w, text[from:(from+to)/2])
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(w, text[from:to+1])
}

func (s *objects) list(w http.ResponseWriter, q url.Values) {
	s.lists++
	var keys []string
	for key := range s.held {
		if strings.HasPrefix(key, q.Get("prefix")) && key > q.Get("continuation-token") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	page := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Contents              []object
		EncodingType          string
		IsTruncated           bool
		NextContinuationToken string
	}{EncodingType: q.Get("encoding-type"), IsTruncated: len(keys) > 2}
	for _, key := range keys[:min(2, len(keys))] {
		page.Contents = append(page.Contents, object{url.QueryEscape(key), `"` + etagOf([]byte(s.held[key])) + `"`, int64(len(s.held[key]))})
		page.NextContinuationToken = key
	}
	_ = xml.NewEncoder(w).Encode(page)
}

// A cohort below a prefix: objects whose names are odd, a folder of slices, and what is no
// scan. What breaks off is read again.
func TestACohortOnS3(t *testing.T) {
	w := newTestWorld(t)
	t.Setenv("IRIS_API", w.URL)
	s := newObjects(t, map[string]string{
		"study/a b+ü.nii.gz": "one", "study/sub/c.nii": "two", "study/dicom/1.dcm": "slice 1", "study/dicom/2.dcm": "slice 2",
		"study/dicom/DICOMDIR": "litter", "study/notes.pdf": "no scan", "study2/x.nii": "another study",
	})
	s.cut = 2
	dir := t.TempDir()
	out := filepath.Join(dir, "out.csv")
	text, err := iris(t, "cohort", "s3://scans/study", "-o", out, "--parallel", "1")
	if err != nil || !strings.Contains(text, "3 scans: 3 ready") {
		t.Fatalf("%s, %v", text, err)
	}
	volumes := map[string]string{}
	for _, row := range tableRows(t, out) {
		if row["structure"] == "liver" {
			volumes[row["scan"]] = row["volume_ml"]
		}
	}
	if len(volumes) != 3 || volumes["s3://scans/study/a b+ü.nii.gz"] != "3.000" || volumes["s3://scans/study/sub/c.nii"] != "3.000" || volumes["s3://scans/study/dicom/"] == "" {
		t.Errorf("%v", volumes)
	}
	// Nothing has changed, and nothing is sent; then one object has.
	n := len(w.requests)
	if text, err = iris(t, "cohort", "s3://scans/study/", "-o", out); err != nil || len(w.requests) != n {
		t.Errorf("%s, %v, %v", text, err, w.requests[n:])
	}
	s.held["study/sub/c.nii"] = "changed"
	if text, err = iris(t, "cohort", "s3://scans/study/", "-o", out); err != nil || strings.Count(text, "\n") != 2 {
		t.Errorf("%s, %v", text, err)
	}
	if all, twice := w.executions(); len(all) != 4 || twice {
		t.Errorf("%v", all)
	}
	if _, err = iris(t, "cohort", "s3://scans/none", "-o", filepath.Join(dir, "other.csv")); err == nil || !strings.HasPrefix(err.Error(), "empty_folder: ") {
		t.Error(err)
	}
}

// A piece of an object is what was asked for, wherever it begins.
func TestObjectReader(t *testing.T) {
	text := strings.Repeat("0123456789", 100)
	s := newObjects(t, map[string]string{"x.nii": text})
	c := &client{}
	f, err := c.openObject(t.Context(), "s3://scans/x.nii")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []struct{ off, n int }{{0, 10}, {5, 100}, {990, 10}, {995, 10}, {1000, 1}, {0, 1000}} {
		p := make([]byte, at.n)
		n, err := f.ReadAt(p, int64(at.off))
		want := text[at.off:min(at.off+at.n, len(text))]
		if string(p[:n]) != want || (err == nil) != (len(want) == at.n) {
			t.Errorf("%d bytes at %d: %d bytes, %v", at.n, at.off, n, err)
		}
	}
	s.held["x.nii"] = "replaced" + text
	g, err := c.openObject(t.Context(), "s3://scans/x.nii")
	if err != nil {
		t.Fatal(err)
	}
	s.held["x.nii"] = text
	if _, err := g.ReadAt(make([]byte, 1), 0); err == nil || !strings.HasPrefix(err.Error(), "scan_changed: ") {
		t.Errorf("replaced while it is read: %v", err)
	}
}
