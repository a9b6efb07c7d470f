package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A first look is for a CT that waits for a model.
func TestWhoWantsAGlimpse(t *testing.T) {
	for name, c := range map[string]struct {
		from, task, modality string
		want                 bool
	}{
		"a CT for a model":           {FromPrepare, "total", "CT", true},
		"a record of before":         {"", "total", "CT", true},
		"an MR":                      {FromPrepare, "total_mr", "MR", false},
		"not prepared yet":           {FromPrepare, TaskAuto, "", false},
		"the tissue model":           {FromPrepare, TaskTissue, "CT", false},
		"labels that were uploaded":  {FromPrepare, TaskLabels, "CT", false},
		"a remesh, which needs none": {FromMesh, "total", "CT", false},
	} {
		if got := (Record{From: c.from, Options: Options{Task: c.task, Modality: c.modality}}).WantsGlimpse(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhoTakesAGlimpse(t *testing.T) {
	for status := range ranks {
		r := Record{Attempt: 2, Status: status, Options: Options{Task: "total", Modality: "CT"}}
		if r.TakesGlimpse(2) == status.Ended() || r.TakesGlimpse(1) || r.TakesGlimpse(3) {
			t.Errorf("%s: %v, %v, %v", status, r.TakesGlimpse(1), r.TakesGlimpse(2), r.TakesGlimpse(3))
		}
		if r.Erased = true; r.TakesGlimpse(2) {
			t.Errorf("%s, erased: it is taken", status)
		}
		if r.Erased, r.Options.Modality = false, "MR"; r.TakesGlimpse(2) {
			t.Errorf("%s, an MR: it is taken", status)
		}
	}
}

// What is provisional is listed once, in the place of a reason for its absence, and goes
// with every ending of its attempt.
func TestAGlimpseGoesWithItsAttempt(t *testing.T) {
	scan, model := Artifact{Name: ScanPNG, Attempt: 1}, Artifact{Name: ModelGLB}
	glimpse := Artifact{Name: GlimpseGLB, Attempt: 2, Provisional: true}
	none := &Notice{Code: "glimpse_too_large"}
	for status := range ranks {
		r := Record{Attempt: 2, Status: Segmenting, Artifacts: []Artifact{scan, model}}
		r.ShowGlimpse(nil, none)
		if r.NoGlimpse != none || r.HasGlimpse(2) || len(r.Artifacts) != 2 {
			t.Fatalf("%+v", r)
		}
		for range 2 {
			r.ShowGlimpse(&glimpse, nil)
		}
		if d := cmp.Diff([]Artifact{scan, glimpse, model}, r.Artifacts); d != "" || r.NoGlimpse != nil || !r.HasGlimpse(2) || r.HasGlimpse(1) {
			t.Fatalf("%+v %s", r, d)
		}
		r.NoGlimpse = none
		before := r.Artifacts
		if err := r.Enter(status, time.Unix(9, 0)); err != nil {
			continue
		}
		if r.HasGlimpse(2) == status.Ended() || (r.NoGlimpse == nil) != status.Ended() || len(before) != 3 || before[1] != glimpse {
			t.Errorf("%s: %+v, of %+v", status, r, before)
		}
	}
	r := Record{Attempt: 2}
	if r.ShowGlimpse(&glimpse, nil); len(r.Artifacts) != 1 {
		t.Errorf("without a picture of the scan: %+v", r.Artifacts)
	}
}
