package job

import (
	"errors"
	"fmt"
	"io"
)

// Stream stores what write writes, while it is written: put reads to the end.
// An error of write reaches put as a broken body, so that half an object is
// never stored, and comes back as it is; when put gives up early, write ends
// with io.ErrClosedPipe and put's error comes back.
func Stream(put func(io.Reader) (Artifact, error), write func(io.Writer) error) (Artifact, error) {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(w)
		w.CloseWithError(err)
		written <- err
	}()
	a, err := put(r)
	r.CloseWithError(io.ErrClosedPipe)
	if fault := <-written; fault != nil && !errors.Is(fault, io.ErrClosedPipe) {
		return Artifact{}, fault
	}
	return a, err
}

// CheckMemory refuses a grid whose meshing needs more bytes than there are;
// have 0 is no limit.
func CheckMemory(dims [3]int, need, have int64) error {
	if have <= 0 || need <= have {
		return nil
	}
	return &UnsupportedError{Code: "too_large_to_mesh", Message: fmt.Sprintf(
		"a scan of %d × %d × %d voxels needs up to %d MB to become a model, and there are %d MB: choose fewer structures, send a part of the scan, or let the operator raise StageMemory (iris mesh: GOMEMLIMIT)",
		dims[0], dims[1], dims[2], (need+1<<20-1)>>20, have>>20)}
}
