package e2e

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// series is a trunk as n axial slices, 2 mm apart, of a series of its own.
func series(n int, uid string) dicomtest.Drop {
	const side, spacing, gap = 64, 6, 2
	v := phantom.Torso([3]int{side, side, (n*gap + spacing - 1) / spacing}, spacing)
	return dicomtest.Series(n, side, side, func(k int, s *dicomtest.Slice) {
		s.Series, s.Instance = uid, fmt.Sprintf("%s.%d", uid, k+1)
		s.Position, s.Spacing = dicomtest.At(0, 0, float64(k)*gap), fmt.Sprintf(`%d\%d`, spacing, spacing)
		for r := range side {
			for c := range side {
				// Rows run to the back, columns to the left: RAS from its far ends.
				hu := v.Voxels[(k*gap/spacing*side+side-1-r)*side+side-1-c]
				stored := max(0, hu+1024)
				s.Pixels[2*(r*side+c)], s.Pixels[2*(r*side+c)+1] = byte(stored), byte(stored>>8)
			}
		}
	})
}

// folder is slices below one prefix.
type folder struct {
	*stack
	prefix string
	files  dicomtest.Drop
}

func (f folder) key(n int) string { return fmt.Sprintf("%sslice-%03d.dcm", f.prefix, n) }

// drop uploads slices by their numbers, some at a time, so that they arrive in no order.
func (f folder) drop(t *testing.T, numbers ...int) {
	t.Helper()
	client, queue := s3.NewFromConfig(f.sdk(t)), make(chan int)
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for n := range queue {
				_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
					Bucket: aws.String("iris-uploads"), Key: aws.String(f.key(n)), Body: bytes.NewReader(f.files[n]),
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, n := range numbers {
		queue <- n
	}
	close(queue)
	senders.Wait()
}

// ids are those of the jobs that any of the folder's slices leads to.
func (f folder) ids(t *testing.T) (ids []string) {
	t.Helper()
	for n := range f.files {
		list, err := f.jobs(f.key(n))
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range list {
			if !slices.Contains(ids, j.ID) {
				ids = append(ids, j.ID)
			}
		}
	}
	return ids
}

// all are all jobs of the stack, newest first.
func (s *stack) all(t *testing.T) []job {
	t.Helper()
	var list struct{ Jobs []job }
	s.call(t, http.MethodGet, "/v1/jobs", "", &list)
	return list.Jobs
}

// settle waits until there are n jobs and all have ended; the newest comes back.
func (s *stack) settle(t *testing.T, n int) job {
	t.Helper()
	var list []job
	until(t, fmt.Sprintf("%d jobs have ended", n), 90*time.Second, func() bool {
		list = s.all(t)
		return len(list) >= n && !slices.ContainsFunc(list, func(j job) bool { return !j.ended() })
	})
	if len(list) != n {
		t.Errorf("%d jobs, want %d", len(list), n)
	}
	return list[0]
}

// Three folders come at once, their slices in no order and some of them twice.
// Each becomes one job. A slice that comes after its job has ended becomes a
// second job, over the whole folder; slices that were read already become none.
func TestFolders(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	const late = 299
	one, two := folder{s, "ward/one/", series(300, "1.2.3.1")}, folder{s, "ward/two/", series(300, "1.2.3.2")}
	pair := folder{s, "ward/pair/", append(series(20, "1.2.3.3"), series(20, "1.2.3.4")...)}
	random := rand.New(rand.NewPCG(6, 5))
	var dropped sync.WaitGroup
	for _, f := range []folder{one, two, pair} {
		order := random.Perm(len(f.files))
		order = append(order, order[:len(order)/10]...)
		if f.prefix == one.prefix {
			order = slices.DeleteFunc(order, func(n int) bool { return n == late })
		}
		dropped.Go(func() { f.drop(t, order...) })
	}
	dropped.Wait()
	s.settle(t, 3)
	first := s.ofOne(t, one)
	if j := s.ofOne(t, two); j.Status != "ready" || first.Status != "ready" {
		t.Errorf("the folders' jobs ended %s and %s: %+v, %+v", first.Status, j.Status, first.Error, j.Error)
	}

	one.drop(t, 3, late, 5) // two of them for the second time
	two.drop(t, 0)
	choose(t, s, s.ofOne(t, pair), func(id string) {
		if _, problems, err := s.iris("retry", id, "-O", "series=2"); err != nil {
			t.Fatalf("iris retry: %v: %s", err, problems)
		}
	})
	second := s.settle(t, 4)
	if second.ID == first.ID || second.Status != "ready" {
		t.Errorf("the late slice's job: %+v, %+v", second, second.Error)
	}
	if a, b := s.slicesOf(t, first), s.slicesOf(t, second); a != 299 || b != 300 {
		t.Errorf("the first job has %d slices, want 299; the second %d, want the whole folder's 300", a, b)
	}
	before := s.handled(t, "iris-intake")
	one.drop(t, 7, late)
	s.handles(t, "iris-intake", before, 2) // both have come, and no job of them
	s.settle(t, 4)
	if got := one.ids(t); len(got) != 2 {
		t.Errorf("the first folder has jobs %v, want two", got)
	}
	s.rests(t)
}

// slicesOf counts the axial slices of a ready job's label map.
func (s *stack) slicesOf(t *testing.T, j job) int {
	t.Helper()
	resp, err := http.Get(s.HTTP + "/v1/jobs/" + j.ID + "/artifacts/labels.nii.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var header [48]byte // of NIfTI-1: dim[3] lies at 46
	text, err := gzip.NewReader(resp.Body)
	if err == nil {
		_, err = io.ReadFull(text, header[:])
	}
	if err != nil {
		t.Fatalf("labels of job %s: %s, %v", j.ID, resp.Status, err)
	}
	return int(binary.LittleEndian.Uint16(header[46:]))
}

// ofOne is a folder's only job.
func (s *stack) ofOne(t *testing.T, f folder) job {
	t.Helper()
	ids := f.ids(t)
	if len(ids) != 1 {
		t.Fatalf("%s has jobs %v, want one", f.prefix, ids)
	}
	return s.job(t, ids[0])
}

// choose checks that a drop of two equal series was rejected with the list, and
// that it becomes a model once retry has named one, without another upload.
func choose(t *testing.T, s *stack, rejected job, retry func(id string)) {
	t.Helper()
	if rejected.Status != "rejected" || rejected.Error == nil || rejected.Error.Code != "multiple_series" {
		t.Fatalf("two equal series: %s, %+v", rejected.Status, rejected.Error)
	}
	for _, want := range []string{"series=1: CT, 20 slices, 2.00 mm apart", "series=2: CT, 20 slices, 2.00 mm apart"} {
		if !strings.Contains(rejected.Error.Message, want) {
			t.Errorf("the list %q lacks %q", rejected.Error.Message, want)
		}
	}
	retry(rejected.ID)
	s.ends(t, rejected.ID, "ready", "")
	if j := s.job(t, rejected.ID); j.Attempt != 2 {
		t.Errorf("the choice is attempt %d, want 2", j.Attempt)
	}
}

func TestSeriesIsChosenOverTheAPI(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for n, file := range append(series(20, "1.2.3.3"), series(20, "1.2.3.4")...) {
		entry, err := w.Create(fmt.Sprintf("%d.dcm", n))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s3.NewFromConfig(s.sdk(t)).PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("iris-uploads"), Key: aws.String("pair.zip"), Body: bytes.NewReader(packed.Bytes()),
	})
	if err != nil {
		t.Fatal(err)
	}
	choose(t, s, s.finish(t, "pair.zip", time.Minute), func(id string) {
		var again job
		s.call(t, http.MethodPost, "/v1/jobs/"+id+"/retry", `{"options":{"series":2}}`, &again)
	})
}
