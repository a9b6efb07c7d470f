package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// outlook is what a job or the deployment says of what is to come.
type outlook struct {
	Status string
	Stages []struct {
		Name  string
		Usual *usual
	}
	Coming []struct {
		Name  string
		Usual *usual
	}
	GPU   *struct{ State, Since string }
	Queue *struct{ Ahead int }
	Usual map[string]*usual

	Progress *struct {
		Done, Total int
		Unit        string
	}
}

type usual struct {
	MedianS float64 `json:"median_s"`
	LowS    float64 `json:"low_s"`
	HighS   float64 `json:"high_s"`
	Jobs    int
}

func (s *stack) outlook(t *testing.T, path string) (o outlook) {
	t.Helper()
	s.call(t, "GET", path, "", &o)
	return o
}

// A person who waits sees the GPU asleep, waking and warm, who is ahead, and, once five jobs
// were measured, how long it usually takes; of each job the stages count once.
func TestAJobSaysWhatIsToCome(t *testing.T) {
	t.Parallel()
	model := newInstall(t)
	s := up(t, t.TempDir(), "--install", model.dir, "--wake", "4s")
	s.janitor(t) // it looks at the GPU, which nobody has woken yet
	if o := s.outlook(t, "/v1/status"); o.GPU == nil || o.GPU.State != "asleep" || o.Queue == nil || o.Queue.Ahead != 0 || len(o.Usual) != 0 {
		t.Fatalf("at the start: %+v", o)
	}
	scan := sample(t, 32)
	model.hold(t)
	first := s.send(t, scan, "first.nii.gz")
	var states []string
	var order []string
	until(t, "the first job is segmented on a warm GPU", time.Minute, func() bool {
		o := s.outlook(t, "/v1/jobs/"+first)
		if o.GPU != nil && !slices.Contains(states, o.GPU.State) {
			states = append(states, o.GPU.State)
		}
		if o.Status == "warming" && len(order) == 0 {
			for _, c := range o.Coming {
				order = append(order, c.Name)
			}
		}
		return o.Status == "segmenting" && o.GPU != nil && o.GPU.State == "warm" && o.Queue != nil && o.Queue.Ahead == 0
	})
	if last := states[max(0, len(states)-2):]; !slices.Equal(last, []string{"waking", "warm"}) || !slices.Equal(order, []string{"segmenting", "meshing"}) {
		t.Errorf("the GPU went %v, and to a job that waited for it came %v", states, order)
	}
	second := s.send(t, scan, "second.nii.gz")
	until(t, "the second job is behind the first", time.Minute, func() bool {
		o := s.outlook(t, "/v1/jobs/"+second)
		return o.Status == "segmenting" && o.Queue != nil && o.Queue.Ahead == 1
	})
	if o := s.outlook(t, "/v1/status"); o.Queue.Ahead != 2 || o.GPU.State != "warm" {
		t.Errorf("with two jobs: %+v", o)
	}
	model.let(t, first)
	until(t, "nobody is ahead of the second any more", time.Minute, func() bool {
		o := s.outlook(t, "/v1/jobs/"+second)
		return o.Queue != nil && o.Queue.Ahead == 0
	})
	model.free(t)
	for _, id := range []string{first, second} {
		s.ends(t, id, "ready", "")
		if o := s.outlook(t, "/v1/jobs/"+id); o.GPU != nil || o.Queue != nil || o.Coming != nil || o.Stages[len(o.Stages)-1].Usual != nil {
			t.Errorf("of a job that is ready something is still to come: %+v", o)
		}
	}
	if o := s.outlook(t, "/v1/status"); len(o.Usual) != 0 {
		t.Errorf("of two jobs it is said what is usual: %+v", o)
	}
	var sent sync.WaitGroup
	for n := range 3 {
		sent.Go(func() {
			if err := drop(t.Context(), s.sdk(t), scan, fmt.Sprintf("more-%d.nii.gz", n)); err != nil {
				t.Error(err)
			}
		})
	}
	sent.Wait()
	for n := range 3 {
		if j := s.finish(t, fmt.Sprintf("more-%d.nii.gz", n), time.Minute); j.Status != "ready" {
			t.Errorf("%d: %s", n, j.Status)
		}
	}
	var o outlook
	until(t, "five jobs are measured", time.Minute, func() bool {
		o = s.outlook(t, "/v1/status")
		return o.Usual["meshing"] != nil
	})
	for _, stage := range []string{"preparing", "meshing"} {
		u := o.Usual[stage]
		if u == nil || u.Jobs != 5 || u.LowS > u.MedianS || u.MedianS > u.HighS || u.HighS <= 0 {
			t.Errorf("%s: %+v, want five jobs", stage, u)
		}
	}
	if o.Usual["segmenting"] != nil {
		t.Errorf("segmenting: %+v, but the second job waited for the first", o.Usual["segmenting"])
	}
	s.rests(t)
	if o := s.outlook(t, "/v1/status"); o.GPU.State != "asleep" || o.Queue.Ahead != 0 {
		t.Errorf("at rest: %+v", o)
	}
	model.hold(t)
	last := s.send(t, scan, "last.nii.gz")
	until(t, "the last job waits", time.Minute, func() bool {
		o = s.outlook(t, "/v1/jobs/"+last)
		return o.Status == "segmenting"
	})
	if c := o.Coming; len(c) != 1 || c[0].Name != "meshing" || c[0].Usual == nil || c[0].Usual.Jobs != 5 {
		t.Errorf("to come: %+v", o.Coming)
	}
	model.free(t)
	s.ends(t, last, "ready", "")
}

// What the model server counts is told while it works, by the job and in its events, under a
// name of their own. What becomes of the object in which it lies changes nothing else.
func TestTheModelServersCountIsShown(t *testing.T) {
	t.Parallel()
	model := newInstall(t)
	s := up(t, t.TempDir(), "--install", model.dir, "--parameter", "ModelProgress=yes")
	count := func(done, total int) {
		t.Helper()
		text := fmt.Appendf(nil, "\"done\":%d,\"total\":%d", done, total)
		next := filepath.Join(t.TempDir(), "tiles")
		if err := os.WriteFile(next, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(model.hands, "tiles")); err != nil {
			t.Fatal(err)
		}
	}
	model.hold(t)
	id := s.send(t, sample(t, 32), "counted.nii.gz")
	until(t, "the scan is segmented", time.Minute, func() bool { return s.job(t, id).Status == "segmenting" && model.came(id) })
	events := s.listen(t, id)
	shows := func(done, total int) {
		t.Helper()
		until(t, fmt.Sprintf("%d of %d tiles are shown", done, total), time.Minute, func() bool {
			p := s.outlook(t, "/v1/jobs/"+id).Progress
			return p != nil && p.Done == done && p.Total == total && p.Unit == "tiles"
		})
	}
	count(3, 9)
	shows(3, 9)
	until(t, "an event tells of it", time.Minute, func() bool {
		return slices.ContainsFunc(events(), func(e string) bool { return strings.HasPrefix(e, "progress ") && strings.Contains(e, `"done":3`) })
	})
	count(4, 9)
	shows(4, 9)
	if said := events(); slices.ContainsFunc(said[1:], func(e string) bool { return strings.HasPrefix(e, "job ") }) {
		t.Errorf("a count comes as a change of the job: %q", said)
	}

	// The object is lost, then it holds nonsense, then a count again.
	model.unsay(t, "tiles")
	bucket, key := s3.NewFromConfig(s.sdk(t), func(o *s3.Options) { o.UsePathStyle = true }), id+"/1/progress.json"
	shown := func() bool { return s.outlook(t, "/v1/jobs/"+id).Progress != nil }
	until(t, "a lost count is not shown", time.Minute, func() bool {
		if _, err := bucket.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("iris-work"), Key: &key}); err != nil {
			t.Fatal(err)
		}
		return !shown()
	})
	for _, nonsense := range []string{"", "{", `{"done":9,"total":3,"unit":"tiles","at":"2100-01-01T00:00:00Z"}`} {
		if _, err := bucket.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("iris-work"), Key: &key, Body: strings.NewReader(nonsense)}); err != nil {
			t.Fatal(err)
		}
		if shown() {
			t.Errorf("%q is shown", nonsense)
		}
	}
	count(9, 9)
	shows(9, 9)
	model.free(t)
	s.ends(t, id, "ready", "")
	if shown() {
		t.Error("a job that is ready has progress")
	}
	s.erase(t, id)
	s.rests(t)
	until(t, "nothing is left of it", time.Minute, func() bool { s.janitor(t); return len(s.everything(t)) == 0 })
}

// listen follows a job's events as EventSource does, and gives those that have come: name and data.
func (s *stack) listen(t *testing.T, id string) func() []string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.HTTP+"/v1/jobs/"+id+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var events []string
	go func() {
		defer func() { _ = resp.Body.Close() }()
		name := ""
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if n, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = n
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				mu.Lock()
				events = append(events, name+" "+data)
				mu.Unlock()
			}
		}
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(events)
	}
}
