// Package store is the one file in which the stack on one machine keeps what must
// survive kill -9 and a power cut: queues, executions, requests, due times. Objects
// and the job table have files of their own.
//
// In: batches of changes to JSON records, which are named by a bucket and a key.
// Out: a batch is on the disk, whole, when Write returns nil; batches that come
// while another is written share the next write. What is deleted is overwritten a
// moment later. The file is a bbolt database.
//
// Errors: *NewerError for a file of a later version, *DamagedError for a file that
// was cut short or changed by something else (it is left as it is), ErrClosed,
// ErrGone, and those of the operating system (a full disk is syscall.ENOSPC); after
// a full disk writing goes on once there is room.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/iris-oculus/iris/internal/local/durable"
)

// Version is the version of the file's layout: of its buckets, keys and records.
const Version = 1

// The bucket and key under which the file keeps its version.
const (
	metaBucket = "meta"
	versionKey = "version"
)

// laterWithin bounds how long a change of Later may wait for the next Write.
const laterWithin = 100 * time.Millisecond

// lockTimeout is how long Open waits for a process that is just ending. Tests
// shorten it.
var lockTimeout = 5 * time.Second

// Errors of a store; they are wrapped.
var (
	ErrClosed = errors.New("the store is closed")
	ErrGone   = errors.New("the store's file was removed or replaced while it was in use")
)

// NewerError refuses a file that a later version of this program has written.
type NewerError struct {
	File    string
	Version int
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("state_newer: %s has version %d, this program knows versions up to %d: use the program that wrote it, or another state folder", e.File, e.Version, Version)
}

// DamagedError refuses a file that is not as it was written. Nothing was changed.
type DamagedError struct {
	File   string
	Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("state_damaged: %s is damaged (%s) and was left as it is: restore it from a copy, or use another state folder", e.File, e.Reason)
}

// Store is an open file. Make one with Open. Any number of goroutines may use it.
// A nil *Store keeps nothing: everything written to it is gone with the process.
type Store struct {
	path string
	file os.FileInfo // of the path when it was opened
	db   *bbolt.DB

	mu      sync.Mutex
	wake    *sync.Cond // something is urgent, or the store is closed
	waiting []*write   // in the order in which they came
	urgent  bool
	delayed bool // a timer will make it urgent
	quiet   bool // nothing was written for a moment
	closed  bool
	ended   chan struct{}

	// The writing goroutine alone uses these.
	broken     error
	scrubTimer *time.Timer
}

// Open opens the file, or makes one that fill has filled: a crash meanwhile
// leaves no file, and the next Open begins again. Its folder must be there.
func Open(path string, fill func(*Store) error) (*Store, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = create(path, fill)
	}
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := verify(path); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s, err := open(path, false)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return s, nil
}

// Frozen calls while when no batch is being written, and none is until it returns. Write
// writes the file as it is then.
func (s *Store) Frozen(while func(write func(io.Writer) error) error) error {
	stop, err := s.db.Begin(true)
	if err != nil {
		return fmt.Errorf("hold the store: %w", plain(err))
	}
	defer func() { _ = stop.Rollback() }()
	return while(func(w io.Writer) error {
		return s.db.View(func(tx *bbolt.Tx) error {
			_, err := tx.WriteTo(w)
			return err
		})
	})
}

// create makes the file under another name and renames it once it is whole.
func create(path string, fill func(*Store) error) error {
	unfinished := path + ".unfinished"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s, err := open(unfinished, true)
	if err != nil {
		return err
	}
	b := &Batch{}
	b.Put(metaBucket, versionKey, Version)
	err = s.Write(b)
	if err == nil && fill != nil {
		err = fill(s)
	}
	if err == nil {
		err = s.db.Sync()
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// open opens a file that was verified, or makes one. Without sync nothing is on
// the disk before the file is synced as a whole.
func open(path string, noSync bool) (*Store, error) {
	// The list of free pages is made anew at each start: one on the disk would
	// have no checksum, and be written with every change.
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, NoSync: noSync, NoFreelistSync: true})
	if err != nil {
		return nil, inUse(err)
	}
	file, err := os.Stat(path)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := &Store{path: path, file: file, db: db, ended: make(chan struct{})}
	s.wake = sync.NewCond(&s.mu)
	s.quiet = true // what a process that was killed has deleted is overwritten
	go s.run()
	return s, nil
}

func inUse(err error) error {
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return errors.New("another process uses the file")
	}
	return err
}

// Close writes what Later was given and closes the file.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	s.closed = true
	s.wake.Signal()
	s.mu.Unlock()
	<-s.ended
	return s.db.Close()
}

// Each visits the records of a bucket whose keys begin with prefix, in the order
// of their keys; a bucket that nobody wrote to has none. An error of visit ends it.
// The records are all read before the first visit, so visit may write to the store:
// within a reading transaction bbolt would wait for itself when the file grows.
func Each[T any](s *Store, bucket, prefix string, visit func(key string, record T) error) error {
	if s == nil {
		return nil
	}
	var keys []string
	var records []T
	err := s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
			var record T
			if err := s.decode(bucket, string(k), v, &record); err != nil {
				return err
			}
			keys, records = append(keys, string(k)), append(records, record)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for n, key := range keys {
		if err := visit(key, records[n]); err != nil {
			return err
		}
	}
	return nil
}

// Get reads one record; found is false when there is none.
func Get[T any](s *Store, bucket, key string) (record T, found bool, err error) {
	if s == nil {
		return record, false, nil
	}
	err = s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return nil
		}
		v := b.Get([]byte(key))
		if found = v != nil; !found {
			return nil
		}
		return s.decode(bucket, key, v, &record)
	})
	return record, found, err
}

// sumBytes is the length of the checksum before each record: CRC-32C of bucket,
// key and record. bbolt itself has none but for its two first pages.
const sumBytes = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(bucket, key string, record []byte) uint32 {
	sum := crc32.Update(0, castagnoli, []byte(bucket+"\x00"+key+"\x00"))
	return crc32.Update(sum, castagnoli, record)
}

// decode reads a record. Its key stays out of the error: keys may name people.
func (s *Store) decode(bucket, key string, value []byte, into any) error {
	record, err := checked(bucket, key, value)
	if err == nil {
		err = json.Unmarshal(record, into)
	}
	if err != nil {
		return &DamagedError{filepath.Base(s.path), fmt.Sprintf("a record of %s: %v", bucket, err)}
	}
	return nil
}
