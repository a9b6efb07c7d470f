package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zip"

	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// scanFile is what is uploaded of a scan: a file, an object, or a .zip of a folder's files.
// The same folder gives the same bytes. The names in it are numbers, because names of files
// may identify patients.
type scanFile struct {
	io.ReaderAt
	size   int64
	suffix string
	etag   string // of an object on S3
	close  func() error
}

// Close closes the file, and deletes a .zip.
func (s *scanFile) Close() error { return s.close() }

func openLocal(ctx context.Context, path string) (*scanFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &exitError{exitUsage, withoutPath(path, err)}
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(withoutPath(path, err), f.Close())
	}
	if !info.IsDir() {
		return &scanFile{ReaderAt: f, size: info.Size(), suffix: suffix(path), close: f.Close}, nil
	}
	if err := f.Close(); err != nil {
		return nil, withoutPath(path, err)
	}
	folder, err := prepare.OpenDirectory(os.DirFS(path))
	if err != nil {
		return nil, err
	}
	return zipFiles(ctx, folder)
}

// zipFiles packs files into a .zip that is deleted when it is closed.
func zipFiles(ctx context.Context, files drop.Files) (*scanFile, error) {
	return zipped(func(w io.Writer) error { return writeZip(ctx, w, files) })
}

// zipped is a .zip that write makes, in a file that is deleted when it is closed.
func zipped(write func(io.Writer) error) (_ *scanFile, err error) {
	f, err := os.CreateTemp("", "iris-folder-*.zip")
	if err != nil {
		return nil, withoutPath("pack the folder", err)
	}
	s := &scanFile{ReaderAt: f, suffix: ".zip", close: func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := write(f); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, withoutPath("pack the folder", err)
	}
	s.size = info.Size()
	return s, nil
}

// writeZip packs the files of a folder, without the litter of operating systems.
func writeZip(ctx context.Context, w io.Writer, folder drop.Files) error {
	pack := zip.NewWriter(w)
	packed, files := int64(0), 0
	err := folder.Each(ctx, nil, func(file drop.File) error {
		if file.Litter {
			return nil
		}
		files++
		if packed += file.Size; packed > volume.MaxObjectBytes {
			return volume.Reject("too_large", "the folder holds more than %d bytes: at most that is accepted", int64(volume.MaxObjectBytes))
		}
		entry, err := pack.CreateHeader(entryHeader(file.Index, zip.Deflate))
		if err != nil {
			return withoutPath("pack the folder", err)
		}
		if _, err := io.Copy(entry, file.Body); err != nil {
			return withoutPath("pack the folder", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if files == 0 {
		return volume.Reject("empty_folder", "the folder holds no file that could be a slice of a scan: name the folder of DICOM files")
	}
	return withoutPath("pack the folder", pack.Close())
}

// entryHeader is the header of an entry that says nothing of its file. The oldest time
// that a zip can hold stands for no time.
func entryHeader(number int, method uint16) *zip.FileHeader {
	return &zip.FileHeader{Name: fmt.Sprintf("%06d", number), Method: method, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
}
