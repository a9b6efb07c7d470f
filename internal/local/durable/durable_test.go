package durable_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/local/durable"
)

func TestWriteFileReplacesWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for _, want := range []string{"first, longer", "second", ""} {
		if err := durable.WriteFile(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Fatalf("read %q, %v; want %q", got, err, want)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d entries in the folder, %v; want the file alone", len(entries), err)
	}
}

func TestMakeDirRemovesInterruptedWrites(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".tmp-123", "kept"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := durable.MakeDir(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "kept" {
		t.Errorf("left: %v, %v; want only the finished file", entries, err)
	}
}

func TestErrorsNameNoPath(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "somebody", "file")
	for name, err := range map[string]error{
		"write": durable.WriteFile(missing, nil),
		"sync":  durable.SyncDir(filepath.Dir(missing)),
	} {
		if !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "somebody") {
			t.Errorf("%s: %v: want a not-exist error without the path", name, err)
		}
	}
}
