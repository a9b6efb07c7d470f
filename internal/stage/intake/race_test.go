package intake

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
)

// overtakenOpening lets others do their work between this event's look at the series
// and its first attempt to open it.
type overtakenOpening struct {
	Folders
	others func()
}

func (f *overtakenOpening) OpenFolder(ctx context.Context, folder job.Folder) error {
	if others := f.others; others != nil {
		f.others = nil
		others()
	}
	return f.Folders.OpenFolder(ctx, folder)
}

// Eight writers drop the first slices of a series at the same moment: each event
// finds the series new, and only one of them makes its job.
func TestFirstSlicesAtTheSameMoment(t *testing.T) {
	const writers = 8
	w := newWorld()
	var events []Created
	for n := range writers {
		events = append(events, rootSlice(w, n, "1.2.3.4"))
	}
	// Event n overtakes event n-1 just before that opens the series.
	var handleFrom func(n int)
	handleFrom = func(n int) {
		if n == writers {
			return
		}
		stage := w.stage()
		stage.Folders = &overtakenOpening{stage.Folders, func() { handleFrom(n + 1) }}
		if err := stage.Handle(t.Context(), events[n]); err != nil {
			t.Errorf("%s: %v", events[n].Key, err)
		}
	}
	handleFrom(0)
	if jobs := w.jobs(t); len(jobs) != 1 {
		t.Fatalf("%d jobs, want 1", len(jobs))
	}
	w.allStarted(t)
	for _, e := range events {
		if found := w.found(t, e.Key); len(found) != 1 {
			t.Errorf("%s is found in %v", e.Key, found)
		}
	}
}

// dated gives uploads the times of the stage's clock.
func dated(w *world) *world {
	w.uploads.Now = w.stage().Now
	return w
}

// A drop that failed is made once more at once, from a folder or at the root. Its
// slices are not those of the drop before, which would never get a model: also
// when they come before the folder was quiet.
func TestTheNextDropIsNotSwallowed(t *testing.T) {
	bad := map[string]string{"iris-task": "brain"}
	slice := string(dicomtest.Axial(1, 4, 4).Bytes())
	erase := func(r *job.Record, at time.Time) { r.Erased, r.UpdatedAt = true, at }
	refuse := func(*job.Record, time.Time) {} // intake did
	for _, c := range []struct {
		name, key string
		metadata  map[string]string
		end       func(r *job.Record, at time.Time)
		next      map[string]string
		jobs      int
	}{
		{"folder, refused for its options", "study/1.dcm", bad, refuse, nil, 2},
		{"folder, the same wrong options again", "study/1.dcm", bad, refuse, bad, 1},
		{"folder, erased", "study/1.dcm", nil, erase, nil, 2},
		{"root, refused for its options", "1.dcm", bad, refuse, nil, 2},
		{"root, erased", "1.dcm", nil, erase, nil, 2},
	} {
		w := dated(newWorld())
		handle(t, w, w.upload(c.key, slice, c.metadata))
		w.later = time.Second
		if _, err := w.store.Amend(t.Context(), w.jobs(t)[0].ID, func(r *job.Record) error { c.end(r, w.stage().Now()); return nil }); err != nil {
			t.Fatal(err)
		}
		w.later = 3 * time.Second
		handle(t, w, w.upload(c.key, slice, c.next))
		if jobs := w.jobs(t); len(jobs) != c.jobs {
			t.Errorf("%s: %d jobs, want %d", c.name, len(jobs), c.jobs)
		}
	}
}

// A slice that was uploaded before its series' job was erased, and whose event
// comes after, is erased with it: no job is made of it, and it is noted for the janitor.
func TestASliceOfAnErasedSeries(t *testing.T) {
	w := dated(newWorld())
	handle(t, w, rootSlice(w, 0, "1.2.3.4"))
	late := rootSlice(w, 1, "1.2.3.4")
	id := w.jobs(t)[0].ID
	w.later = 2 * time.Second
	if _, err := w.store.Amend(t.Context(), id, func(r *job.Record) error {
		r.Erased, r.UpdatedAt = true, w.stage().Now()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	handle(t, w, late)
	if jobs := w.jobs(t); len(jobs) != 1 {
		t.Errorf("%d jobs, want 1", len(jobs))
	}
	linked := 0
	for u, err := range w.store.Linked(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if u.Key == late.Key && u.ETag == late.ETag {
			linked++
		}
	}
	if linked != 1 {
		t.Error("the janitor does not find the slice")
	}
}

// The process of a series' first slice may die at any call. Whatever the slices
// after it did meanwhile, the repeated events end with one job that all slices find.
func TestTheFirstSliceDies(t *testing.T) {
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			w := newWorld()
			first, second := rootSlice(w, 0, "1.2.3.4"), rootSlice(w, 1, "1.2.3.4")
			w.crash = &jobtest.Crash{At: at, After: after}
			err := w.stage().Handle(t.Context(), first)
			if !w.crash.Happened() {
				break
			}
			if err == nil {
				t.Errorf("call %d crashed, and the stage said nothing", at)
			}
			w.crash = &jobtest.Crash{}
			waits := 0
			stage := w.stage()
			stage.Pause = func(context.Context, time.Duration) error { waits++; return nil }
			var busy *job.BusyError
			if err := stage.Handle(t.Context(), second); err != nil && !errors.As(err, &busy) {
				t.Errorf("crash at %d: %v", at, err)
			} else if (err != nil) != (waits == maxFolderTries) {
				t.Errorf("crash at %d: %d waits, then %v", at, waits, err)
			}
			w.later = time.Minute
			for _, e := range []Created{first, second, first} {
				handle(t, w, e)
			}
			jobs := w.jobs(t)
			if len(jobs) != 1 {
				t.Errorf("crash at %d (after %v): %d jobs", at, after, len(jobs))
			}
			w.allStarted(t)
			for _, e := range []Created{first, second} {
				if found := w.found(t, e.Key); len(found) != 1 {
					t.Errorf("crash at %d (after %v): %s is found in %v", at, after, e.Key, found)
				}
			}
		}
	}
}
