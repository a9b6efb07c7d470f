package intake

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
)

// rootSlice uploads slice n of a series at the bucket's root, without an ending.
func rootSlice(w *world, n int, series string) Created {
	s := dicomtest.Axial(n, 4, 4)
	s.Series = series
	return w.upload(fmt.Sprintf("IM%s%04d", series[len(series)-1:], n), string(s.Bytes()), nil)
}

// "aws s3 cp folder s3://uploads/ --recursive" leaves slices without a folder:
// one job a series, found by every slice, however often and late the events come.
func TestSlicesAtTheRoot(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	w := newWorld()
	var events []Created
	for n := range 60 {
		for _, series := range []string{"1.2.3.4", "1.2.3.5"} {
			e := rootSlice(w, n, series)
			events = append(events, e)
			if random.IntN(3) == 0 {
				events = append(events, e)
			}
		}
	}
	random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	deliver(t, w, events)
	check := func(want int) {
		t.Helper()
		if jobs := w.jobs(t); len(jobs) != want {
			t.Fatalf("%d jobs, want %d", len(jobs), want)
		}
		w.allStarted(t)
	}
	check(2)
	for n := range 60 {
		a, b := w.found(t, fmt.Sprintf("IM4%04d", n)), w.found(t, fmt.Sprintf("IM5%04d", n))
		if len(a) != 1 || len(b) != 1 || a[0] == b[0] {
			t.Fatalf("slice %d is found in %v and %v", n, a, b)
		}
	}

	// Their jobs ended a while ago: an event that comes once more changes
	// nothing, the same slice uploaded anew is a new job.
	for _, r := range w.jobs(t) {
		if _, err := w.store.Amend(t.Context(), r.ID, func(r *job.Record) error { r.Status = job.Rejected; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	w.later = time.Hour
	for _, e := range events {
		handle(t, w, e)
	}
	if jobs := w.jobs(t); len(jobs) != 2 {
		t.Fatalf("%d jobs after repeated events, want 2", len(jobs))
	}
	handle(t, w, rootSlice(w, 7, "1.2.3.4"))
	if jobs := w.jobs(t); len(jobs) != 3 {
		t.Errorf("%d jobs after another upload, want 3", len(jobs))
	}
}

// overtaken lets other slices arrive between the read of a series and its write.
type overtaken struct {
	*jobtest.Store
	others func()
}

func (o *overtaken) Folder(ctx context.Context, bucket, prefix string) (job.Folder, error) {
	f, err := o.Store.Folder(ctx, bucket, prefix)
	if others := o.others; others != nil {
		o.others = nil
		others()
	}
	return f, err
}

// Of two slices that both find no series, one makes the job and the other joins it.
func TestSlicesAtTheRootThatArriveAtOnce(t *testing.T) {
	w := newWorld()
	a, b := rootSlice(w, 0, "1.2.3.4"), rootSlice(w, 1, "1.2.3.4")
	slow := w.stage()
	slow.Folders = &overtaken{&w.store, func() { handle(t, w, b) }}
	for range 2 { // the event comes twice
		if err := slow.Handle(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if jobs := w.jobs(t); len(jobs) != 1 {
		t.Fatalf("%d jobs, want 1", len(jobs))
	}
	w.allStarted(t)
	if found := w.found(t, a.Key); len(found) != 1 || found[0] != w.jobs(t)[0].ID {
		t.Errorf("the slice that came second is found in %v", found)
	}
}

// What is a scan of its own at the root stays one job each.
func TestScansAtTheRoot(t *testing.T) {
	w := newWorld()
	frames := dicomtest.Axial(0, 4, 4)
	frames.Frames, frames.Pixels = "2", append(frames.Pixels, frames.Pixels...)
	for _, key := range []string{"a.dcm", "b.dcm"} {
		handle(t, w, w.upload(key, string(frames.Bytes()), nil))
	}
	handle(t, w, w.upload("c.dcm", "not DICOM at all", nil))
	handle(t, w, w.upload("d.dcm", "", nil))
	if jobs := w.jobs(t); len(jobs) != 4 {
		t.Errorf("%d jobs, want 4", len(jobs))
	}
}
