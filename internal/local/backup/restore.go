//go:build !windows

package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zip"
	"golang.org/x/sys/unix"

	"github.com/iris-oculus/iris/internal/local/durable"
)

// DamagedError refuses an archive that is not as it was written.
type DamagedError struct{ Reason string }

func (e *DamagedError) Error() string {
	return "the file is no whole backup (" + e.Reason + ")"
}

// NewerError refuses an archive of a later version.
type NewerError struct{ Version int }

func (e *NewerError) Error() string {
	return fmt.Sprintf("the backup has version %d, this program knows versions up to %d: use the program that wrote it, or a newer one", e.Version, Version)
}

// ExistsError refuses to restore over a state.
type ExistsError struct{}

func (e *ExistsError) Error() string {
	return "there is a state already: give --state another folder, or --replace to put the backup in its place"
}

const (
	maxManifest = 512 << 20
	maxEntries  = 10_000_000
)

// Restore makes the folder at dir of an archive of a size. What is at dir already is an
// error, unless it is empty or replace is given; then it lies beside, at the path that is
// returned. Everything is checked before: killed at any moment, Restore leaves dir as it
// was or as it is to be, and perhaps a folder beside it that the next one removes.
func Restore(r io.ReaderAt, size int64, dir string, replace bool) (before string, err error) {
	pack, m, err := open(r, size)
	if err != nil {
		return "", err
	}
	there, err := occupied(dir)
	if err != nil {
		return "", err
	}
	if there && !replace {
		return "", &ExistsError{}
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", fmt.Errorf("restore: %w", plain(err))
	}
	fresh := dir + ".restoring"
	if err := os.RemoveAll(fresh); err != nil { // of one that was killed
		return "", fmt.Errorf("restore: %w", plain(err))
	}
	if err := m.extract(pack, fresh); err != nil {
		return "", errors.Join(err, plain(os.RemoveAll(fresh)))
	}
	return swap(fresh, dir, there)
}

// swap puts a folder in the place of another at once, which lies beside it then.
func swap(fresh, dir string, there bool) (before string, err error) {
	if !there {
		_ = os.Remove(dir) // an empty folder
		err = os.Rename(fresh, dir)
	} else {
		before = dir + time.Now().UTC().Format(".before-20060102T150405")
		if err = exchange(fresh, dir); err == nil {
			err = os.Rename(fresh, before)
		}
	}
	if err == nil {
		err = durable.SyncDir(filepath.Dir(dir))
	}
	if err != nil {
		return before, fmt.Errorf("restore: %w", plain(err))
	}
	return before, nil
}

func occupied(dir string) (bool, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("restore: %w", plain(err))
	}
	return len(list) > 0, nil
}

// open reads the manifest of an archive and judges it.
func open(r io.ReaderAt, size int64) (*zip.Reader, *manifest, error) {
	pack, err := zip.NewReader(r, size)
	if err != nil {
		return nil, nil, &DamagedError{"it has no directory, as one that was cut off"}
	}
	if len(pack.File) == 0 || pack.File[len(pack.File)-1].Name != manifestName || pack.File[len(pack.File)-1].UncompressedSize64 > maxManifest {
		return nil, nil, &DamagedError{"it has no manifest"}
	}
	text, err := content(pack.File[len(pack.File)-1])
	if err != nil {
		return nil, nil, err
	}
	var version struct {
		Version int `json:"iris_backup"`
	}
	if json.Unmarshal(text, &version) != nil || version.Version < 1 {
		return nil, nil, &DamagedError{"its manifest cannot be read"}
	}
	if version.Version > Version {
		return nil, nil, &NewerError{version.Version}
	}
	m := &manifest{}
	if json.Unmarshal(text, m) != nil {
		return nil, nil, &DamagedError{"its manifest cannot be read"}
	}
	return pack, m, m.judge(len(pack.File) - 1)
}

func content(f *zip.File) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, &DamagedError{"its manifest cannot be read"}
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxManifest))
	if err != nil {
		return nil, &DamagedError{"its manifest cannot be read"}
	}
	return text, nil
}

// judge refuses names that are no plain paths within the folder, twice there, or below
// what is no folder.
func (m *manifest) judge(contents int) error {
	if len(m.Entries) > maxEntries {
		return &DamagedError{"it names too many files"}
	}
	folders, files := map[string]bool{".": true}, map[string]bool{}
	for _, e := range m.Entries {
		if !fs.ValidPath(e.Name) || e.Name == "." || strings.ContainsAny(e.Name, "\x00\\") && filepath.Separator == '\\' || strings.Contains(e.Name, "\x00") || left(e.Name) {
			return &DamagedError{"a name in it is not one of a state folder"}
		}
		if folders[e.Name] || files[e.Name] || !folders[path.Dir(e.Name)] {
			return &DamagedError{"a name in it is there twice, or has no folder"}
		}
		if e.Bytes < 0 || e.Mode > 0o777 {
			return &DamagedError{"its manifest cannot be read"}
		}
		for name := range e.Attributes {
			if !ours(name) {
				return &DamagedError{"a file in it has an attribute of the system"}
			}
		}
		if e.Dir {
			folders[e.Name] = true
		} else {
			files[e.Name] = true
		}
	}
	if len(files) != contents || !files[storeFile] {
		return &DamagedError{"files of it are missing"}
	}
	return nil
}

// extract writes the files into a new folder and waits for the disk.
func (m *manifest) extract(pack *zip.Reader, dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("restore: %w", plain(err))
	}
	root, err := os.OpenRoot(dir) // whatever a name says, nothing is written outside
	if err != nil {
		return fmt.Errorf("restore: %w", plain(err))
	}
	defer root.Close()
	next := 0
	for i, e := range m.Entries {
		if e.Dir {
			err = root.Mkdir(e.Name, 0o700)
		} else {
			f := pack.File[next]
			next++
			if f.Name != number(i) || f.Method != zip.Store || f.UncompressedSize64 != uint64(e.Bytes) || e.Bytes > math.MaxInt64-1 {
				return &DamagedError{"its files and its manifest do not agree"}
			}
			err = e.write(root, f)
		}
		if err != nil {
			return restoring(err)
		}
	}
	// Folders get their times last, when nothing is put into them any more.
	for i := len(m.Entries) - 1; i >= 0; i-- {
		if err := m.Entries[i].dress(dir); err != nil {
			return restoring(err)
		}
	}
	return nil
}

func restoring(err error) error {
	var damaged *DamagedError
	if errors.As(err, &damaged) {
		return damaged
	}
	return fmt.Errorf("restore: %w", plain(err))
}

func (e *entry) write(root *os.Root, f *zip.File) (err error) {
	in, err := f.Open()
	if err != nil {
		return &DamagedError{"a file in it cannot be read"}
	}
	defer in.Close()
	out, err := root.OpenFile(e.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(in, e.Bytes+1))
	if errors.Is(err, zip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || err == nil && (n != e.Bytes || hex.EncodeToString(sum.Sum(nil)) != e.SHA256) {
		err = &DamagedError{"a file in it is not as it was written"}
	}
	return errors.Join(err, out.Sync(), out.Close())
}

// dress gives a file its attributes, mode and time.
func (e *entry) dress(dir string) error {
	whole := filepath.Join(dir, filepath.FromSlash(e.Name))
	for name, value := range e.Attributes {
		if err := unix.Lsetxattr(whole, name, value, 0); err != nil {
			return fmt.Errorf("the file system keeps no extended attributes, which the objects' have: %w", err)
		}
	}
	if err := os.Chmod(whole, os.FileMode(e.Mode)); err != nil {
		return err
	}
	at := time.Unix(0, e.ModifiedNS)
	if err := os.Chtimes(whole, at, at); err != nil {
		return err
	}
	if e.Dir {
		return durable.SyncDir(whole)
	}
	return nil
}
