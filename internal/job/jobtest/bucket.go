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
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing/iotest"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Bucket holds objects in memory. The zero value is an empty bucket named
// "bucket". It is held to the same conformance suite as cloud/blobs (storetest).
type Bucket struct {
	// Now dates objects; nil leaves them undated.
	Now func() time.Time
	// Before runs before every call and every read of a ReaderAt, with the call's
	// name and the key or prefix. Its error is the call's.
	Before func(call, key string) error
	// Short ends every body and range in its middle, as a lost connection does.
	Short bool
	// Aborted are the uploads that AbortParts was asked to end, as "key upload".
	Aborted []string
	// Begun are the keys of uploads that are not complete, for AbortBelow.
	Begun []string

	mu        sync.Mutex
	order     []string // keys as Put was asked for them
	objects   map[string][]byte
	etags     map[string]string
	metadata  map[string]map[string]string
	modified  map[string]time.Time
	encodings map[string]string
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
		b.etags = map[string]string{}
		b.objects, b.metadata, b.modified = map[string][]byte{}, map[string]map[string]string{}, map[string]time.Time{}
	}
	sum := md5.Sum(body)
	b.objects[key], b.metadata[key], b.etags[key] = body, metadata, hex.EncodeToString(sum[:])
	if b.Now != nil {
		b.modified[key] = b.Now()
	}
	return b.object(key)
}

func (b *Bucket) before(call, key string) error {
	if b.Before == nil {
		return nil
	}
	return b.Before(call, key)
}

func (b *Bucket) object(key string) job.Object {
	return job.Object{Key: key, Size: int64(len(b.objects[key])), ETag: b.etags[key], Modified: b.modified[key], Metadata: b.metadata[key]}
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

// Contents are all objects by their keys.
func (b *Bucket) Contents() map[string][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.objects)
}

// Order lists the keys that were put, as they came; one put twice is there twice.
func (b *Bucket) Order() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.order)
}

// Head says what is known of an object.
func (b *Bucket) Head(_ context.Context, key string) (job.Object, error) {
	if err := b.before("Head", key); err != nil {
		return job.Object{}, err
	}
	o, _, err := b.look("head object", key)
	return o, err
}

// look is an object and its content at one moment.
func (b *Bucket) look(doing, key string) (job.Object, []byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.objects[key]; !ok {
		return job.Object{}, nil, fmt.Errorf("%s: %w", doing, job.ErrNotFound)
	}
	return b.object(key), b.objects[key], nil
}

// Get streams an object.
func (b *Bucket) Get(_ context.Context, key string) (io.ReadCloser, error) {
	if err := b.before("Get", key); err != nil {
		return nil, err
	}
	_, text, err := b.look("get object", key)
	if err != nil {
		return nil, err
	}
	return b.body(text), nil
}

// GetIf streams an object that still has this ETag.
func (b *Bucket) GetIf(_ context.Context, key, etag string) (io.ReadCloser, error) {
	if err := b.before("GetIf", key); err != nil {
		return nil, err
	}
	o, text, err := b.look("get object", key)
	if err == nil && o.ETag != etag {
		err = fmt.Errorf("get object: %w", job.ErrReplaced)
	}
	if err != nil {
		return nil, err
	}
	return b.body(text), nil
}

func (b *Bucket) body(text []byte) io.ReadCloser {
	if !b.Short {
		return io.NopCloser(bytes.NewReader(text))
	}
	half := bytes.NewReader(text[:len(text)/2])
	return io.NopCloser(io.MultiReader(half, iotest.ErrReader(brokeOff)))
}

var brokeOff = &job.BusyError{Message: "get object: the connection was lost"}

// ReaderAt reads an object anywhere, for as long as it stays the same.
func (b *Bucket) ReaderAt(ctx context.Context, key string) (io.ReaderAt, job.Object, error) {
	o, err := b.Head(ctx, key)
	if err != nil {
		return nil, job.Object{}, err
	}
	return reader{b, o}, o, nil
}

type reader struct {
	b *Bucket
	o job.Object
}

func (r reader) ReadAt(p []byte, off int64) (int, error) {
	if err := r.b.before("ReadAt", r.o.Key); err != nil {
		return 0, err
	}
	o, text, err := r.b.look("get range", r.o.Key)
	switch {
	case err != nil:
		return 0, err
	case o.ETag != r.o.ETag:
		return 0, fmt.Errorf("get range: %w", job.ErrReplaced)
	case r.b.Short:
		return 0, brokeOff
	}
	return bytes.NewReader(text).ReadAt(p, off)
}

// Put stores what body yields, or nothing when it breaks off.
func (b *Bucket) Put(_ context.Context, key, mediaType string, body io.Reader) (job.Artifact, error) {
	if err := b.before("Put", key); err != nil {
		return job.Artifact{}, err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return job.Artifact{}, fmt.Errorf("put object: %w", err)
	}
	b.Set(key, text, nil)
	b.mu.Lock()
	b.order = append(b.order, key)
	b.mu.Unlock()
	sum := sha256.Sum256(text)
	return job.Artifact{Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), MediaType: mediaType}, nil
}

// PutEncoded is Put; Encoding says with which Content-Encoding an object was stored.
func (b *Bucket) PutEncoded(ctx context.Context, key, mediaType, encoding string, body io.Reader) (job.Artifact, error) {
	a, err := b.Put(ctx, key, mediaType, body)
	if err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.encodings == nil {
			b.encodings = map[string]string{}
		}
		b.encodings[key] = encoding
	}
	return a, err
}

// Encoding is the Content-Encoding of an object, empty when it has none.
func (b *Bucket) Encoding(key string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.encodings[key]
}

// List yields the objects below a prefix, in key order.
func (b *Bucket) List(_ context.Context, prefix string) iter.Seq2[job.Object, error] {
	return func(yield func(job.Object, error) bool) {
		if err := b.before("List", prefix); err != nil {
			yield(job.Object{}, err)
			return
		}
		for _, key := range b.Keys() {
			if strings.HasPrefix(key, prefix) {
				if o, _, err := b.look("list objects", key); err == nil && !yield(o, nil) {
					return
				}
			}
		}
	}
}

// Delete removes an object; removing what is not there is no error.
func (b *Bucket) Delete(_ context.Context, key string) error {
	if err := b.before("Delete", key); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, key)
	return nil
}

// DeleteIf removes an object that still has this ETag; another stays: job.ErrReplaced.
func (b *Bucket) DeleteIf(_ context.Context, key, etag string) error {
	if err := b.before("DeleteIf", key); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.objects[key]; ok && b.object(key).ETag != etag {
		return fmt.Errorf("delete object: %w", job.ErrReplaced)
	}
	delete(b.objects, key)
	return nil
}

// AbortParts notes that an upload was ended; the bucket holds no parts.
func (b *Bucket) AbortParts(_ context.Context, key, upload string) error {
	if err := b.before("AbortParts", key); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Aborted = append(b.Aborted, key+" "+upload)
	return nil
}
