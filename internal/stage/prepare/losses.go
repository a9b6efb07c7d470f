package prepare

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/iris-oculus/iris/internal/job"
)

func errReplaced() error {
	return job.Reject("upload_replaced", "another file was uploaded under the same name: that one has a job of its own")
}

func errMissing() error {
	return job.Reject("missing_upload", "the uploaded file is no longer there")
}

// losses keeps the first error of the store while an upload is read. The reader of a
// format may take such an error for the end of the file and call the scan truncated, so
// the store's error takes precedence.
type losses struct {
	mu    sync.Mutex
	first error
}

func (l *losses) note(err error) {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == nil {
		l.first = err
	}
}

// blame is the error of a stage whose reading ended with err. It is the store's error, if
// there was one, in the named form for the scan's owner.
func (l *losses) blame(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil || l.first == nil:
		return err
	case errors.Is(l.first, job.ErrReplaced):
		return errReplaced()
	case errors.Is(l.first, job.ErrNotFound):
		return errMissing()
	}
	return l.first
}

// watch has every read of the source's bytes noted.
func (s *Source) watch(l *losses) {
	if s.File != nil {
		s.File = &watchedFile{s.File, l}
	}
	if o, ok := s.Folder.(*objects); ok {
		o.lost = l
	}
}

type watchedFile struct {
	io.ReaderAt
	lost *losses
}

func (f *watchedFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(p, off)
	f.lost.note(err)
	return n, err
}

type watchedBody struct {
	io.ReadCloser
	lost *losses
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.lost.note(err)
	return n, err
}
