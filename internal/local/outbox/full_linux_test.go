package outbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
)

// On a full disk Put says so and keeps nothing; once there is space it works,
// and what was accepted before is still there.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("SKIPPED, NOT PASSED: a small disk needs the right to mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	s := storetest.Open(t, disk)
	c := newRecipient(0).config(s, clock.Real{})
	o := open(t, c)
	if err := o.Put(letter("before")); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, bytes.Repeat([]byte("x"), 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk did not fill up: %v", err)
	}
	// Small letters find free pages within the store's file.
	if err := o.Put(outbox.Letter{ID: "full", Body: json.RawMessage(`"` + strings.Repeat("x", 100_000) + `"`)}); !errors.Is(err, syscall.ENOSPC) || o.Len() != 1 {
		t.Errorf("put on a full disk: %v, %d letters: want ENOSPC and the one before", err, o.Len())
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := o.Put(letter("after")); err != nil {
		t.Error(err)
	}
	_ = o.Close()
	_ = s.Close()
	c.Store = storetest.Open(t, disk)
	again, err := outbox.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if again.Len() != 2 {
		t.Errorf("%d letters after reopening: want 2", again.Len())
	}
}
