package chaos

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// dropped is an upload and what its owner was told of it.
type dropped struct {
	scan      scan
	key, etag string
	id        string // of its job
	erased    bool   // DELETE was answered with 204
	did       []string
}

// there says whether the object that was dropped is there, in any version.
func (d *dropped) there(w *world) bool {
	w.s3.mu.Lock()
	defer w.s3.mu.Unlock()
	for _, v := range w.s3.objects["iris-uploads/"+d.key] {
		if `"`+v.etag+`"` == d.etag {
			return true
		}
	}
	return false
}

func digestOf(v version) string {
	body := io.Reader(bytes.NewReader(v.body))
	if v.header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return err.Error()
		}
		body = z
	}
	h := sha256.New()
	if _, err := io.Copy(h, body); err != nil {
		return err.Error()
	}
	return hex.EncodeToString(h.Sum(nil))
}

// people are those who drop scans while the storm rages, and do things with their jobs.
func (w *world) people(r *rand.Rand, lasts time.Duration) (uploads []*dropped) {
	all, err := scans()
	if err != nil {
		panic(err)
	}
	var everybody sync.WaitGroup
	n := 2 + r.IntN(3)
	for i := range n {
		d := &dropped{scan: all[r.IntN(len(all))], key: fmt.Sprintf("ward %d/%d.nii.gz", i, r.IntN(1000))}
		if i > 0 && r.IntN(3) == 0 { // under the key of another
			d.key = uploads[r.IntN(len(uploads))].key
		}
		uploads = append(uploads, d)
		begin := time.Duration(r.Int64N(int64(lasts / 2)))
		var acts []act
		for range r.IntN(4) {
			acts = append(acts, act{does: acting[r.IntN(len(acting))], after: time.Duration(r.ExpFloat64() * float64(4*time.Minute))})
		}
		everybody.Go(func() {
			time.Sleep(begin)
			d.etag = w.drop(d.key, d.scan)
			d.id = w.idOf(d)
			for _, a := range acts {
				time.Sleep(a.after)
				w.act(d, a.does)
			}
		})
	}
	everybody.Wait()
	// Somebody sends another file under a key whose first one is just being deleted.
	old := &dropped{scan: all[0], key: "ward/again.nii.gz"}
	old.etag = w.drop(old.key, old.scan)
	old.id = w.idOf(old)
	now := &dropped{scan: all[1], key: old.key}
	var once sync.Once
	send := func() { once.Do(func() { now.etag = w.drop(now.key, now.scan) }) }
	w.wire.meanwhile.Store(func(c call) {
		if strings.HasPrefix(c.operation, http.MethodDelete) && c.key == "/iris-uploads/"+old.key {
			send()
		}
	})
	w.act(old, "erase")
	time.Sleep(10 * time.Minute) // the janitor may have to finish it
	send()
	now.id = w.idOf(now)
	return append(uploads, old, now)
}

type act struct {
	does  string
	after time.Duration
}

var acting = []string{"cancel", "erase", "retry", "remesh", "remesh", "export", "share", "abort", "retry", "look"}

// idOf waits until an upload has its job, by asking the table: the API may be away.
func (w *world) idOf(d *dropped) string {
	for end := time.Now().Add(3 * time.Hour); time.Now().Before(end); time.Sleep(15 * time.Second) {
		for _, r := range w.jobs() {
			if r.Upload.Key == d.key && `"`+r.Upload.ETag+`"` == d.etag && !w.taken(r.ID, d) {
				return r.ID
			}
		}
	}
	return ""
}

// taken: two uploads of equal bytes under one key have two jobs.
func (w *world) taken(id string, by *dropped) bool {
	w.claimsLock.Lock()
	defer w.claimsLock.Unlock()
	if w.claims == nil {
		w.claims = map[string]*dropped{}
	}
	if other, ok := w.claims[id]; ok {
		return other != by
	}
	w.claims[id] = by
	return false
}

// act does one thing with a job, as a program does it that asks again when it is told to.
func (w *world) act(d *dropped, does string) {
	if d.id == "" {
		return
	}
	path := "/v1/jobs/" + d.id
	var out struct{ Status string }
	ask := func(method, path, body string) (status int) {
		status, err := w.patient(method, path, body, &out)
		if err != nil {
			panic(err)
		}
		d.did = append(d.did, fmt.Sprintf("%s %s → %d", time.Now().Format("15:04:05"), does, status))
		return status
	}
	switch does {
	case "cancel":
		ask(http.MethodPost, path+"/cancel", "")
	case "erase":
		if status := ask(http.MethodDelete, path, ""); status == http.StatusNoContent {
			d.erased = true
		}
	case "retry":
		ask(http.MethodPost, path+"/retry", "{}")
	case "remesh":
		ask(http.MethodPost, path+"/remesh", remeshes[1])
	case "export":
		ask(http.MethodGet, path+"/artifacts/model.stl?format=stl", "")
	case "share":
		ask(http.MethodPost, path+"/share", "{}")
	case "look":
		ask(http.MethodGet, "/v1/jobs?key="+url.QueryEscape(d.key), "")
	case "abort": // from the console
		r := w.record(d.id)
		arn := "arn:aws:states:" + region + ":" + account + ":execution:iris-scan:" + job.ExecutionName(r.ID, r.Attempt)
		_, err := w.states.Stop(w.host.over, arn, "Cancelled", "by hand")
		d.did = append(d.did, fmt.Sprintf("%s abort → %v", time.Now().Format("15:04:05"), err))
	}
}

// patient asks again when the API says that it is busy, as its clients do.
func (w *world) patient(method, path, body string, answer any) (status int, err error) {
	for range 4 {
		if status, err = w.api(method, path, body, answer); err != nil || status < 500 && status != http.StatusTooManyRequests {
			break
		}
		time.Sleep(3 * time.Second)
	}
	return status, err
}

func (d *dropped) String() string {
	return fmt.Sprintf("%s under %q is job %s: %s", d.scan.name, d.key, d.id, strings.Join(d.did, ", "))
}
