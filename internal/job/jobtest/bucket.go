package jobtest

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Bucket holds objects in memory. The zero value is an empty bucket named "bucket".
type Bucket struct {
	// Now dates objects; nil leaves them undated.
	Now func() time.Time

	mu       sync.Mutex
	objects  map[string][]byte
	metadata map[string]map[string]string
	modified map[string]time.Time
}

// Name is the bucket's name.
func (b *Bucket) Name() string { return "bucket" }

// URI is the address of a key.
func (b *Bucket) URI(key string) string { return "s3://bucket/" + key }

// KeyOf is the key of an address.
func (b *Bucket) KeyOf(uri string) (string, bool) { return strings.CutPrefix(uri, "s3://bucket/") }

// Set stores an object with metadata.
func (b *Bucket) Set(key string, body []byte, metadata map[string]string) job.Object {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.objects == nil {
		b.objects, b.metadata, b.modified = map[string][]byte{}, map[string]map[string]string{}, map[string]time.Time{}
	}
	b.objects[key], b.metadata[key] = body, metadata
	if b.Now != nil {
		b.modified[key] = b.Now()
	}
	return b.object(key)
}

func (b *Bucket) object(key string) job.Object {
	sum := md5.Sum(b.objects[key])
	return job.Object{Key: key, Size: int64(len(b.objects[key])), ETag: hex.EncodeToString(sum[:]), Modified: b.modified[key], Metadata: b.metadata[key]}
}

// Bytes is an object's content, nil when it is not there.
func (b *Bucket) Bytes(key string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.objects[key]
}

// Keys lists the keys, sorted.
func (b *Bucket) Keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	keys := make([]string, 0, len(b.objects))
	for key := range b.objects {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// Head says what is known of an object.
func (b *Bucket) Head(_ context.Context, key string) (job.Object, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.objects[key]; !ok {
		return job.Object{}, fmt.Errorf("head object: %w", job.ErrNotFound)
	}
	return b.object(key), nil
}

// Get streams an object.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if _, err := b.Head(ctx, key); err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(b.Bytes(key))), nil
}

// GetIf streams an object that still has this ETag.
func (b *Bucket) GetIf(ctx context.Context, key, etag string) (io.ReadCloser, error) {
	o, err := b.Head(ctx, key)
	if err == nil && o.ETag != etag {
		err = fmt.Errorf("get object: %w", job.ErrReplaced)
	}
	if err != nil {
		return nil, err
	}
	return b.Get(ctx, key)
}

// ReaderAt reads an object anywhere.
func (b *Bucket) ReaderAt(ctx context.Context, key string) (io.ReaderAt, job.Object, error) {
	o, err := b.Head(ctx, key)
	return bytes.NewReader(b.Bytes(key)), o, err
}

// Put stores what body yields.
func (b *Bucket) Put(_ context.Context, key, mediaType string, body io.Reader) (job.Artifact, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return job.Artifact{}, err
	}
	b.Set(key, text, nil)
	sum := sha256.Sum256(text)
	return job.Artifact{Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), MediaType: mediaType}, nil
}

// List yields the objects below a prefix, in key order.
func (b *Bucket) List(_ context.Context, prefix string) iter.Seq2[job.Object, error] {
	return func(yield func(job.Object, error) bool) {
		for _, key := range b.Keys() {
			if strings.HasPrefix(key, prefix) {
				b.mu.Lock()
				o := b.object(key)
				b.mu.Unlock()
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}

// Delete removes an object.
func (b *Bucket) Delete(_ context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, key)
	return nil
}

// DeleteIf removes an object that still has this ETag; another stays: job.ErrReplaced.
func (b *Bucket) DeleteIf(_ context.Context, key, etag string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.objects[key]; ok && b.object(key).ETag != etag {
		return fmt.Errorf("delete object: %w", job.ErrReplaced)
	}
	delete(b.objects, key)
	return nil
}

// DeletePrefix removes every object below a prefix.
func (b *Bucket) DeletePrefix(ctx context.Context, prefix string) error {
	for _, key := range b.Keys() {
		if strings.HasPrefix(key, prefix) {
			if err := b.Delete(ctx, key); err != nil {
				return err
			}
		}
	}
	return nil
}
