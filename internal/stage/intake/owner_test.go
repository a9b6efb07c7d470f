package intake

import (
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// A drop under <owner>/ is that owner's where the deployment says so, a folder of slices
// too; else, and where no owner is named, it is the bucket's.
func TestOwnersOfDrops(t *testing.T) {
	for _, c := range []struct{ key, owner string }{
		{"alice/scan.nii.gz", "alice"}, {"alice/a/b/scan.nii.gz", "alice"}, {"alice/series/1.dcm", "alice"}, {"alice/1.dcm", "alice"},
		{"b17a-4c/scan.nii", "b17a-4c"}, {"Ana María/scan.nii", "Ana María"}, {"alice//scan.nii", "alice"},
		{"scan.nii.gz", job.BucketOwner}, {"/scan.nii.gz", job.BucketOwner}, {"bucket/scan.nii", job.BucketOwner},
		{job.UploadKey(job.DeriveID("", "", ""), "scan.nii"), job.BucketOwner}, {"jobs/x/scan.nii", job.BucketOwner}, {"jobs/scan.nii", job.BucketOwner},
	} {
		for _, byPrefix := range []bool{true, false} {
			w := newWorld()
			stage := w.stage()
			stage.OwnersByPrefix = byPrefix
			if err := stage.Handle(t.Context(), w.upload(c.key, "x", nil)); err != nil {
				t.Fatalf("%s: %v", c.key, err)
			}
			want := c.owner
			if !byPrefix {
				want = job.BucketOwner
			}
			page, err := w.store.ByOwner(t.Context(), want, 10, "")
			if err != nil || len(page.Jobs) != 1 || page.Jobs[0].Owner != want {
				t.Errorf("%s, by prefix %v: %+v, %v, want one of %q", c.key, byPrefix, page.Jobs, err, want)
			}
		}
	}
}

// A job that awaits its upload keeps its owner, whatever the key's first word is.
func TestAnAwaitedUploadKeepsItsOwner(t *testing.T) {
	w := newWorld()
	id := job.DeriveID("a", "b", "c")
	key := job.UploadKey(id, "scan.nii.gz")
	if _, _, err := w.store.Create(t.Context(), job.Record{ID: id, Attempt: 1, Status: job.AwaitingUpload, From: job.FromPrepare, Owner: "alice", Options: job.DefaultOptions(), Upload: job.Upload{Bucket: "bucket", Key: key}}); err != nil {
		t.Fatal(err)
	}
	stage := w.stage()
	stage.OwnersByPrefix = true
	if err := stage.Handle(t.Context(), w.upload(key, "x", nil)); err != nil {
		t.Fatal(err)
	}
	if r, err := w.store.Get(t.Context(), id); err != nil || r.Owner != "alice" || r.Status != job.Received {
		t.Errorf("%+v, %v", r, err)
	}
}
