// Package archive reads .zip and .tar.gz in place. In: an io.ReaderAt. Out:
// drop.Files. It unpacks nothing to disk, and neither uses nor shows the name of an
// entry as a path. A link is the file that it leads to, or dangling when the archive
// does not hold that file. Folders, devices and the like are left out.
//
// The limits of package volume (entries, expanded bytes, ratio) are applied to the
// sizes that an archive announces, and again to the bytes that are read. Faults are
// *volume.Error: bad_archive, archive_too_large, unsafe_archive,
// encrypted_archive, unsupported_archive. Errors of the io.ReaderAt itself come
// back as they are.
package archive

import (
	"errors"
	"io"

	"github.com/iris-oculus/iris/internal/volume"
)

// source remembers the errors of the storage below a decoder, so that they are
// not taken for faults of the archive.
type source struct {
	r   io.ReaderAt
	err error
}

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 { // a damaged archive states wrong offsets
		return 0, io.ErrUnexpectedEOF
	}
	n, err := s.r.ReadAt(p, off)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// fault turns an error of a decoder into the package's own. Errors of storage and of
// limits stay as they are, and any other means that the archive is damaged.
func (s *source) fault(err error) error {
	if named := (*volume.Error)(nil); err == nil || errors.As(err, &named) {
		return err
	}
	if s.err != nil {
		return s.err
	}
	return volume.Reject("bad_archive", "the archive is damaged or was cut short: pack and send it again")
}

// meter counts what one walk expands.
type meter struct {
	left  int64 // bytes that may still come
	total int64
}

// newMeter allows what an archive of packed bytes may expand to.
func newMeter(packed int64) *meter {
	allowed := max(volume.RatioFloor, min(packed, volume.MaxExpandedBytes/volume.MaxRatio)*volume.MaxRatio)
	return &meter{left: allowed, total: allowed}
}

func (m *meter) take(n int) error {
	if m.left -= int64(n); m.left < 0 {
		return tooLarge(m.total)
	}
	return nil
}

func tooLarge(limit int64) error {
	return volume.Reject("archive_too_large", "the archive expands to more than %d MiB: at most %d times its size and %d GiB are read",
		limit>>20, volume.MaxRatio, int64(volume.MaxExpandedBytes)>>30)
}

func tooMany() error {
	return volume.Reject("archive_too_large", "the archive holds more than %d entries", volume.MaxEntries)
}
