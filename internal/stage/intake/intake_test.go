package intake

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/volume"
)

func handle(t *testing.T, w *world, e Created) {
	t.Helper()
	if err := w.stage().Handle(t.Context(), e); err != nil {
		t.Fatalf("%s: %v", e.Key, err)
	}
}

func TestTheSameEventAgainChangesNothing(t *testing.T) {
	w := newWorld()
	e := w.upload("people/scan.nii.gz", "x", nil)
	handle(t, w, e)
	first := w.one(t, e.Key)
	handle(t, w, e)
	if diff := cmp.Diff(first, w.one(t, e.Key)); diff != "" {
		t.Error(diff)
	}
	handle(t, w, w.upload(e.Key, "x", nil)) // the same file once more is a new job
	if jobs := w.jobs(t); len(jobs) != 2 || jobs[0].ID == jobs[1].ID || len(w.executions) != 2 {
		t.Errorf("%d jobs, executions %v", len(jobs), w.executions)
	}
}

func TestTwentyAtOnceAreOneJob(t *testing.T) {
	for _, key := range []string{"scan.nii.gz", "series/1.dcm"} {
		w := newWorld()
		e := w.upload(key, "x", nil)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := w.stage().Handle(t.Context(), e); err != nil {
					t.Errorf("%s: %v", key, err)
				}
			})
		}
		all.Wait()
		w.one(t, key)
	}
}

// A delivery that dies between any two calls is completed by the next one.
func TestCrashesBetweenAnyTwoCalls(t *testing.T) {
	id := job.NewID(time.Unix(1, 0), [10]byte{1})
	cases := []struct {
		name string
		make func(t *testing.T, w *world) Created // what was before, and the event
		jobs int
	}{
		{"one file", func(_ *testing.T, w *world) Created { return w.upload("a/scan.nii", "x", nil) }, 1},
		{"a file without an ending", func(_ *testing.T, w *world) Created { return w.upload("a/scan", "x", nil) }, 1},
		{"refused at once", func(_ *testing.T, w *world) Created {
			return w.upload("scan.nii", "x", map[string]string{"iris-fast": "maybe"})
		}, 1},
		{"one that the API awaits", func(t *testing.T, w *world) Created { return awaited(t, w, id) }, 1},
		{"a folder's first slice", func(_ *testing.T, w *world) Created { return w.upload("a/1.dcm", "x", nil) }, 1},
		{"a folder's second slice", func(t *testing.T, w *world) Created {
			handle(t, w, w.upload("a/1.dcm", "x", nil))
			return w.upload("a/2.dcm", "y", nil)
		}, 1},
		{"a late slice", func(t *testing.T, w *world) Created {
			handle(t, w, w.upload("a/1.dcm", "x", nil))
			w.seal(t, "a/")
			return w.upload("a/2.dcm", "y", nil)
		}, 2},
		{"a slice at the root", func(_ *testing.T, w *world) Created { return rootSlice(w, 1, "1.2.3.4") }, 1},
		{"another slice at the root", func(t *testing.T, w *world) Created {
			handle(t, w, rootSlice(w, 1, "1.2.3.4"))
			return rootSlice(w, 2, "1.2.3.4")
		}, 1},
	}
	for _, c := range cases {
		for _, after := range []bool{false, true} {
			for at := 1; ; at++ {
				w := newWorld()
				e := c.make(t, w)
				w.crash = &jobtest.Crash{At: at, After: after}
				err := w.stage().Handle(t.Context(), e)
				if !w.crash.Happened() {
					break
				}
				if !errors.Is(err, jobtest.ErrCrash) {
					t.Errorf("%s: call %d crashed, the stage says %v", c.name, at, err)
				}
				handle(t, w, e)
				jobs := w.jobs(t)
				started := 0
				for _, r := range jobs {
					if r.Execution {
						started++
					}
					if r.Execution == r.Status.Ended() {
						t.Errorf("%s, crash at %d: job is %s, execution on record: %v", c.name, at, r.Status, r.Execution)
					}
					if found := w.found(t, r.Upload.Key); !slices.Contains(found, r.ID) || len(found) > c.jobs {
						t.Errorf("%s, crash at %d: by its key: %v", c.name, at, found)
					}
				}
				if len(jobs) != c.jobs || len(w.executions) != started {
					t.Errorf("%s, crash at %d (after %v): %d jobs, want %d; executions %v", c.name, at, after, len(jobs), c.jobs, w.executions)
				}
			}
		}
	}
}

// awaited is a job that POST /v1/jobs made, and the event of its file.
func awaited(t *testing.T, w *world, id string) Created {
	t.Helper()
	e := w.upload(job.UploadKey(id, "scan.nii.gz"), "x", nil)
	r := job.Record{ID: id, Attempt: 1, Status: job.AwaitingUpload, From: job.FromPrepare, Owner: job.BucketOwner, Upload: job.Upload{Key: e.Key}}
	if _, _, err := w.store.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := w.store.LinkKey(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAwaitedUploads(t *testing.T) {
	id := job.NewID(time.Unix(1, 0), [10]byte{1})
	amend := func(change func(*job.Record)) func(*testing.T, *world, *Created) {
		return func(t *testing.T, w *world, _ *Created) {
			if _, err := w.store.Amend(t.Context(), id, func(r *job.Record) error { change(r); return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	cases := []struct {
		name   string
		before func(*testing.T, *world, *Created)
		status job.Status // of the job that awaited; empty: unchanged
		others int        // jobs of their own
		starts int
	}{
		{"as announced", amend(func(*job.Record) {}), job.Received, 0, 1},
		{"another file in its folder", func(_ *testing.T, w *world, e *Created) {
			*e = w.upload(job.UploadKey(id, "other.nii.gz"), "x", nil)
		}, job.AwaitingUpload, 1, 1},
		{"another slice in its folder", func(_ *testing.T, w *world, e *Created) {
			*e = w.upload(job.UploadKey(id, "1.dcm"), "x", nil)
		}, job.AwaitingUpload, 1, 1},
		{"a second version", amend(func(r *job.Record) { r.Status, r.Upload.Sequencer = job.Preparing, "before" }), job.Preparing, 1, 1},
		{"too large", func(_ *testing.T, _ *world, e *Created) { e.Size = volume.MaxObjectBytes + 1 }, job.Rejected, 0, 0},
		{"cancelled meanwhile", amend(func(r *job.Record) { r.Status = job.Cancelled }), job.Cancelled, 0, 0},
		{"expired meanwhile", amend(func(r *job.Record) { r.Status = job.Expired }), job.Expired, 0, 0},
		{"erased meanwhile", amend(func(r *job.Record) { r.Erased = true }), job.AwaitingUpload, 0, 0},
	}
	for _, c := range cases {
		w := newWorld()
		e := awaited(t, w, id)
		c.before(t, w, &e)
		handle(t, w, e)
		r, err := w.store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if jobs := w.jobs(t); r.Status != c.status || len(jobs) != 1+c.others || len(w.executions) != c.starts {
			t.Errorf("%s: %s, want %s; %d jobs; executions %v", c.name, r.Status, c.status, len(jobs), w.executions)
		}
		if c.status == job.Received && (r.Upload.Sequencer != e.Sequencer || r.Upload.ETag != e.ETag || !r.Execution) {
			t.Errorf("%s: %+v", c.name, r.Upload)
		}
	}
}

func TestWhatIsAJob(t *testing.T) {
	preamble := string(make([]byte, 128)) + "DICM"
	cases := []struct {
		name, key, body string
		siblings        []string
		job             bool
		prefix          string
	}{
		{"NIfTI", "scan.nii", "x", nil, true, ""},
		{"NIfTI in a folder", "a/scan.nii.gz", "x", nil, true, ""},
		{"NIfTI beside slices", "a/scan.nii.gz", "x", []string{"a/1.dcm"}, true, ""},
		{"3D Slicer's label map beside slices", "a/scan.seg.nrrd", "x", []string{"a/1.dcm"}, true, ""},
		{"archive beside slices", "a/scan.TAR.GZ", "x", []string{"a/1.dcm"}, true, ""},
		{"one slice at the root", "scan.dcm", "x", nil, true, ""},
		{"one slice at the root, no ending", "IM0001", preamble, nil, true, ""},
		{"a slice", "a/b/1.DCM", "x", nil, true, "a/b/"},
		{"a slice without an ending", "a/IM0001", preamble, nil, true, "a/"},
		{"a short file", "a/IM0001", preamble[:131], nil, true, ""},
		{"a stranger alone", "a/report.pdf", "x", nil, true, ""},
		{"a stranger at the root", "report.pdf", "x", []string{"1.dcm"}, true, ""},
		{"a stranger beside slices", "a/report.pdf", "x", []string{"a/1.dcm"}, false, ""},
		{"a stranger beside another folder's slices", "b/report.pdf", "x", []string{"a/1.dcm"}, true, ""},
		{"what looks like the API's, of no job", job.UploadKey(job.DeriveID("", "", ""), "1.dcm"), "x", nil, true, ""},
		{"not the API's", "jobs/x/1.dcm", "x", nil, true, "jobs/x/"},
		{"DICOMDIR", "a/DICOMDIR", preamble, nil, false, ""},
		{"finder's", "a/.DS_Store", "x", nil, false, ""},
		{"thumbnails", "Thumbs.db", "x", nil, false, ""},
		{"thumbnails, another case", "a/THUMBS.DB", "x", nil, false, ""},
		{"a CD's directory, another case", "a/dicomdir", preamble, nil, false, ""},
		{"a folder's settings", "a/desktop.ini", "x", nil, false, ""},
		{"AppleDouble", "a/._1.dcm", "x", nil, false, ""},
		{"AppleDouble of a file", "._scan.nii.gz", "x", nil, false, ""},
		{"resource forks", "a/__MACOSX/1.dcm", "x", nil, false, ""},
		{"resource forks at the root", "__MACOSX/1.dcm", "x", nil, false, ""},
		{"readme", "a/README.txt", "x", nil, false, ""},
		{"a folder's own object", "a/", "", nil, false, ""},
		{"no key", "", "x", nil, false, ""},
	}
	for _, c := range cases {
		w := newWorld()
		for _, key := range c.siblings {
			w.uploads.Set(key, []byte("x"), nil)
		}
		handle(t, w, w.upload(c.key, c.body, nil))
		jobs := w.jobs(t)
		if (len(jobs) == 1) != c.job || len(jobs) > 1 {
			t.Errorf("%s: %d jobs", c.name, len(jobs))
		} else if c.job && jobs[0].Upload.Prefix != c.prefix {
			t.Errorf("%s: folder %q, want %q", c.name, jobs[0].Upload.Prefix, c.prefix)
		}
	}
}

func TestDeletedMeanwhile(t *testing.T) {
	w := newWorld()
	for _, key := range []string{"scan.nii", "a/1.dcm", "a/IM1"} {
		e := w.upload(key, "x", nil)
		if err := w.uploads.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		handle(t, w, e)
	}
	if jobs := w.jobs(t); len(jobs) != 0 || len(w.executions) != 0 {
		t.Errorf("%d jobs of objects that are gone", len(jobs))
	}
}

func TestOptionsOfAnObject(t *testing.T) {
	cases := []struct {
		name     string
		metadata map[string]string
		size     int64
		code     string
		want     job.Options
	}{
		{"none", nil, 1, "", job.DefaultOptions()},
		{"of others", map[string]string{"author": "x"}, 1, "", job.DefaultOptions()},
		{"some", map[string]string{"iris-task": "tissue", "iris-fast": "true", "iris-structures": "bone, skin"}, 1, "",
			job.Options{Task: "tissue", Fast: true, Structures: []string{"bone", "skin"}, Smoothing: 0.5}},
		{"an unknown name", map[string]string{"iris-colour": "red"}, 1, "bad_option", job.DefaultOptions()},
		{"a decimation", map[string]string{"iris-decimate": "0.5"}, 1, "", job.Options{Task: "auto", Smoothing: 0.5, Decimate: "0.5"}},
		{"no decimation", map[string]string{"iris-decimate": "0mm"}, 1, "bad_option", job.DefaultOptions()},
		{"a structure that the model does not make", map[string]string{"iris-structures": "bon"}, 1, "bad_option", job.DefaultOptions()},
		{"a merge", map[string]string{"iris-merge": "frame=bone,skin"}, 1, "", job.Options{Task: "auto", Smoothing: 0.5, Merge: []job.Merge{{Name: "frame", Of: []string{"bone", "skin"}}}}},
		{"a merge of what the model does not make", map[string]string{"iris-merge": "frame=bone,skn"}, 1, "bad_option", job.DefaultOptions()},
		{"a merge under another structure's name", map[string]string{"iris-merge": "fat=bone,skin"}, 1, "bad_option", job.DefaultOptions()},
		{"a structure in two solids", map[string]string{"iris-merge": "a=bone;b=bone"}, 1, "bad_option", job.DefaultOptions()},
		{"a task that the server cannot", map[string]string{"iris-task": "total"}, 1, "bad_option", job.DefaultOptions()},
		{"too large", nil, volume.MaxObjectBytes + 1, "too_large", job.DefaultOptions()},
		{"just not", nil, volume.MaxObjectBytes, "", job.DefaultOptions()},
	}
	for _, c := range cases {
		w := newWorld()
		e := w.upload("scan.nii", "x", c.metadata)
		e.Size = c.size
		handle(t, w, e)
		r := w.jobs(t)[0]
		if diff := cmp.Diff(c.want, r.Options); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		switch {
		case c.code == "" && (r.Status != job.Received || r.Error != nil || len(w.executions) != 1):
			t.Errorf("%s: %s, %+v, executions %v", c.name, r.Status, r.Error, w.executions)
		case c.code != "" && (len(r.Owed) != 1 || r.Owed[0].Type != job.EventRejected || r.Owed[0].Detail.Code != c.code || !w.store.IsOpen(r.ID)):
			t.Errorf("%s: nobody will announce the rejection: owed %+v, among the open ones: %v", c.name, r.Owed, w.store.IsOpen(r.ID))
		case c.code != "" && (r.Status != job.Rejected || r.Error == nil || r.Error.Code != c.code || len(w.executions) != 0):
			t.Errorf("%s: %s, %+v, executions %v", c.name, r.Status, r.Error, w.executions)
		}
		if !r.ExpiresAt.Equal(r.CreatedAt.Add(job.Lifetime)) || r.Stages[0].Name != job.Received {
			t.Errorf("%s: expires %v, stages %v", c.name, r.ExpiresAt, r.Stages)
		}
	}
}

func TestEventKeepsTheKeyAsItIs(t *testing.T) {
	var e Event
	text := `{"bucket":{"name":"b"},"object":{"key":"a+b %2F ñ.nii","size":9,"etag":"e","sequencer":"00A"},"reason":"PutObject"}`
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Created{Bucket: "b", Key: "a+b %2F ñ.nii", Size: 9, ETag: "e", Sequencer: "00A"}, e.Object()); diff != "" {
		t.Error(diff)
	}
}

// names of executions, sorted, are those of all jobs.
func (w *world) allStarted(t *testing.T) {
	t.Helper()
	var want []string
	for _, r := range w.jobs(t) {
		want = append(want, job.ExecutionName(r.ID, 1))
	}
	slices.Sort(want)
	got := slices.Sorted(slices.Values(w.executions))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("executions: %s", diff)
	}
}
