package server

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/local/gateway/s3"
)

// A folder has one process: another waits for it, and says so when it waited in vain.
func TestOneProcessPerFolder(t *testing.T) {
	dir := t.TempDir()
	held, err := lock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock(ended, dir); err == nil || !strings.Contains(err.Error(), "another process uses it") {
		t.Errorf("got %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if again, err := lock(t.Context(), dir); err != nil || again.Close() != nil {
		t.Errorf("got %v", err)
	}
}

// A parent that is gone takes no announcement.
func TestNoParent(t *testing.T) {
	if err := parent(filepath.Join(t.TempDir(), "none"))(t.Context(), s3.Created{Bucket: "b", Key: "k"}); err == nil {
		t.Error("an announcement to nobody was taken")
	}
}
