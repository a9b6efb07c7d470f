package chaos

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume/nifti"
	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// scan is something to upload.
type scan struct {
	name     string
	file     string
	body     []byte
	metadata map[string]string
	rejected bool // it is no scan
}

// scans are CTs of few voxels that differ in one of them, a label map, and a file that is
// no scan.
var scans = sync.OnceValues(func() ([]scan, error) {
	var all []scan
	for n := range 3 {
		v := phantom.Torso([3]int{20, 18, 14}, 22)
		v.Voxels[n] += int16(n)
		body, err := packed(func(w *bytes.Buffer) error { return nifti.WriteVolume(w, v) })
		if err != nil {
			return nil, err
		}
		all = append(all, scan{name: fmt.Sprint("CT ", n), file: "scan.nii.gz", body: body})
	}
	labels, err := nifti.NewReader(bytes.NewReader(all[0].body))
	if err != nil {
		return nil, err
	}
	volume, err := labels.Volume()
	if err != nil {
		return nil, err
	}
	for n, hu := range volume.Voxels { // air, soft tissue and bone
		volume.Voxels[n] = 0
		if hu > -300 {
			volume.Voxels[n] = 1
		}
		if hu > 250 {
			volume.Voxels[n] = 2
		}
	}
	body, err := packed(func(w *bytes.Buffer) error { return nifti.WriteVolume(w, volume) })
	if err != nil {
		return nil, err
	}
	return append(all,
		scan{name: "labels", file: "labels.nii.gz", body: body, metadata: map[string]string{"X-Amz-Meta-Iris-Task": "labels"}},
		scan{name: "no scan", file: "no-scan.nii.gz", body: []byte("this is no scan"), rejected: true},
	), nil
})

func packed(write func(*bytes.Buffer) error) ([]byte, error) {
	var out bytes.Buffer
	err := write(&out)
	return out.Bytes(), err
}

// drop puts a scan under a key, as somebody with credentials does, and returns its ETag.
func (w *world) drop(key string, of scan) string {
	header := http.Header{"Content-Type": {"application/gzip"}}
	for name, value := range of.metadata {
		header.Set(name, value)
	}
	w.s3.mu.Lock()
	defer w.s3.mu.Unlock()
	if w.s3.objects == nil {
		w.s3.objects, w.s3.uploads = map[string][]version{}, map[string]*upload{}
	}
	answer := &headers{h: http.Header{}}
	w.s3.put(answer, "iris-uploads", key, header, of.body, "PutObject")
	return answer.h.Get("ETag")
}

type headers struct{ h http.Header }

func (w *headers) Header() http.Header         { return w.h }
func (w *headers) Write(p []byte) (int, error) { return len(p), nil }
func (w *headers) WriteHeader(int)             {}

// remeshes are the options that a remesh asks for; the first is none.
var remeshes = []string{"", `{"options":{"smoothing":0}}`}

// reference is what an undisturbed job of each scan yields: SHA-256 by artifact, by scan
// and by remesh.
var (
	referenceOnce sync.Once
	reference     map[string]map[string]string
)

func undisturbed(t *testing.T) map[string]map[string]string {
	t.Helper()
	referenceOnce.Do(func() {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(epoch))
			w := newWorld(t, calmStorm())
			defer w.close(t)
			all, err := scans()
			must(t, err)
			found := map[string]map[string]string{}
			for _, of := range all {
				if of.rejected {
					continue
				}
				d := &dropped{scan: of, key: of.file}
				d.etag = w.drop(d.key, of)
				id := w.idOf(d)
				w.settle(t, 2*time.Hour)
				for n, options := range remeshes {
					if n > 0 {
						status, err := w.api(http.MethodPost, "/v1/jobs/"+id+"/remesh", options, nil)
						if err != nil || status >= 300 {
							t.Fatalf("remesh: %d, %v", status, err)
						}
						w.settle(t, 2*time.Hour)
					}
					r := w.record(id)
					if r.Status != job.Ready {
						t.Fatalf("the undisturbed job of %s ended %s: %+v", of.name, r.Status, r.Error)
					}
					sums := map[string]string{}
					for _, a := range r.Artifacts {
						sums[a.Name] = a.SHA256
					}
					found[of.name+options] = sums
				}
			}
			for _, text := range w.problems() {
				t.Errorf("undisturbed: %s", text)
			}
			reference = found
		})
	})
	if reference == nil {
		t.Fatal("there is no undisturbed run to compare with")
	}
	return reference
}
