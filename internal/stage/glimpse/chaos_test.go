package glimpse_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

// endings are what may become of the job meanwhile, by what really does it.
var endings = map[string]func(*testing.T, *world){
	"ready": func(t *testing.T, w *world) {
		_, err := w.ends.Handle(t.Context(), job.SettleInput{Action: job.ActionPublish, Job: id, Attempt: 1})
		must(t, err)
	},
	"failed": fails,
	"retried": func(t *testing.T, w *world) {
		fails(t, w)
		w.jobs.Change(id, func(r *job.Record) { r.Attempt, r.Status, r.Error = 2, job.Preparing, nil })
	},
	"cancelled": func(t *testing.T, w *world) {
		_, err := w.ends.Cancel(t.Context(), id)
		must(t, err)
	},
	"erased": func(t *testing.T, w *world) { must(t, w.ends.Erase(t.Context(), id, job.ByOwner)) },
}

func fails(t *testing.T, w *world) {
	_, err := w.ends.Handle(t.Context(), job.SettleInput{Action: job.ActionSettle, Job: id, Attempt: 1, Error: &job.TaskError{Error: "X"}})
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// calls of the stores that a run makes which nothing disturbs: the record, the volume,
// the record, the model, the record.
const calls = 5

// Previews that outlive their file, or that a crash leaves half-made, are the reports of
// others: nextcloud/server 5263, 7749 and 11574; events that come twice: aws-sdk-js 2726,
// guardian/support-service-lambdas 745.

// Whatever becomes of the job before any step of a run, and wherever the run is killed
// then, its repeat leaves nothing, and the job is what the ending made of it.
func TestAJobThatEndsMeanwhile(t *testing.T) {
	file := newWorld(t, ball(14, 6))
	for name, end := range endings {
		for step := 1; step <= calls+1; step++ { // the last: when the run is over
			for kill := 0; kill <= 2*(calls+1); kill++ { // 0: it is not killed
				if kill > 0 && (kill+1)/2 < step {
					continue
				}
				what := fmt.Sprintf("%s before step %d, killed at %d", name, step, kill)
				w := newWorldOf(t, file)
				var left job.Record
				ends := func() {
					end(t, w)
					left = w.record()
				}
				s := &steps{w: w, happens: map[int]func(){step: ends}, kill: (kill + 1) / 2, after: kill%2 == 0}
				err := s.run(t)
				if s.calls < step { // it came to its end before
					ends()
				}
				if errors.Is(err, errKilled) {
					must(t, w.Handle(t.Context(), in)) // Lambda invokes it once more
				}
				if keys := w.results.Keys(); len(keys) > 0 {
					t.Errorf("%s: %v is left", what, keys)
				}
				if d := cmp.Diff(left, w.record()); d != "" {
					t.Errorf("%s: the job is another: %s", what, d)
				}
			}
		}
	}
}

// Of a run that was killed before the job ends nothing is left after it, without a repeat.
// A repeat before the end lists the same first look.
func TestARunThatIsKilled(t *testing.T) {
	file := newWorld(t, ball(14, 6))
	whole := newWorldOf(t, file)
	must(t, whole.Handle(t.Context(), in))
	for name, end := range endings {
		for kill := 1; kill <= 2*calls; kill++ {
			w := newWorldOf(t, file)
			if err := (&steps{w: w, kill: (kill + 1) / 2, after: kill%2 == 0}).run(t); !errors.Is(err, errKilled) {
				t.Fatalf("step %d: %v", kill, err)
			}
			before := w.record()
			if before.Status != job.Warming || before.NoGlimpse != nil || before.HasGlimpse(1) && w.glimpse() == nil { // nextcloud/server 63513: listed, and no file
				t.Errorf("killed at step %d: %+v", kill, before)
			}
			must(t, w.Handle(t.Context(), in))
			if d := cmp.Diff(whole.record(), w.record()); d != "" || !bytes.Equal(whole.glimpse(), w.glimpse()) {
				t.Errorf("a repeat of what was killed at step %d is another: %s", kill, d)
			}
			again := newWorldOf(t, file)
			_ = (&steps{w: again, kill: (kill + 1) / 2, after: kill%2 == 0}).run(t)
			if end(t, again); again.glimpse() != nil || again.record().HasGlimpse(1) {
				t.Errorf("killed at step %d, then %s: the first look is stored: %v, listed: %v", kill, name, again.glimpse() != nil, again.record().HasGlimpse(1))
			}
		}
	}
}

// Two runs at once, and one after the other, list one first look.
func TestARunThatComesTwice(t *testing.T) {
	file := newWorld(t, ball(14, 6))
	once := newWorldOf(t, file)
	must(t, once.Handle(t.Context(), in))
	for step := 1; step <= calls+1; step++ {
		w := newWorldOf(t, file)
		s := &steps{w: w, happens: map[int]func(){step: func() { must(t, w.Handle(t.Context(), in)) }}}
		if _ = s.run(t); s.calls < step {
			must(t, w.Handle(t.Context(), in))
		}
		if d := cmp.Diff(once.record(), w.record()); d != "" || !bytes.Equal(once.glimpse(), w.glimpse()) {
			t.Errorf("twice, the second at step %d: %s", step, d)
		}
	}
	if err := once.Handle(t.Context(), in); err != nil || len(once.results.Order()) != 1 {
		t.Errorf("%v, and it was written %d times", err, len(once.results.Order()))
	}
}
