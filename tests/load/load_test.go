package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A small set of make load's: drops at once, all of which become models, none twice; a run
// that was cut off goes on with the rest; nobody holds the model afterwards.
func TestDropsAtOnce(t *testing.T) {
	if os.Getenv("IRIS_E2E") == "" {
		t.Skip("SKIPPED: it needs what make build made, with IRIS_E2E=1 (make e2e)")
	}
	o := options{drops: 12, clients: 12, owners: 3, voxels: 12, structures: 2, state: t.TempDir(), root: filepath.Join("..", "..")}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(self); err != nil {
		t.Fatal(err)
	}
	for _, all := range []int{12, 16} { // the second run has four left
		o.drops = all
		r, err := run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.verdict(); err != nil {
			t.Error(err)
		}
		if want := map[int]int{12: 12, 16: 4}[all]; r.fresh != want || len(r.drops) != all {
			t.Errorf("%d drops of this run, %d in all", r.fresh, len(r.drops))
		}
		var b strings.Builder
		if r.print(&b); !strings.Contains(b.String(), "drop → READY") || !strings.Contains(b.String(), "| iris | 1 |") {
			t.Error(b.String())
		}
	}
}

// TestMain lets the test be the model server of its own stack.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "model") {
		serveModel()
		return
	}
	os.Exit(m.Run())
}

// What is wrong is told: a job that did not end ready, one doubled, one that two drops
// share, one lost, and a process that grew.
func TestVerdict(t *testing.T) {
	good := []drop{{Number: 0, Job: "a", Status: "ready", Jobs: 1}, {Number: 1, Job: "b", Status: "ready", Jobs: 1}}
	for name, c := range map[string]struct {
		drops []drop
		most  most
		want  string
	}{
		"well":    {good, most{}, ""},
		"failed":  {[]drop{good[0], {Number: 1, Job: "b", Status: "failed", Code: "busy", Jobs: 1}}, most{}, "drop 1 ended failed (busy)"},
		"doubled": {[]drop{good[0], {Number: 1, Job: "b", Status: "ready", Jobs: 2}}, most{}, "with 2 jobs"},
		"shared":  {[]drop{good[0], {Number: 1, Job: "a", Status: "ready", Jobs: 1}}, most{}, "shares its job"},
		"lost":    {good[:1], most{}, "1 of 2 drops"},
		"memory":  {good, most{Resident: mostResident + 1}, "a process of x had"},
		"files":   {good, most{Files: mostFiles + 1}, "a process of x had"},
	} {
		t.Run(name, func(t *testing.T) {
			r := result{o: options{drops: 2}, drops: c.drops, programs: map[string]most{"x": c.most}}
			err := r.verdict()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
