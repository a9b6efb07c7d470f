//go:build !windows

// Package backup copies the state folder of a stack on one machine into one file, and
// makes a folder of such a file. In: a folder that nobody writes to for a moment (Hold), a
// writer. Out: a zip whose entries are numbers; its last, the manifest, names each file
// with its attributes, time and SHA-256. No name of an archive is used as a path before it
// was judged, and nothing is at the folder's place before everything was checked.
//
// Errors: *DamagedError, *NewerError, *ExistsError, and those of the operating system.
package backup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Version is the version of the archive's form.
const Version = 1

// The parts of a state folder that are made anew at each start, and what a crash left.
var passing = map[string]bool{"run": true, "lock": true, "logs": true, "ready.json": true}

const heldPrefix = "backup-"

// storeFile is the file that is not copied: who holds the store writes it.
const storeFile = "store.db"

// entry is a file or a folder of the state.
type entry struct {
	Name       string            `json:"name"` // with slashes, below the state folder
	Dir        bool              `json:"dir,omitempty"`
	Mode       uint32            `json:"mode"`
	ModifiedNS int64             `json:"modified_ns"` // announcements of uploads are told apart by it
	Attributes map[string][]byte `json:"attributes,omitempty"`
	Bytes      int64             `json:"bytes,omitempty"`
	SHA256     string            `json:"sha256,omitempty"`

	held string // where its content lies
}

// Held is a state at one moment: links to its files, and copies of those that are written
// in place. The state itself may go on.
type Held struct {
	folder  string
	entries []entry
}

// Hold takes the state of a folder. Nothing may write to it meanwhile. Store writes the
// store's file; nil copies it, where nobody has it open.
func Hold(root string, store func(io.Writer) error) (_ *Held, err error) {
	h := &Held{}
	if h.folder, err = os.MkdirTemp(root, heldPrefix); err != nil {
		return nil, fmt.Errorf("hold the state: %w", plain(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("hold the state: %w", plain(err)), h.Close())
		}
	}()
	err = filepath.WalkDir(root, func(whole string, d fs.DirEntry, err error) error {
		if err != nil || whole == root {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(whole, root+string(filepath.Separator)))
		if left(name) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.IsDir() && !d.Type().IsRegular() {
			return fmt.Errorf("the state folder holds what is neither a file nor a folder")
		}
		return h.take(whole, name, store)
	})
	return h, err
}

// left says what of a state folder is not kept.
func left(name string) bool {
	return passing[name] || strings.HasPrefix(name, heldPrefix) || strings.HasPrefix(path.Base(name), ".tmp-") && !strings.HasPrefix(name, "s3/")
}

// changing says of which files bytes are written in place.
func changing(name string) bool {
	return strings.HasPrefix(name, "dynamodb/") || strings.HasPrefix(name, "s3/attributes/") || name == "s3/lock"
}

func (h *Held) take(whole, name string, store func(io.Writer) error) error {
	if !utf8.ValidString(name) {
		return errors.New("the name of a file is no text")
	}
	info, err := os.Lstat(whole)
	if err != nil {
		return err
	}
	e := entry{Name: name, Dir: info.IsDir(), Mode: uint32(info.Mode().Perm()), ModifiedNS: info.ModTime().UnixNano()}
	if e.Attributes, err = attributes(whole); err != nil {
		return err
	}
	if !e.Dir {
		e.held = filepath.Join(h.folder, fmt.Sprintf("%08d", len(h.entries)))
		switch {
		case name == storeFile && store != nil:
			err = written(e.held, store)
		case name == storeFile || changing(name):
			err = copied(e.held, whole)
		default:
			if err = os.Link(whole, e.held); err != nil { // a file system without links
				err = copied(e.held, whole)
			}
		}
	}
	h.entries = append(h.entries, e)
	return err
}

func copied(to, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return written(to, func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	})
}

func written(to string, write func(io.Writer) error) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// Close lets the state go.
func (h *Held) Close() error { return plain(os.RemoveAll(h.folder)) }

// Tidy removes what a backup left that was killed.
func Tidy(root string) error {
	old, err := filepath.Glob(filepath.Join(root, heldPrefix+"*"))
	for _, folder := range old {
		err = errors.Join(err, os.RemoveAll(folder))
	}
	return plain(err)
}

// maxAttributes bounds the attributes of one file; file systems have less.
const maxAttributes = 1 << 20

// attributes are the extended attributes of users; S3 keeps what it says of objects there.
func attributes(path string) (map[string][]byte, error) {
	list := make([]byte, maxAttributes)
	n, err := unix.Llistxattr(path, list)
	if errors.Is(err, unix.ENOTSUP) || err == nil && n == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	found := map[string][]byte{}
	value := make([]byte, maxAttributes)
	for _, name := range strings.Split(strings.TrimSuffix(string(list[:n]), "\x00"), "\x00") {
		if !ours(name) {
			continue
		}
		m, err := unix.Lgetxattr(path, name, value)
		if err != nil {
			return nil, err
		}
		found[name] = append([]byte{}, value[:m]...)
	}
	return found, nil
}

// ours are attributes that programs give; systems have theirs (security.selinux).
func ours(name string) bool { return strings.HasPrefix(name, "user.") }

// plain drops the path, which may hold the name of an upload, from an error of the system.
func plain(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}
