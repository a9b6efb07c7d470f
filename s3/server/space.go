package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"time"

	"github.com/versity/versitygw/s3err"
)

// What stays free when objects are stored. Uploads, which begin jobs, leave more
// than what jobs store on their way; and that leaves enough for the records,
// queues and logs of jobs: a full disk stops new work first.
const (
	uploadReserve = 1 << 30
	workReserve   = 64 << 20
)

// reserve is scaled down on a disk that is small itself.
func (s *store) reserve(bucket string, disk int64) int64 {
	if s.announce[bucket] {
		return min(uploadReserve, disk/16)
	}
	return min(workReserve, disk/64)
}

// What jobs on their way store waits this long for room, so that they go on
// once somebody has made it; an upload is refused at once.
const (
	patience  = 10 * time.Minute
	lookEvery = 500 * time.Millisecond
)

// checkSpace refuses an object that does not fit on the disk, before a byte of it is
// written. A nil length is not known.
func (s *store) checkSpace(bucket string, body io.Reader, length *int64) error {
	for waited := time.Duration(0); ; waited += lookEvery {
		fits, err := s.fits(bucket, length)
		if err != nil || fits {
			return s.named(bucket, err)
		}
		if s.announce[bucket] || waited >= patience || !s.pause(lookEvery) {
			drain(body)
			return s3err.GetAPIError(s3err.ErrNoSpaceLeftOnDevice)
		}
	}
}

// pause waits, or says that the server closes.
func (s *store) pause(d time.Duration) bool {
	select {
	case <-s.closing:
		return false
	case <-time.After(d):
		return true
	}
}

func (s *store) fits(bucket string, length *int64) (bool, error) {
	available, disk, err := s.free(s.data)
	if err != nil {
		return false, fmt.Errorf("free space: %w", err)
	}
	need := s.reserve(bucket, disk)
	if length != nil {
		need += *length
	}
	return available >= need, nil
}

// named turns an error into one of S3's. A disk that filled up while an upload was
// written is InsufficientStorage. For a job's object it is SlowDown: SDKs send that
// again, and then checkSpace lets it wait. An object that could not be announced is
// SlowDown too. An error that S3 has no name for is logged without the path (keys may
// name people) and answered InternalError.
func (s *store) named(bucket string, err error) error {
	var known s3err.S3Error
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		errors.As(err, &known) && known.BaseError() == s3err.GetAPIError(s3err.ErrNoSpaceLeftOnDevice)
	switch {
	case full && s.announce[bucket]:
		return s3err.GetAPIError(s3err.ErrNoSpaceLeftOnDevice)
	case full:
		return s3err.GetAPIError(s3err.ErrSlowDown)
	case errors.Is(err, errNotAnnounced):
		s.log.Error("an upload is refused until its announcement is taken", "error", err)
		return s3err.GetAPIError(s3err.ErrSlowDown)
	case err == nil || errors.As(err, &known):
		return err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = fmt.Errorf("%s: %w", path.Op, path.Err)
	}
	s.log.Error("s3 could not store an object", "error", err)
	return s3err.GetAPIError(s3err.ErrInternalError)
}

// free says how many bytes an unprivileged process may still write below path, and how
// many the file system has.
func free(path string) (available, disk int64, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return 0, 0, err
	}
	size := int64(st.Bsize)
	return int64(st.Bavail) * size, int64(st.Blocks) * size, nil
}
