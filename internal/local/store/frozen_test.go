package store_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/iris-oculus/iris/internal/local/store"
)

// What is written while a store is frozen waits, and is not in the copy; what was before is.
func TestFrozen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "s.db"))
	put(t, s, "bucket", "before", record{N: 1})
	copied, written := filepath.Join(dir, "copy.db"), make(chan error, 1)
	err := s.Frozen(func(write func(io.Writer) error) error {
		b := &store.Batch{}
		b.Put("bucket", "meanwhile", record{N: 2})
		go func() { written <- s.Write(b) }()
		f, err := os.Create(copied)
		if err != nil {
			return err
		}
		defer f.Close()
		return write(f)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	again := all(t, open(t, copied), "bucket") // opening checks every page
	if _, late := again["meanwhile"]; again["before"].N != 1 || late {
		t.Errorf("the copy holds %v", again)
	}
	if now := all(t, s, "bucket"); len(now) != 2 {
		t.Errorf("the store holds %v", now)
	}
}
