// Package storetest opens stores for tests, and copies them as kill -9 leaves them.
package storetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/iris-oculus/iris/internal/local/store"
)

// File is the store's name within a folder of these tests.
const File = "store.db"

// Open opens the store of a folder and closes it with the test.
func Open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(dir, File), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Crashed copies a folder as a crash of its owner would leave it, and returns the
// copy. Nothing may be writing to the folder's store.
func Crashed(t testing.TB, dir string) string {
	t.Helper()
	after := t.TempDir()
	if err := os.CopyFS(after, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return after
}

// Count says how many records a bucket has.
func Count(t testing.TB, s *store.Store, bucket string) (n int) {
	t.Helper()
	err := store.Each(s, bucket, "", func(string, any) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}
