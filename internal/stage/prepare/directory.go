package prepare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// Directory is a folder of files on this machine as a drop; OpenDirectory makes one.
type Directory struct {
	root  fs.FS
	paths []string
}

// OpenDirectory lists the regular files below root, in lexical order.
func OpenDirectory(root fs.FS) (*Directory, error) {
	d := &Directory{root: root}
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Type().IsRegular() {
			d.paths = append(d.paths, path)
		}
		if len(d.paths) > volume.MaxEntries {
			return named(volume.Reject("too_large", "the folder holds more than %d files", volume.MaxEntries))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Each implements drop.Files.
func (d *Directory) Each(ctx context.Context, want []int, visit func(drop.File) error) error {
	if want == nil {
		want = all(len(d.paths))
	}
	for _, n := range want {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.file(n, visit); err != nil {
			return err
		}
	}
	return nil
}

func (d *Directory) file(n int, visit func(drop.File) error) error {
	if drop.Litter(d.paths[n]) {
		return visit(drop.File{Index: n, Litter: true})
	}
	f, err := d.root.Open(d.paths[n])
	if err != nil {
		return unnamed(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return unnamed(err)
	}
	return visit(drop.File{Index: n, Size: info.Size(), Body: f})
}

// unnamed takes the path out of an error: it may name a patient.
func unnamed(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("open a file of the folder: %w", err)
}

// all is 0 to n-1.
func all(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
