package settle_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Whoever erases or cancels a job while its file is being uploaded, or goes away, leaves
// parts of a scan. They go with the job; where they cannot, the ending is tried again.
func TestThePartsOfAnUploadGoWithItsJob(t *testing.T) {
	for name, end := range map[string]func(*bench) error{
		"erase":  func(b *bench) error { return b.Erase(t.Context(), id, job.ByOwner) },
		"cancel": func(b *bench) error { _, err := b.Cancel(t.Context(), id); return err },
		"expire": func(b *bench) error { b.now = b.now.Add(25 * time.Hour); return b.Sweep(t.Context()) },
	} {
		b := newBench(t, job.AwaitingUpload)
		if _, err := b.uploads.DeletePrefix(t.Context(), "scan"); err != nil {
			t.Fatal(err)
		}
		_, err := b.jobs.Amend(t.Context(), id, func(r *job.Record) error {
			r.Upload = job.Upload{Bucket: "uploads", Key: job.UploadKey(id, "scan.nii"), Parts: "u1"}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		fails := true
		b.uploads.Before = func(call, _ string) error {
			if call == "AbortParts" && fails {
				fails = false
				return errors.New("S3 is away")
			}
			return nil
		}
		if err := end(b); err == nil {
			t.Errorf("%s: the failure to delete the parts is not told", name)
		}
		if err := end(b); err != nil {
			t.Errorf("%s, again: %v", name, err)
		}
		if want := []string{job.UploadKey(id, "scan.nii") + " u1"}; !slices.Equal(b.uploads.Aborted, want) {
			t.Errorf("%s: aborted %q, want %q", name, b.uploads.Aborted, want)
		}
	}
}
