package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
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
