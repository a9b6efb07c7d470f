// Package s3test finds the program of local S3 for tests.
package s3test

import (
	"os"
	"path/filepath"
	"testing"
)

// Program is build/s3 of the checkout that the test lies in; without it the test
// is skipped, loudly.
func Program(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		program := filepath.Join(dir, "build", "s3")
		if _, err := os.Stat(program); err == nil {
			return program
		}
	}
	t.Skip("SKIPPED: no build/s3: run `make build` first")
	return ""
}
