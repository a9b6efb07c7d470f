package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/iris-oculus/iris/internal/local/store"
)

// smallDisk mounts a disk of a size for one test.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("SKIPPED, NOT PASSED: a small disk needs the right to mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	return disk
}

// On a full disk Write says so and changes nothing; what fits is still written,
// and once there is room everything is.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, "512k")
	path := filepath.Join(disk, "s.db")
	s := open(t, path)
	for n := range 5 {
		put(t, s, "bucket", fmt.Sprint("before", n), record{N: n})
	}
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, bytes.Repeat([]byte("x"), 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk did not fill up: %v", err)
	}
	large := record{Text: strings.Repeat("x", 100_000)}
	for n := range 3 {
		b := &store.Batch{}
		b.Put("bucket", "large", large)
		told := false
		b.Then(func() { told = true })
		if err := s.Write(b); !errors.Is(err, syscall.ENOSPC) || told || strings.Contains(err.Error(), disk) {
			t.Errorf("write %d on a full disk: %v, told %v: want ENOSPC without the path", n, err, told)
		}
	}
	later := make(chan struct{})
	b := &store.Batch{}
	b.Put("bucket", "later", large)
	b.Then(func() { close(later) })
	s.Later(b)
	put(t, s, "bucket", "before0", record{N: 100}) // pages that are free within the file are enough
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	put(t, s, "bucket", "large", large)
	<-later
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got := all(t, open(t, path), "bucket")
	if len(got) != 7 || got["before0"].N != 100 || got["before4"].N != 4 || got["large"] != large || got["later"] != large {
		t.Errorf("%d records after reopening", len(got))
	}
}

// A change that waits for room on the disk does not undo a later one: a letter that
// was to be noted and is given up meanwhile does not come back.
func TestWhatWaitsForRoomYieldsToLaterChanges(t *testing.T) {
	disk := smallDisk(t, "512k")
	s := open(t, filepath.Join(disk, "s.db"))
	for n := range 5 {
		put(t, s, "bucket", fmt.Sprint("before", n), record{N: n})
	}
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, bytes.Repeat([]byte("x"), 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk did not fill up: %v", err)
	}
	landed := make(chan struct{})
	later, removal, large := &store.Batch{}, &store.Batch{}, &store.Batch{}
	later.Put("bucket", "before0", record{Text: "too late"})
	later.Put("bucket", "large", record{Text: strings.Repeat("x", 100_000)})
	later.Then(func() { close(landed) })
	removal.Delete("bucket", "before0")
	large.Put("bucket", "refused", record{Text: strings.Repeat("x", 100_000)})
	if errs := s.WriteTogether([]*store.Batch{later}, []*store.Batch{removal, large}); errs[0] != nil || !errors.Is(errs[1], syscall.ENOSPC) {
		t.Fatalf("on a full disk: %v: want the removal written, the other refused", errs)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	<-landed
	if got := all(t, s, "bucket"); len(got) != 5 || len(got["large"].Text) != 100_000 {
		t.Errorf("%d records: want before1 to before4 and large", len(got))
	}
}

// A disk that is full from the start leaves no file that the next start refuses.
func TestAFullDiskAtTheFirstStart(t *testing.T) {
	disk := smallDisk(t, "8k")
	path := filepath.Join(disk, "s.db")
	if _, err := store.Open(path, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("opened on a disk of two pages: %v", err)
	}
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT, "size=512k"); err != nil {
		t.Fatal(err)
	}
	put(t, open(t, path), "bucket", "a", record{})
}

// A folder that cannot be written to is named, whether the file is there or not.
func TestAReadOnlyDisk(t *testing.T) {
	disk := smallDisk(t, "512k")
	path := filepath.Join(disk, "s.db")
	s := open(t, path)
	put(t, s, "bucket", "a", record{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"s.db", "new.db"} {
		if _, err := store.Open(filepath.Join(disk, name), nil); !errors.Is(err, syscall.EROFS) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
