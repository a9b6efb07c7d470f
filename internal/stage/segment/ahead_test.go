package segment

import (
	"errors"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// The record says how many were ahead when the request was first sent, because a job that
// waited for others tells nothing of how long its scan took; whatever comes later changes
// nothing of it.
func TestHowManyWereAhead(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []string // they hold the GPU, and came first
		holds  bool
		fails  bool
		want   int
	}{
		{"nobody", nil, true, false, 0},
		{"two", []string{"a-1", "b-1"}, true, false, 2},
		{"not a holder", []string{"a-1"}, false, false, -1},
		{"the table does not answer", nil, true, true, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			mine := job.ExecutionName(w.id, 1)
			order := append([]string{}, c.before...)
			if c.holds {
				order = append(order, mine)
			}
			order = append(order, "z-1")
			must(t, w.lease.Put(t.Context(), job.Lease{Generation: 1, Holders: order, Order: order}))
			if c.fails {
				w.lease.Before = func(string) error { return errors.New("throttled") }
			}
			must(t, w.start(t, token))
			w.lease.Before = nil
			if got := w.record(t).Request; got.Ahead != c.want || got.Sent != 1 {
				t.Fatalf("%+v, want %d ahead", got, c.want)
			}
			must(t, w.lease.Put(t.Context(), job.Lease{Generation: 2, Holders: []string{mine}, Order: []string{mine}}))
			w.now = w.now.Add(time.Minute)
			must(t, w.stage().Answer(t.Context(), w.failedWith(lost, "")))
			if got := w.record(t).Request; got.Ahead != c.want || got.Sent != 2 {
				t.Errorf("sent again: %+v, want %d ahead", got, c.want)
			}
		})
	}
}

// An answer that comes before anybody has seen an instance says so: nobody knows how long
// the GPU took to wake, and how long the scan.
func TestAnAnswerBeforeTheInstanceWasSeen(t *testing.T) {
	for _, seen := range []bool{true, false} {
		w := newWorld(t)
		must(t, w.start(t, token))
		if seen {
			w.amend(t, func(r *job.Record) {
				if err := r.Enter(job.Segmenting, w.now); err != nil {
					t.Error(err)
				}
			})
		}
		for range 2 { // a message may come twice
			must(t, w.stage().Answer(t.Context(), w.succeeded()))
		}
		if r := w.record(t); r.Request.Unseen == seen || r.Status != job.Segmenting {
			t.Errorf("seen %v: %+v", seen, r.Request)
		}
	}
}
