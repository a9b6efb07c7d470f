package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// A state folder on a disk of 96 MB: when it is full, an upload is refused by
// name and leaves nothing behind, and a job on its way waits; when there is room
// again, both go on.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if os.Getenv("IRIS_E2E") != "" {
		if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=96m"); err != nil {
			t.Skipf("SKIPPED: no small disk can be mounted here: %v", err)
		}
		t.Cleanup(func() {
			if err := syscall.Unmount(disk, 0); err != nil {
				t.Errorf("unmount: %v", err)
			}
		})
	}
	model := newInstall(t)
	s := up(t, filepath.Join(disk, "state"), "--install", model.dir)
	cfg := s.sdk(t)
	scan := sample(t, 48)

	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, make([]byte, 12<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var refused error
	full := 0
	for ; refused == nil && full < 20; full++ {
		refused = drop(t.Context(), cfg, big, fmt.Sprintf("README-%d", full)) // litter: no job comes of it
	}
	var named smithy.APIError
	if !errors.As(refused, &named) || named.ErrorCode() != "InsufficientStorage" {
		t.Fatalf("%d uploads of 12 MiB on 96 MB, then %v", full, refused)
	}
	if stored(t.Context(), cfg, fmt.Sprintf("README-%d", full-1)) {
		t.Error("the refused upload is there")
	}

	for n := range full - 1 {
		_, err := s3.NewFromConfig(cfg).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("iris-uploads"), Key: aws.String(fmt.Sprintf("README-%d", n))})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := drop(t.Context(), cfg, scan, "after.nii.gz"); err != nil {
		t.Fatal(err)
	}
	if j := s.finish(t, "after.nii.gz", time.Minute); j.Status != "ready" {
		t.Errorf("with room again the job ended %s: %+v", j.Status, j.Error)
	}

	// The model answers into the full disk: its answer waits for room.
	model.hold(t)
	id := faults{stack: s, model: model, scan: scan}.begin(t, "under-way.nii.gz")
	fill(t, filepath.Join(disk, "fill"))
	model.free(t)
	until(t, "the model has answered", time.Minute, func() bool { return model.served(id) })
	if j := s.job(t, id); j.Status != "segmenting" {
		t.Errorf("on a full disk the job is %s: %+v", j.Status, j.Error)
	}
	if err := os.Remove(filepath.Join(disk, "fill")); err != nil {
		t.Fatal(err)
	}
	if j := s.finish(t, "under-way.nii.gz", time.Minute); j.Status != "ready" {
		t.Errorf("the job whose disk was full ended %s: %+v", j.Status, j.Error)
	}
	s.end(t) // before the disk goes
}

// fill takes what is left of a disk, to the last byte.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for chunk := make([]byte, 1<<20); len(chunk) > 0; {
		if _, err := f.Write(chunk); err != nil {
			chunk = chunk[:len(chunk)/2]
		}
	}
}
