package settle_test

import (
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// The tombstone proves what was erased: what there was, what came late, that nothing is
// left, and by whom; and it names nobody.
func TestATombstoneProvesItsErasure(t *testing.T) {
	b := newBench(t, job.Meshing)
	b.amend(t, func(r *job.Record) {
		r.Owner, r.Upload = "alice", job.Upload{Bucket: "uploads", Key: job.UploadKey(id, "Doe^Jane.nii.gz"), Parts: "u1"}
	})
	b.uploads.Set(job.UploadKey(id, "Doe^Jane.nii.gz"), []byte("scan"), nil)
	b.uploads.Begun = []string{job.UploadKey(id, "Doe^Jane.nii.gz"), job.UploadKey(otherID, "x.nii")}
	b.work.Set(job.FailuresPrefix+job.Key(id, 1, "labels.bin-error.out"), []byte("why"), nil)
	b.results.Begun = []string{job.Key(id, 1, job.ModelGLB)}
	if err := b.Erase(t.Context(), id, job.ByOperator); err != nil {
		t.Fatal(err)
	}
	r := b.record(t)
	want := job.Erasure{At: start, By: job.ByOperator, LookedAt: start, Found: job.Tally{Objects: 3, Uploads: 2, Bytes: 4 + 6 + 3}}
	if r.Erasure == nil || *r.Erasure != want {
		t.Errorf("erasure = %+v, want %+v", r.Erasure, want)
	}
	if r.Owner != "" || r.OwnerDigest != job.OwnerDigest(id, "alice") || r.OwnerDigest == job.OwnerDigest(otherID, "alice") {
		t.Errorf("owner %q, digest %q", r.Owner, r.OwnerDigest)
	}
	if len(b.uploads.Begun) != 1 || len(b.results.Begun) != 0 {
		t.Errorf("uploads that are not complete: %v, %v", b.uploads.Begun, b.results.Begun)
	}

	// The client's last request completes its upload, and a stage ends, after that.
	b.uploads.Set(job.UploadKey(id, "Doe^Jane.nii.gz"), []byte("scan"), nil)
	b.results.Set(job.Key(id, 1, job.ModelGLB), []byte("glb"), nil)
	b.now = start.Add(5 * time.Minute)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	want.Late, want.LookedAt = job.Tally{Objects: 2, Bytes: 7}, b.now
	if r = b.record(t); *r.Erasure != want || len(b.results.Keys()) != 0 {
		t.Errorf("after late writes: %+v, want %+v", *r.Erasure, want)
	}
	b.now = start.Add(70 * time.Minute)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r = b.record(t); !r.Erasure.Final || !r.ExpiresAt.Equal(start.Add(job.TombstoneLife)) || r.OwnerDigest != job.OwnerDigest(id, "alice") {
		t.Errorf("in the end: %+v until %v", *r.Erasure, r.ExpiresAt)
	}
}

// Another job may have been made of a file in the folder of an upload. It stays.
func TestAnErasureKeepsAnotherJobsFileInItsFolder(t *testing.T) {
	b := newBench(t, job.AwaitingUpload)
	b.amend(t, func(r *job.Record) { r.Upload = job.Upload{Key: job.UploadKey(id, "a.nii")} })
	b.uploads.Set(job.UploadKey(id, "a.nii"), []byte("a"), nil)
	b.drop(t, otherID, job.UploadKey(id, "b.nii"), "b")
	if err := b.Erase(t.Context(), id, job.ByOwner); err != nil {
		t.Fatal(err)
	}
	if b.uploads.Bytes(job.UploadKey(id, "a.nii")) != nil || b.uploads.Bytes(job.UploadKey(id, "b.nii")) == nil {
		t.Errorf("left: %v", b.uploads.Keys())
	}
}

// Whoever uploads the same bytes under the same key twice is told that they stay.
func TestAnErasureTellsWhatItKeeps(t *testing.T) {
	b := newBench(t, job.Ready)
	b.link(t, b.record(t), "scan.nii.gz")
	b.drop(t, otherID, "scan.nii.gz", "scan")
	for n, want := range []int{1, 0} {
		if err := b.Erase(t.Context(), []string{id, otherID}[n], job.ByOwner); err != nil {
			t.Fatal(err)
		}
		r, err := b.jobs.Get(t.Context(), []string{id, otherID}[n])
		if err != nil || r.Erasure.Kept != want {
			t.Errorf("job %d: %+v, %v: want %d kept", n, r.Erasure, err, want)
		}
	}
}
