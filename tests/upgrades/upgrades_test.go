package upgrades

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/sagemaker"
	"github.com/iris-oculus/iris/internal/local/states"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/upgrade"
)

var update = flag.Bool("update", false, "write testdata/form.txt; first see that the form before it has a fixture")

// version is that of a folder's store; 0 for one of before the store.
func version(t *testing.T, dir string) (v int) {
	t.Helper()
	path := filepath.Join(dir, upgrade.File)
	if _, err := os.Stat(path); err != nil {
		return 0
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bbolt.Tx) error {
		return json.Unmarshal(tx.Bucket([]byte("meta")).Get([]byte("version"))[4:], &v)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return v
}

// Every version's folder opens, and what it held is in the store: its executions, those
// that go on among them, and its endpoint. No version of the store is without a fixture.
func TestEveryVersionOpens(t *testing.T) {
	seen := map[int]bool{}
	for _, f := range All(t) {
		t.Run(f.Commit, func(t *testing.T) {
			dir := f.Unpack(t)
			seen[version(t, dir)] = true
			s, err := upgrade.Open(dir, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			running, all := 0, 0
			err = store.Each(s, states.ExecutionBucket, "", func(_ string, sum states.Summary) error {
				all++
				if sum.Status == states.Running {
					running++
				}
				if sum.Start.After(time.Now()) || sum.Start.Before(time.Now().Add(-time.Hour)) {
					t.Errorf("an execution began at %v: its time was not shifted", sum.Start)
				}
				return nil
			})
			if err != nil || running == 0 || all == running {
				t.Errorf("%d executions, %d of which go on (%v): want some that ended, too", all, running, err)
			}
			requests := 0
			if err := store.Each(s, sagemaker.RequestBucket, "", func(string, sagemaker.Request) error { requests++; return nil }); err != nil || requests == 0 {
				t.Errorf("%d requests to the model wait (%v)", requests, err)
			}
		})
	}
	for v := range store.Version + 1 {
		if !seen[v] {
			t.Errorf("no fixture has version %d of the store: before it is raised, keep one of the version before (make fixture COMMIT=…; docs/reliability.md, Upgrades)", v)
		}
	}
}

// A job record of every version is read whole: no field of it is unknown, and it says
// what it said.
func TestRecordsOfEveryVersionAreRead(t *testing.T) {
	for _, f := range All(t) {
		statuses := map[job.Status]bool{}
		for _, text := range f.Records {
			d := json.NewDecoder(bytes.NewReader(text))
			d.DisallowUnknownFields()
			var r job.Record
			if err := d.Decode(&r); err != nil {
				t.Errorf("%s: %v", f.Commit, err)
				continue
			}
			statuses[r.Status] = true
			if kept, known := f.Jobs[r.ID]; !known || kept.Was == "ready" && (len(r.Artifacts) == 0 || len(r.Structures) == 0 || r.Shown != 1) {
				t.Errorf("%s: a record of %d artifacts, %d structures, job %v", f.Commit, len(r.Artifacts), len(r.Structures), kept)
			}
			if r.CreatedAt.IsZero() || r.ExpiresAt.Before(r.CreatedAt) || r.Attempt != 1 {
				t.Errorf("%s: %+v", f.Commit, r)
			}
		}
		for _, s := range []job.Status{job.Ready, job.Rejected, job.AwaitingUpload, job.Cancelled, job.Segmenting} {
			if !statuses[s] {
				t.Errorf("%s has no record that is %s", f.Commit, s)
			}
		}
	}
}

// The form of what is stored is written down. When it changes, this test fails until
// the form before it has a fixture, so that nobody's folder is forgotten.
func TestTheFormOfTheState(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "store version %d\n", store.Version)
	for _, v := range []any{job.Record{}, outbox.Letter{}, bus.Rule{}, bus.Due{}, states.Machine{}, states.Summary{}, states.Line{}, sagemaker.Record{}, sagemaker.Request{}} {
		describe(&b, reflect.TypeOf(v), 0, nil)
	}
	path := filepath.Join("testdata", "form.txt")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile(path)
	if err != nil || string(was) != b.String() {
		t.Errorf("the form of the state is another one than testdata/form.txt says (%v). Keep a fixture of the form before it: make fixture COMMIT=$(git merge-base main HEAD); raise store.Version if the program before could not read the new one; then go test ./tests/upgrades -update", err)
	}
}

// describe writes a type as it looks in JSON.
func describe(b *strings.Builder, t reflect.Type, depth int, above []reflect.Type) {
	indent := strings.Repeat("  ", depth)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		t = t.Elem()
	}
	if t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() || slices.Contains(above, t) {
		fmt.Fprintf(b, "%s%v\n", indent, t.Kind())
		return
	}
	fmt.Fprintf(b, "%s%s\n", indent, t)
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() && !f.Anonymous || f.Tag.Get("json") == "-" {
			continue
		}
		fmt.Fprintf(b, "%s  %s %q %v\n", indent, f.Name, f.Tag.Get("json"), f.Type)
		elem := f.Type
		for elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Slice || elem.Kind() == reflect.Map {
			elem = elem.Elem()
		}
		if elem.Kind() == reflect.Struct && elem != reflect.TypeFor[time.Time]() {
			describe(b, elem, depth+2, append(above, t))
		}
	}
}
