package chaos

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// everythingOf makes a job that has all that a job can have: a first look, pictures,
// artifacts of two attempts, an export, a share, a notice that was taken.
func everythingOf(t *testing.T, w *world, of scan) *dropped {
	t.Helper()
	d := &dropped{scan: of, key: "Doe^Jane/" + of.file}
	d.etag = w.drop(d.key, of)
	d.id = w.idOf(d)
	w.settle(t, 2*time.Hour)
	for _, does := range []string{"remesh", "export", "share"} {
		w.act(d, does)
		time.Sleep(10 * time.Minute)
	}
	w.settle(t, 2*time.Hour)
	w.s3.mu.Lock()
	defer w.s3.mu.Unlock()
	exports := 0
	for name := range w.s3.objects {
		if strings.HasPrefix(name, "iris-results/"+d.id) && strings.Contains(name, "/export/") {
			exports++
		}
	}
	if r := w.record(d.id); r.Status != job.Ready || r.Attempt != 2 || len(r.Shares) != 1 || len(r.Told) == 0 || exports == 0 {
		t.Fatalf("the job is %s in attempt %d with %d shares, %d notices and %d exports: %v", r.Status, r.Attempt, len(r.Shares), len(r.Told), exports, d)
	}
	return d
}

// An erasure takes all of a job and of what was derived from it, at whatever moment of its
// way it comes, where versions are kept and where not.
func TestErasureTakesWhatWasDerived(t *testing.T) {
	inPeace(t, func(t *testing.T, w *world) {
		all, err := scans()
		must(t, err)
		whole := everythingOf(t, w, all[0])
		var uploads []*dropped
		for n := range 6 { // at six moments of the way to READY and a little after
			d := &dropped{scan: all[n%4], key: fmt.Sprintf("Doe^Jane/%d.nii.gz", n)}
			d.etag = w.drop(d.key, d.scan)
			d.id = w.idOf(d)
			time.Sleep(time.Duration(n) * 80 * time.Second)
			w.act(d, "erase")
			uploads = append(uploads, d)
		}
		w.act(whole, "erase")
		uploads = append(uploads, whole)
		w.settle(t, 4*time.Hour)
		w.judge(uploads, undisturbed(t))
		bare(w, uploads)
		w.nothingLeft()
	})
}

// bare: right after the erasure, before anything expires, the table names the job in
// marks and in a tombstone that says no more than when and by whom it was erased.
func bare(w *world, uploads []*dropped) {
	for _, it := range w.dynamo.rows() {
		pk, whole := text(it, "pk"), fmt.Sprint(it)
		for _, d := range uploads {
			switch {
			case !strings.Contains(whole, d.id):
			case pk == "JOB#"+d.id:
				if r, _ := recordOf(it); len(r.Shares)+len(r.Told)+len(r.Artifacts)+len(r.Structures)+len(r.Owed)+len(r.Stages) > 0 || r.Owner != "" || text(it, "owner") != "" {
					w.seen.accuse("the tombstone of %s holds %s", d.id, text(it, "doc"))
				}
			case pk == "DUE" || pk == "SWEEP": // ids, for the janitor
			case strings.HasPrefix(pk, "IDEM#"): // an id, for a day
				if ttl, ok := number(it["ttl"]); !ok || ttl > float64(time.Now().Add(24*time.Hour).Unix()) || len(it) != 4 {
					w.seen.accuse("of the erased job %s an idempotency key holds %s", d.id, whole)
				}
			default:
				w.seen.accuse("of the erased job %s the table holds %s", d.id, pk)
			}
		}
		if strings.Contains(whole, "Doe") {
			w.seen.accuse("the table names somebody in %s: %s", pk, whole)
		}
	}
}

// What nobody erases goes when its time is over.
func TestRetentionTakesEverything(t *testing.T) {
	inPeace(t, func(t *testing.T, w *world) {
		all, err := scans()
		must(t, err)
		for _, of := range []scan{all[0], all[len(all)-1]} {
			if of.rejected {
				w.drop("Doe^Jane/rejected.nii.gz", of)
				continue
			}
			everythingOf(t, w, of)
		}
		if status, err := w.api(http.MethodPost, "/v1/jobs", `{"file":"never.nii.gz","bytes":20000000}`, nil); err != nil || status != http.StatusAccepted {
			t.Fatalf("POST /v1/jobs: %d, %v", status, err)
		}
		time.Sleep(3 * 24 * time.Hour)
		for _, r := range w.jobs() {
			if !r.Erased || r.Erasure.By != job.ByRetention {
				w.seen.accuse("three days later job %s is %s", r.ID, r.Status)
			}
		}
		w.nothingLeft()
	})
}

// inPeace runs a test in a world without faults, once with versions and once without.
func inPeace(t *testing.T, test func(*testing.T, *world)) {
	if _, err := os.Stat(jsonata); err != nil {
		t.Skip("SKIPPED: no build/node/node_modules/jsonata: run `make build` first")
	}
	undisturbed(t)
	for seed, name := range []string{"versions", "no versions"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(epoch))
				w := newWorld(t, &storm{seed: uint64(seed), keepDays: "1"})
				defer w.close(t)
				test(t, w)
				for _, text := range w.problems() {
					t.Error(text)
				}
			})
		})
	}
}
