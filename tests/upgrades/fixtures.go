// Package upgrades keeps the state of earlier versions: what their `iris up` left when it
// was killed in the middle of jobs (make.py says how). In: testdata, a folder and the job
// records of each version whose state has another form than the one before. Out: a state
// folder for a test, its times shifted to now.
package upgrades

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Fixture is one version's state.
type Fixture struct {
	Commit string
	Date   time.Time // of the commit
	Made   time.Time // when everything was killed
	Jobs   map[string]Job
	// Records are the job records as the table had them.
	Records []json.RawMessage

	packed string
}

// Job is what a job was when everything was killed, and how it ends when a later version
// goes on: a status, or nothing for one that is erased.
type Job struct{ Was, Ends string }

// All are the fixtures, the oldest first; for tests in a folder beside this one.
func All(t *testing.T) []Fixture {
	t.Helper()
	folder := filepath.Join("..", "upgrades", "testdata") // a test runs in the folder of its package
	names, err := filepath.Glob(filepath.Join(folder, "*.tar.gz"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no fixtures in %s (%v)", folder, err)
	}
	var all []Fixture
	for _, name := range names {
		text, err := os.ReadFile(name[:len(name)-len(".tar.gz")] + ".json")
		if err != nil {
			t.Fatal(err)
		}
		f := Fixture{packed: name}
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Fixture) int { return a.Date.Compare(b.Date) })
	return all
}
