package job

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Stream stores the bytes that write writes, while it writes them. An error of write
// reaches put as an error of the body, so that put never stores half an object, and
// Stream returns it. If put gives up early, write gets io.ErrClosedPipe and Stream
// returns put's error.
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

// StorePacked stores a file of an attempt at a job that is in memory, as it is and packed
// by gzip. The artifact's size and digest are those of the file as it is.
func StorePacked(ctx context.Context, to interface {
	PutEncoded(ctx context.Context, key, mediaType, encoding string, body io.Reader) (Artifact, error)
}, id string, attempt int, name string, file, packed []byte) (Artifact, error) {
	const encoding = "gzip"
	stored, err := to.PutEncoded(ctx, Key(id, attempt, name), MediaType(name), encoding, bytes.NewReader(packed))
	if err != nil {
		return stored, fmt.Errorf("write %s: %w", name, err)
	}
	digest := sha256.Sum256(file)
	return Artifact{
		Name: name, Bytes: int64(len(file)), SHA256: hex.EncodeToString(digest[:]), MediaType: stored.MediaType,
		Encoding: encoding, StoredBytes: stored.Bytes,
	}, nil
}

// CheckMemory refuses a grid whose meshing needs more bytes than there are. With have 0
// there is no limit.
func CheckMemory(dims [3]int, need, have int64) error {
	if have <= 0 || need <= have {
		return nil
	}
	return &UnsupportedError{Code: "too_large_to_mesh", Message: fmt.Sprintf(
		"a scan of %d × %d × %d voxels needs up to %d MB to become a model, and there are %d MB: choose fewer structures, send a part of the scan, or let the operator raise StageMemory (iris mesh: GOMEMLIMIT)",
		dims[0], dims[1], dims[2], (need+1<<20-1)>>20, have>>20)}
}
