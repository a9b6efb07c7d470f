package prepare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// Directory is a folder of files on this machine as a drop; OpenDirectory makes one.
type Directory struct {
	root    fs.FS
	files   []local
	folders int           // listed so far
	within  []fs.FileInfo // the folders around the one that is being listed
}

// local is one file of a folder.
type local struct {
	path     string
	dangling bool // a link that leads nowhere
}

// OpenDirectory lists the files below root, in lexical order. It follows symbolic links
// to files and folders, because stores such as git-annex and DataLad keep large files
// elsewhere; who may read the folder may read them as well. It ignores a link to a
// folder around it.
func OpenDirectory(root fs.FS) (*Directory, error) {
	d := &Directory{root: root}
	if err := d.list("."); err != nil {
		return nil, err
	}
	return d, nil
}

// list adds the files below a folder.
func (d *Directory) list(folder string) error {
	own, err := fs.Stat(d.root, folder)
	if err != nil {
		return unnamed(err)
	}
	for _, around := range d.within {
		if os.SameFile(around, own) {
			return nil
		}
	}
	entries, err := fs.ReadDir(d.root, folder)
	if err != nil {
		return unnamed(err)
	}
	d.within = append(d.within, own)
	for _, entry := range entries {
		if err := d.entry(path.Join(folder, entry.Name()), entry.Type()); err != nil {
			return err
		}
	}
	d.within = d.within[:len(d.within)-1]
	return nil
}

// entry adds the file or folder that an entry is or leads to.
func (d *Directory) entry(name string, mode fs.FileMode) error {
	at := local{path: name}
	if mode&fs.ModeSymlink != 0 && !drop.Litter(name) {
		info, err := fs.Stat(d.root, name)
		if err == nil {
			mode = info.Mode().Type()
		} else { // what it led to is gone, or it is part of a ring
			at.dangling, mode = true, 0
		}
	}
	switch {
	case mode.IsDir():
		d.folders++
	case mode.IsRegular():
		d.files = append(d.files, at)
	}
	if max(len(d.files), d.folders) > volume.MaxEntries {
		return named(volume.Reject("too_large", "the folder holds more than %d files: send the folder of one scan", volume.MaxEntries))
	}
	if mode.IsDir() && !drop.Litter(name+"/x") { // the folder's own name decides
		return d.list(name)
	}
	return nil
}

// Each implements drop.Files.
func (d *Directory) Each(ctx context.Context, want []int, visit func(drop.File) error) error {
	if want == nil {
		want = upTo(len(d.files))
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
	at := d.files[n]
	file := drop.File{Index: n, Ending: drop.Ending(at.path), Dangling: at.dangling, Litter: drop.Litter(at.path)}
	if file.Dangling {
		file.Index = -1
	}
	if file.Litter || file.Dangling {
		return visit(file)
	}
	f, err := d.root.Open(at.path)
	if err != nil {
		return unnamed(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return unnamed(err)
	}
	file.Size, file.Body = info.Size(), f
	return visit(file)
}

// unnamed takes the path out of an error: it may name a patient.
func unnamed(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("open a file of the folder: %w", err)
}

// upTo is 0 to n-1.
func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
