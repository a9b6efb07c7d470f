package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// leastBytes is the size of a database without records: four pages of 4 KiB, the
// smallest page that any of our machines has.
const leastBytes = 4 * 4096

// verify reads the whole file, without changing it, and refuses one that is not as
// it was written or has a version that this program does not know.
func verify(path string) error {
	file := filepath.Base(path)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() < leastBytes {
		return &DamagedError{file, fmt.Sprintf("it has %d bytes, at least %d are missing", info.Size(), leastBytes-info.Size())}
	}
	version, err := readAll(path, info.Size())
	var system *os.PathError
	switch {
	case errors.As(err, &system):
		return err
	case errors.Is(err, bbolterrors.ErrTimeout):
		return inUse(err)
	case err != nil:
		return &DamagedError{file, err.Error()}
	case version > Version:
		return &NewerError{file, version}
	case version < 1:
		return &DamagedError{file, "it has no version"}
	}
	return nil
}

// readAll checks every page in use and every record, and returns the version.
func readAll(path string, size int64) (version int, err error) {
	// Held open, this keeps processes that write to the file away.
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p := &pages{file: f, size: int64(db.Info().PageSize), used: map[uint64]bool{0: true, 1: true}, record: func(bucket, key string, value []byte) error {
		record, err := checked(bucket, key, value)
		if err == nil && bucket == metaBucket && key == versionKey {
			err = json.Unmarshal(record, &version)
		}
		return err
	}}
	root, err := p.root(size)
	if err != nil {
		return 0, err
	}
	return version, p.walk(root, "", nil, nil)
}

// checked compares a value with its checksum and returns the record.
func checked(bucket, key string, value []byte) ([]byte, error) {
	if len(value) < sumBytes {
		return nil, errors.New("it is cut short")
	}
	record := value[sumBytes:]
	if binary.BigEndian.Uint32(value) != checksum(bucket, key, record) {
		return nil, errors.New("its checksum is wrong")
	}
	return record, nil
}
