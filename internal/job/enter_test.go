package job

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEnterKeepsTheTimeline(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 1, 1, 0, 0, s, 0, time.UTC) }
	r := Record{Attempt: 1, Status: Received}
	for i, to := range []Status{Preparing, Segmenting, Meshing, Ready} {
		if err := r.Enter(to, at(i)); err != nil {
			t.Fatalf("enter %s: %v", to, err)
		}
	}
	want := []StageTime{
		{Name: Preparing, StartedAt: at(0), EndedAt: at(1)},
		{Name: Segmenting, StartedAt: at(1), EndedAt: at(2)},
		{Name: Meshing, StartedAt: at(2), EndedAt: at(3)},
	}
	if diff := cmp.Diff(want, r.Stages); diff != "" {
		t.Error(diff)
	}
	if r.Status != Ready || !r.UpdatedAt.Equal(at(3)) {
		t.Errorf("status %s at %s", r.Status, r.UpdatedAt)
	}
}

func TestEnterMovesOnlyForward(t *testing.T) {
	all := []Status{AwaitingUpload, Received, Preparing, Warming, Segmenting, Meshing, Ready, Rejected, Failed, Cancelled, Expired}
	for _, from := range all {
		for _, to := range all {
			r := Record{Attempt: 2, Status: from, Stages: []StageTime{{Name: from}}}
			before := r
			err := r.Enter(to, time.Unix(1, 0))
			switch repeat := from == to && !to.Ended(); {
			case repeat:
				if err != nil || !cmp.Equal(before, r) {
					t.Errorf("%s again: %v, changed %v", to, err, !cmp.Equal(before, r))
				}
			case CanMove(2, from, 2, to) != (err == nil):
				t.Errorf("%s to %s: %v", from, to, err)
			case err != nil && (!errors.Is(err, ErrStale) || r.Status != from):
				t.Errorf("%s to %s: %v, now %s", from, to, err, r.Status)
			}
		}
	}
}
