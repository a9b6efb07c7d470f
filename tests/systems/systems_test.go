// Package systems holds the command against every system that it is made for. Compiling
// it for each takes minutes from an empty cache (make dist does it); this test has Go's own
// type checker read the same files, in seconds: our packages in full, of all others the
// declarations.
package systems

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const module = "github.com/iris-oculus/iris"

// systems are the targets of .goreleaser.yaml.
var systems = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	ImportMap  map[string]string
	Standard   bool
	Error      *struct{ Err string }
}

// The two processors of a system are checked once where our packages have the same files
// for both: they are of one word size.
func TestTheCommandCompilesForEverySystem(t *testing.T) {
	files := sources{set: token.NewFileSet(), parsed: map[string]*ast.File{}}
	checked := map[string]bool{runtime.GOOS + fileNames(list(t, runtime.GOOS, runtime.GOARCH, "./cmd/iris")): true} // this test's own system
	for _, system := range systems {
		goos, goarch, _ := strings.Cut(system, "/")
		packages := list(t, goos, goarch, "./cmd/iris")
		if names := goos + fileNames(packages); !checked[names] {
			checked[names] = true
			if err := files.errors(packages, goarch); err != nil {
				t.Errorf("%s: %v", system, err)
			}
		}
	}
}

// fileNames are the names of our own packages' files.
func fileNames(packages []listed) string {
	var b strings.Builder
	for _, p := range packages {
		if strings.HasPrefix(p.ImportPath, module) {
			fmt.Fprintln(&b, p.ImportPath, p.GoFiles, p.Error)
		}
	}
	return b.String()
}

// What only one system has is an error on another: the check would see it.
func TestTheCheckSeesWhatASystemLacks(t *testing.T) {
	files := sources{set: token.NewFileSet(), parsed: map[string]*ast.File{}}
	err := files.errors(list(t, "windows", "amd64", "./tests/systems/testdata/unixonly"), "amd64")
	if err == nil || !strings.Contains(err.Error(), "Flock") {
		t.Errorf("got %v", err)
	}
	if err := files.errors(list(t, "linux", "arm64", "./tests/systems/testdata/unixonly"), "arm64"); err != nil {
		t.Error(err)
	}
}

// sources are files that were read already.
type sources struct {
	set    *token.FileSet
	parsed map[string]*ast.File
}

// errors are those of our own packages.
func (s *sources) errors(packages []listed, goarch string) error {
	done := map[string]*types.Package{"unsafe": types.Unsafe}
	var all []error
	for _, p := range packages { // dependencies come first
		if p.ImportPath == "unsafe" {
			continue
		}
		if p.Error != nil {
			all = append(all, errors.New(p.Error.Err))
			continue
		}
		own := strings.HasPrefix(p.ImportPath, module)
		parsed, err := s.parse(p, own)
		if err != nil {
			all = append(all, err)
			continue
		}
		config := types.Config{
			Importer:         importer{done, p.ImportMap},
			IgnoreFuncBodies: !own,
			FakeImportC:      true,
			Sizes:            types.SizesFor("gc", goarch),
			Error: func(err error) {
				if own {
					all = append(all, err)
				}
			},
		}
		done[p.ImportPath], _ = config.Check(p.ImportPath, s.set, parsed, nil) // errors go to Error
	}
	return errors.Join(all...)
}

// parse reads a package's files. The bodies of others' functions are let go.
func (s *sources) parse(p listed, own bool) ([]*ast.File, error) {
	var files []*ast.File
	for _, name := range p.GoFiles {
		path := filepath.Join(p.Dir, name)
		f, ok := s.parsed[path]
		if !ok {
			var err error
			if f, err = parser.ParseFile(s.set, path, nil, parser.SkipObjectResolution); err != nil {
				return nil, err
			}
			if !own {
				for _, d := range f.Decls {
					if function, is := d.(*ast.FuncDecl); is {
						function.Body = nil
					}
				}
			}
			s.parsed[path] = f
		}
		files = append(files, f)
	}
	return files, nil
}

// importer gives packages that were checked before.
type importer struct {
	done map[string]*types.Package
	maps map[string]string // vendored names of the standard library
}

func (i importer) Import(path string) (*types.Package, error) {
	if real, ok := i.maps[path]; ok {
		path = real
	}
	if p := i.done[path]; p != nil {
		return p, nil
	}
	return nil, errors.New("not listed: " + path)
}

func list(t *testing.T, goos, goarch, pattern string) []listed {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-tags", "nethttpomithttp2",
		"-json=ImportPath,Dir,GoFiles,Imports,ImportMap,Standard,Error", pattern)
	c.Dir = filepath.Join("..", "..")
	c.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(out); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := c.Wait(); err != nil || len(all) < 2 {
		t.Fatalf("go list: %d packages, %v", len(all), err)
	}
	return all
}
