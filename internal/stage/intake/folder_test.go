package intake

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// deliver hands events to eight functions at once.
func deliver(t *testing.T, w *world, events []Created) {
	t.Helper()
	queue := make(chan Created)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for e := range queue {
				if err := w.stage().Handle(t.Context(), e); err != nil {
					t.Errorf("%s: %v", e.Key, err)
				}
			}
		})
	}
	for _, e := range events {
		queue <- e
	}
	close(queue)
	all.Wait()
}

// Two folders of 150 slices arrive at once, out of order, a third of them
// twice: two jobs. What comes again after they were read changes nothing; what
// is new makes one more job over the whole folder, however many come.
func TestFolders(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	w := newWorld()
	var events []Created
	for n := range 300 {
		e := w.upload(fmt.Sprintf("study/%d/%d.dcm", n%2, n/2), fmt.Sprint(n), nil)
		events = append(events, e)
		if random.IntN(3) == 0 {
			events = append(events, e)
		}
	}
	shuffle := func() {
		random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	}
	jobs := func(want int) {
		t.Helper()
		if got := w.jobs(t); len(got) != want {
			t.Fatalf("%d jobs, want %d", len(got), want)
		}
		w.allStarted(t)
	}
	shuffle()
	deliver(t, w, events)
	jobs(2)
	for _, r := range w.jobs(t) {
		if r.Upload.Prefix != "study/0/" && r.Upload.Prefix != "study/1/" {
			t.Errorf("a job of %q", r.Upload.Prefix)
		}
	}

	w.seal(t, "study/0/")
	shuffle()
	deliver(t, w, events)
	jobs(2)

	late := []Created{w.upload("study/0/late.dcm", "late", nil), w.upload("study/0/7.dcm", "another version", nil), w.upload("study/1/more.dcm", "x", nil)}
	deliver(t, w, append(late, late...))
	jobs(3)
	f, err := w.store.Folder(t.Context(), "bucket", "study/0/")
	if err != nil || f.Generation != 2 || f.Sealed {
		t.Errorf("the folder is %+v, %v", f, err)
	}
	r, err := w.store.Get(t.Context(), f.Job)
	if err != nil || r.Upload.Prefix != "study/0/" || r.Attempt != 1 {
		t.Errorf("its job is %+v, %v", r, err)
	}
	w.seal(t, "study/0/")
	deliver(t, w, append(events, late...))
	jobs(3)
}

// Between sealing and listing nobody can say whether a slice was read.
func TestSliceBetweenSealAndList(t *testing.T) {
	w := newWorld()
	first := w.upload("a/1.dcm", "x", nil)
	handle(t, w, first)
	f, _ := w.store.Folder(t.Context(), "bucket", "a/")
	if err := w.store.SealFolder(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	second := w.upload("a/2.dcm", "y", nil)
	var busy *job.BusyError
	if err := w.stage().Handle(t.Context(), second); !errors.As(err, &busy) {
		t.Errorf("before the list is there: %v", err)
	}
	// The job ended without a list: it has read nothing.
	if _, err := w.store.Amend(t.Context(), f.Job, func(r *job.Record) error { r.Status = job.Failed; return nil }); err != nil {
		t.Fatal(err)
	}
	handle(t, w, second)
	if jobs := w.jobs(t); len(jobs) != 2 {
		t.Errorf("%d jobs, want 2", len(jobs))
	}
}

func TestFolderOfAnErasedJob(t *testing.T) {
	w := newWorld()
	handle(t, w, w.upload("a/1.dcm", "x", nil))
	w.seal(t, "a/")
	erased := w.jobs(t)[0]
	if w.store.Links(erased.ID) != 1 { // its prefix
		t.Errorf("found by %d keys", w.store.Links(erased.ID))
	}
	if _, err := w.store.Amend(t.Context(), erased.ID, func(r *job.Record) error { r.Erased = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Erase(t.Context(), erased, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	handle(t, w, w.upload("a/2.dcm", "y", nil))
	if jobs := w.jobs(t); len(jobs) != 1 { // the tombstone belongs to nobody
		t.Errorf("%d jobs, want 1", len(jobs))
	}
}

func TestStrangerBeforeItsFolderIsKnownByName(t *testing.T) {
	w := newWorld()
	handle(t, w, w.upload("a/IM1", string(make([]byte, 128))+"DICM", nil)) // no .dcm tells the folder
	handle(t, w, w.upload("a/notes.txt", "x", nil))
	if jobs := w.jobs(t); len(jobs) != 1 || jobs[0].Upload.Prefix != "a/" {
		t.Errorf("%d jobs: %+v", len(jobs), jobs)
	}
}
