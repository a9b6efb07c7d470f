// Package docs_test holds the documentation against the code.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The map of packages in architecture.md names every package of internal/, or the
// package above it "and below", and the page names no file or folder that is not there.
func TestTheMapOfPackages(t *testing.T) {
	page, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	var named, below []string
	for _, match := range regexp.MustCompile("`((?:internal|cmd|functions|statemachine|containers|docs)/[^` *]+)`( and below)?").FindAllStringSubmatch(string(page), -1) {
		path := match[1]
		named = append(named, path)
		if match[2] != "" {
			below = append(below, path+"/")
		}
		if _, err := os.Stat(filepath.Join("..", path)); err != nil {
			t.Errorf("architecture.md names %s: %v", path, err)
		}
	}
	err = filepath.WalkDir(filepath.Join("..", "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if d.Name() == "testdata" {
			return fs.SkipDir
		}
		files, err := filepath.Glob(filepath.Join(path, "*.go"))
		path = strings.TrimPrefix(filepath.ToSlash(path), "../")
		covered := func(above string) bool { return strings.HasPrefix(path, above) }
		if len(files) > 0 && !slices.Contains(named, path) && !slices.ContainsFunc(below, covered) {
			t.Errorf("architecture.md does not name the package %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
