package intake

import (
	"context"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// A table of names that is dropped with its label map has no job of its own, whichever
// of the two comes first; one that stays alone is refused by name.
func TestTablesOfLabelMaps(t *testing.T) {
	labels := map[string]string{"iris-task": "labels"}
	table := `{"1": "liver"}`
	for _, c := range []struct {
		name, key, body string
		beside          string // a label map
		metadata        map[string]string
		after           time.Duration // that it comes; 0: it is there
		jobs            int
		code            string
	}{
		{"after its map", "a/x.json", table, "a/x.nii.gz", labels, 0, 0, ""},
		{"after its map, of 3D Slicer", "a/x.ctbl", table, "a/x.seg.nrrd", labels, 0, 0, ""},
		{"at the root", "x.txt", table, "x.nii", labels, 0, 0, ""},
		{"before its map", "a/x.json", table, "a/x.nii.gz", labels, 3 * time.Second, 0, ""},
		{"broken, after its map, whose job tells of it", "a/x.json", "{", "a/x.nii.gz", labels, 0, 0, ""},
		{"alone", "a/x.json", table, "", nil, 0, 1, "lone_labels_table"},
		{"long before its map", "a/x.json", table, "a/x.nii.gz", labels, time.Minute, 1, "lone_labels_table"},
		{"beside a map of another name", "a/x.json", table, "a/y.nii.gz", labels, 0, 1, "lone_labels_table"},
		{"beside a scan", "a/x.json", table, "a/x.nii.gz", nil, 0, 1, "lone_labels_table"},
		{"no table", "a/x.json", `{"EchoTime": 0.03}`, "", nil, 0, 1, ""},
		{"no table by its name", "a/x.pdf", table, "a/x.nii.gz", labels, 0, 1, ""},
	} {
		w := newWorld()
		waited := time.Duration(0)
		if c.beside != "" && c.after == 0 {
			w.uploads.Set(c.beside, []byte("x"), c.metadata)
		}
		s := w.stage()
		s.Pause = func(_ context.Context, d time.Duration) error {
			if waited += d; c.beside != "" && waited >= c.after {
				w.uploads.Set(c.beside, []byte("x"), c.metadata)
			}
			return nil
		}
		e := w.upload(c.key, c.body, c.metadata)
		for range 2 { // an event may come again
			if err := s.Handle(t.Context(), e); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if c.after > mapWithin {
				break // the next time its map would be there
			}
		}
		jobs := w.jobs(t)
		if len(jobs) != c.jobs || waited > 2*mapWithin {
			t.Errorf("%s: %d jobs after %s, want %d", c.name, len(jobs), waited, c.jobs)
			continue
		}
		if len(jobs) == 1 {
			got := ""
			if jobs[0].Error != nil {
				got = jobs[0].Error.Code
			}
			if got != c.code || (c.code != "") != (jobs[0].Status == job.Rejected) {
				t.Errorf("%s: %s %q, want %q", c.name, jobs[0].Status, got, c.code)
			}
		}
	}
}

// A store that fails is asked again, and nobody is refused for it.
func TestATableWhoseStoreFails(t *testing.T) {
	for _, call := range []string{"Head", "ReadAt"} {
		w := newWorld()
		e := w.upload("a/x.json", `{"1": "liver"}`, nil)
		heads := 0
		w.uploads.Before = func(name, _ string) error {
			if name == "Head" {
				heads++ // the first is the table's own
			}
			if name == call && (call != "Head" || heads > 1) {
				return &job.BusyError{Message: "slow down"}
			}
			return nil
		}
		s := w.stage()
		s.Pause = func(context.Context, time.Duration) error { return nil }
		if err := s.Handle(t.Context(), e); err == nil || len(w.jobs(t)) > 0 {
			t.Errorf("%s: %v, %d jobs", call, err, len(w.jobs(t)))
		}
	}
}
