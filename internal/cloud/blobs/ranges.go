package blobs

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

const (
	blockBytes = 8 << 20 // one ranged read
	firstBytes = 4 << 10 // the first ranged read, if no more is asked for
	maxBlocks  = 3       // blocks held: an archive is read nearly in order, its directory apart
)

// ReaderAt reads an object by ranges of 8 MiB, the last few of which it keeps. The first
// read fetches only the bytes that it asks for, and at least firstBytes, so that looking
// at a file's magic number costs little. Every range asks for the same ETag: the error
// is job.ErrReplaced if the object was replaced meanwhile, and job.ErrNotFound if it was
// deleted.
func (b *Bucket) ReaderAt(ctx context.Context, key string) (io.ReaderAt, job.Object, error) {
	object, err := b.Head(ctx, key)
	if err != nil {
		return nil, job.Object{}, err
	}
	fetch := func(off, n int64) ([]byte, error) {
		rng := fmt.Sprintf("bytes=%d-%d", off, off+n-1)
		out, err := b.client.GetObject(ctx, &s3.GetObjectInput{
			Bucket: &b.name, Key: &key, Range: &rng, IfMatch: quoted(object.ETag),
		})
		if err != nil {
			return nil, fault.Name("get range", err)
		}
		defer out.Body.Close()
		block := make([]byte, n)
		if _, err := io.ReadFull(out.Body, block); err != nil {
			return nil, &job.BusyError{Message: "get range: the answer broke off"}
		}
		return block, nil
	}
	return &blockReader{size: object.Size, fetch: fetch}, object, nil
}

// blockReader is an io.ReaderAt that keeps fetched blocks and drops the least recently
// used one first.
type blockReader struct {
	size  int64
	fetch func(off, n int64) ([]byte, error)

	mu      sync.Mutex
	first   []byte // the object's bytes from firstAt, as the first read asked for them
	firstAt int64
	blocks  []block // most recently used last
}

type block struct {
	index int64
	data  []byte
}

func (r *blockReader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read range: negative offset")
	}
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= r.size {
			return n, io.EOF
		}
		data, err := r.at(at, len(p)-n)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], data)
	}
	return n, nil
}

// at is some of the object's bytes from an offset on, at least one.
func (r *blockReader) at(off int64, want int) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == nil && int64(want) < blockBytes {
		data, err := r.fetch(off, min(max(int64(want), firstBytes), r.size-off))
		if err != nil {
			return nil, err
		}
		r.first, r.firstAt = data, off
	}
	if skip := off - r.firstAt; skip >= 0 && skip < int64(len(r.first)) {
		return r.first[skip:], nil
	}
	data, err := r.block(off / blockBytes)
	if err != nil {
		return nil, err
	}
	return data[off%blockBytes:], nil
}

func (r *blockReader) block(index int64) ([]byte, error) {
	for i, held := range r.blocks {
		if held.index == index {
			copy(r.blocks[i:], r.blocks[i+1:])
			r.blocks[len(r.blocks)-1] = held
			return held.data, nil
		}
	}
	off := index * blockBytes
	data, err := r.fetch(off, min(blockBytes, r.size-off))
	if err != nil {
		return nil, err
	}
	if len(r.blocks) == maxBlocks {
		r.blocks = append(r.blocks[:0], r.blocks[1:]...)
	}
	r.blocks = append(r.blocks, block{index, data})
	return data, nil
}

// counter counts and digests what is written through it.
type counter struct {
	hash hash.Hash
	n    int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.hash.Write(p)
}
