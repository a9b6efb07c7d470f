package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// glimpse is what the API says of a job's first look; false where it lists none.
func (s *stack) glimpse(t *testing.T, id string) (g glimpseView, listed bool) {
	t.Helper()
	var j struct {
		Status    string
		Artifacts map[string]glimpseView
	}
	s.call(t, http.MethodGet, "/v1/jobs/"+id, "", &j)
	g, listed = j.Artifacts["glimpse.glb"]
	g.status = j.Status
	return g, listed
}

type glimpseView struct {
	Bytes            int
	StoredBytes      int `json:"stored_bytes"`
	SHA256, Encoding string
	Provisional      bool

	status string // of the job
}

// glimpsed waits for a first look.
func (s *stack) glimpsed(t *testing.T, id string) (g glimpseView) {
	t.Helper()
	until(t, "there is a first look", time.Minute, func() (listed bool) { g, listed = s.glimpse(t, id); return listed })
	return g
}

// keeps are the keys of the results bucket that a job has.
func (s *stack) keeps(t *testing.T, id string) (keys []string) {
	t.Helper()
	out, err := s3.NewFromConfig(s.sdk(t)).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("iris-results"), Prefix: aws.String(id + "/")})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out.Contents {
		keys = append(keys, strings.TrimPrefix(*o.Key, id+"/1/"))
	}
	return keys
}

// While a model server holds a CT there is a first look at it, which a page can load. It
// goes when the job ends, however that ends; one whose making was killed changes nothing;
// and with the tissue model there is none.
func TestTheFirstLook(t *testing.T) {
	t.Parallel()
	model := newInstall(t)
	s := up(t, t.TempDir(), "--install", model.dir, "--parameter", "Tasks=total")
	scan := sample(t, 96)
	model.hold(t)
	ready, cancelled, erased := s.send(t, scan, "ready.nii.gz"), s.send(t, scan, "cancelled.nii.gz"), s.send(t, scan, "erased.nii.gz")
	for _, id := range []string{ready, cancelled, erased} {
		if g := s.glimpsed(t, id); !g.Provisional || g.Encoding != "gzip" || g.StoredBytes > 350_000 {
			t.Errorf("%+v", g)
		}
	}
	g, _ := s.glimpse(t, ready)
	if g.status != "segmenting" && g.status != "warming" {
		t.Errorf("the model server holds the job, and it is %s", g.status)
	}
	redirect, _ := fetch(t, s.HTTP+"/v1/jobs/"+ready+"/artifacts/glimpse.glb", nil)
	resp, sent := fetch(t, redirect.Header.Get("Location"), http.Header{"Accept-Encoding": {"identity"}})
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "gzip" || resp.Header.Get("Content-Type") != "model/gltf-binary" {
		t.Fatalf("glimpse.glb: %s, %v", resp.Status, resp.Header)
	}
	z, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if digest := sha256.Sum256(file); g.Bytes != len(file) || g.SHA256 != hex.EncodeToString(digest[:]) || g.StoredBytes != len(sent) {
		t.Errorf("the record says %+v, the file has %d bytes, %d were sent", g, len(file), len(sent))
	}
	validate(t, s.root, file)
	out := filepath.Join(t.TempDir(), "look.glb")
	if _, problems, err := s.iris("get", ready, "--artifact", "glimpse.glb", "-o", out); err != nil {
		t.Errorf("iris get: %v %s", err, problems)
	}
	if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, file) {
		t.Errorf("iris get writes another file: %v", err)
	}

	s.call(t, http.MethodPost, "/v1/jobs/"+cancelled+"/cancel", "", &struct{}{})
	s.erase(t, erased)
	for _, id := range []string{cancelled, erased} {
		for _, name := range s.keeps(t, id) {
			if name == "glimpse.glb" {
				t.Errorf("the first look at %s is stored", id)
			}
		}
	}
	killed := s.send(t, sample(t, 320), "killed.nii.gz")
	s.killFunction(t, "glimpse")
	model.free(t)
	for _, id := range []string{ready, killed} {
		s.ends(t, id, "ready", "")
		if g, listed := s.glimpse(t, id); listed {
			t.Errorf("a ready job lists %+v", g)
		}
		until(t, "the first look is deleted", time.Minute, func() bool {
			for _, name := range s.keeps(t, id) {
				if name == "glimpse.glb" {
					return false
				}
			}
			return true
		})
		if resp, body := fetch(t, s.HTTP+"/v1/jobs/"+id+"/artifacts/glimpse.glb", nil); resp.StatusCode != http.StatusNotFound {
			t.Errorf("the first look at a ready job: %s %s", resp.Status, body)
		}
	}
	s.ends(t, cancelled, "cancelled", "")
}

// killFunction waits until a function of this stack is at work and kills its processes.
func (s *stack) killFunction(t *testing.T, name string) {
	t.Helper()
	log := filepath.Join(s.state, "logs", "iris-"+name+".log")
	until(t, "function "+name+" is at work", time.Minute, func() bool {
		text, err := os.ReadFile(log)
		return err == nil && strings.Count(string(text), "START RequestId: ") > strings.Count(string(text), "REPORT RequestId: ")
	})
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	for _, file := range environments {
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte("AWS_LAMBDA_FUNCTION_NAME=iris-"+name+"\x00")) || !bytes.Contains(text, []byte(s.AWS+"\x00")) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if killed == 0 {
		t.Errorf("no process of %s was found", name)
	}
}
