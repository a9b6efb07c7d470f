package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/iris-oculus/iris/internal/cohort"
)

// openScan opens a scan for an upload, wherever it lies: a file, a folder of slices, an
// object on S3, or the slices below a prefix, whose address ends in a slash. A table of
// names, when one is given, goes with a label map.
func openScan(ctx context.Context, c *client, scan string) (*scanFile, error) {
	switch {
	case c.table != "" && cohort.IsAddress(scan):
		return nil, usage("bad_option: --labels-table is for a label map on this machine")
	case c.table != "":
		return zipLabels(scan, c.table)
	case cohort.IsAddress(scan):
		return c.openObject(ctx, scan)
	}
	return openLocal(ctx, scan)
}

// printOf tells without reading a scan whether it is the same as before: by the sizes and
// times of its files, or by what S3 says of its objects.
func printOf(ctx context.Context, c *client, scan string) (string, error) {
	if c.table != "" {
		info, err := os.Stat(c.table)
		if err != nil {
			return "", coded("read the label table", err)
		}
		print, err := printOf(ctx, &client{}, scan)
		return fmt.Sprintf("%s with %d %d", print, info.Size(), info.ModTime().UnixNano()), err
	}
	if cohort.IsAddress(scan) {
		return c.printOfObject(ctx, scan)
	}
	info, err := os.Stat(scan)
	if err != nil {
		return "", &exitError{exitUsage, fmt.Errorf("not_found: %w", withoutPath(shown(scan), err))}
	}
	if !info.IsDir() {
		return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano()), nil
	}
	sum := sha256.New()
	err = filepath.WalkDir(scan, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) { // a link that leads nowhere
			_, err = fmt.Fprintf(sum, "%q\n", path)
			return err
		}
		if err != nil || info.IsDir() {
			return err
		}
		_, err = fmt.Fprintf(sum, "%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), coded("read the folder", err)
}

// digest is SHA-256 of a scan's content. An object's is that of its ETag, which S3 makes
// of the content, so that the object need not be read twice.
func (s *scanFile) digest() (string, error) {
	sum := sha256.New()
	if s.etag != "" {
		_, _ = fmt.Fprintf(sum, "s3 %s %d", s.etag, s.size)
	} else if _, err := io.Copy(sum, io.NewSectionReader(s, 0, s.size)); err != nil {
		return "", coded("read the scan", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// localNames are the names of all files below a folder, with slashes, as Discover wants
// them. Links to folders are not followed, and hidden folders, as .iris and .git, are
// passed over.
func localNames(folder string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !entry.IsDir():
			names = append(names, name)
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		}
		return nil
	})
	return names, coded("read the folder", err)
}

// isDICOM says of a file without an ending below a folder whether it is a DICOM file by its
// prefix.
func isDICOM(folder string) func(name string) bool {
	return func(name string) bool {
		f, err := os.Open(filepath.Join(folder, filepath.FromSlash(name)))
		if err != nil {
			return false
		}
		defer f.Close()
		var sign [4]byte
		_, err = f.ReadAt(sign[:], 128) // PS3.10 §7.1
		return err == nil && string(sign[:]) == "DICM"
	}
}
