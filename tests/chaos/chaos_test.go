// Package chaos lets the whole system run while everything that it depends on fails, and
// holds what is left against what was promised: every job ends once, READY means equal
// bytes, an erasure leaves nothing and takes nothing of others, every ending is told
// once, and the GPU sleeps in the end. See docs/reliability.md.
//
// There are two levels. In the first (this file) the deployed workflow, the rules of
// template.yaml, the functions and the SDK run in one process and in virtual time, over a
// table and buckets in memory; a seed fixes which calls fail, and how. In the second
// (process_test.go) `iris up` runs, and its processes are killed.
package chaos

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// runs is how many seeds are tried, and the first of them. CHAOS_SEED tries one.
func runs(t *testing.T) (first, n uint64) {
	t.Helper()
	number := func(name string, otherwise uint64) uint64 {
		text := os.Getenv(name)
		if text == "" {
			return otherwise
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s=%q: want a whole number", name, text)
		}
		return n
	}
	if seed := number("CHAOS_SEED", 0); seed > 0 {
		return seed, 1
	}
	return number("CHAOS_FIRST", 1), number("CHAOS_RUNS", 4)
}

const stormLasts = 25 * time.Minute

// TestChaos runs the seeds.
func TestChaos(t *testing.T) {
	if _, err := os.Stat(jsonata); err != nil {
		t.Skip("SKIPPED: no build/node/node_modules/jsonata: run `make build` first")
	}
	quiet := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what the functions say of faults
	t.Cleanup(func() { slog.SetDefault(quiet) })
	want := undisturbed(t)
	first, n := runs(t)
	var found atomic.Bool
	for seed := first; seed < first+n; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			if os.Getenv("CHAOS_STOP") != "" && found.Load() {
				return // one seed is enough
			}
			defer func() {
				if t.Failed() {
					found.Store(true)
				}
			}()
			synctest.Test(t, func(t *testing.T) { run(t, seed, want) })
		})
	}
}

// run is one seed: people and storm, then peace, in which everything comes to rest, what
// has failed is tried again and ends well, and everything is erased.
func run(t *testing.T, seed uint64, want map[string]map[string]string) {
	time.Sleep(time.Until(epoch))
	w := newWorld(t, stormOf(seed, stormLasts))
	defer w.close(t)
	w.host.running.Go(w.redrive)
	uploads := w.people(w.storm.roll("people"), stormLasts)
	time.Sleep(time.Until(w.storm.until))
	// A task that nobody answers any more times out after 7500 s, and then a lease lingers.
	w.settle(t, 12*time.Hour)
	w.judge(uploads, want)

	for _, d := range uploads {
		if r := w.record(d.id); r.Status == job.Failed && !r.Erased {
			if status, err := w.patient(http.MethodPost, "/v1/jobs/"+d.id+"/retry", "{}", nil); err != nil || status >= 300 {
				w.seen.accuse("in peace a retry of job %s is answered %d, %v", d.id, status, err)
			}
		}
	}
	w.settle(t, 2*time.Hour)
	for _, d := range uploads {
		if r := w.record(d.id); r.Status == job.Failed && !r.Erased {
			w.seen.accuse("in peace job %s of %s fails: %+v", d.id, d.scan.name, r.Error)
		}
	}
	w.judge(uploads, want)
	w.eraseAll(uploads)
	w.settle(t, 3*time.Hour)
	w.judge(uploads, want)
	w.nothingLeft()

	if problems := w.problems(); len(problems) > 0 {
		for _, text := range problems {
			t.Errorf("seed %d: %s", seed, text)
		}
		for _, d := range uploads {
			t.Log(d)
		}
		t.Logf("the storm: %s", w.storm)
		if os.Getenv("CHAOS_SEED") != "" {
			for _, text := range w.storm.met {
				t.Log(text)
			}
		}
		t.Logf("again: CHAOS_SEED=%d go test ./tests/chaos -run TestChaos", seed)
	}
}

// eraseAll erases what is left, in peace.
func (w *world) eraseAll(uploads []*dropped) {
	for _, d := range uploads {
		if w.record(d.id).Erased {
			continue
		}
		status, err := w.patient(http.MethodDelete, "/v1/jobs/"+d.id, "", nil)
		// After "busy" the tombstone may be there: then the janitor finishes.
		if err != nil || status != http.StatusNoContent && status != http.StatusNotFound {
			w.seen.accuse("in peace the erasure of job %s is answered %d, %v", d.id, status, err)
		}
		d.erased = true
	}
}

// nothingLeft: after everything was erased the buckets are empty, and the table holds
// nothing that does not end by itself.
func (w *world) nothingLeft() {
	w.s3.mu.Lock()
	for name, versions := range w.s3.objects {
		w.seen.accuse("everything was erased, and %s is left in %d versions", name, len(versions))
	}
	for _, u := range w.s3.uploads {
		w.seen.accuse("everything was erased, and an upload of %s is left", u.key)
	}
	w.s3.mu.Unlock()
	w.dynamo.expire(time.Now().Add(job.TombstoneLife + job.LapsedLife + job.Lifetime).Unix())
	for _, it := range w.dynamo.rows() {
		switch pk := text(it, "pk"); pk {
		case "SWEEP", "USUAL", "GPU#" + parameters["EndpointName"]:
		default:
			w.seen.accuse("everything was erased and its time is over, and the table holds %s %s", pk, text(it, "sk"))
		}
	}
}
