package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"

	"github.com/iris-oculus/iris/internal/local/gateway/s3"
)

// store is versitygw's file backend with three additions: room is left on the
// disk, what is acknowledged is on stable storage, and new objects in announced
// buckets are announced before they are acknowledged.
type store struct {
	*posix.Posix
	data     string // absolute: buckets are its folders
	sideCar  string // absolute, empty with extended attributes
	announce map[string]bool
	created  func(context.Context, s3.Created) error
	log      *slog.Logger
	free     func(path string) (available, disk int64, err error)
	closing  <-chan struct{}

	completing [64]sync.Mutex // by upload, see CompleteMultipartUpload

	mu   sync.Mutex
	last time.Time // the latest stamp; stamps only grow
}

func newStore(files *posix.Posix, cfg Config, sideCar string, closing <-chan struct{}) *store {
	s := &store{
		Posix: files, data: filepath.Join(cfg.Dir, "data"), sideCar: sideCar,
		announce: map[string]bool{}, created: cfg.ObjectCreated, log: cfg.Logger, free: free, closing: closing,
	}
	for _, b := range cfg.Buckets {
		s.announce[b.Name] = b.Announce
	}
	return s
}

// PutObject writes the bytes to stable storage before the object gets its name.
func (s *store) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	if err := checkKey(*in.Key); err != nil {
		drain(in.Body)
		return s3response.PutObjectOutput{}, err
	}
	if err := s.checkSpace(*in.Bucket, in.Body, in.ContentLength); err != nil {
		return s3response.PutObjectOutput{}, err
	}
	out, err := s.PutObjectWithPostFunc(ctx, in, (*os.File).Sync)
	if err != nil {
		return out, s.named(*in.Bucket, err)
	}
	return out, s.settle(ctx, *in.Bucket, *in.Key, "PutObject")
}

// UploadPart writes a part to stable storage before it is acknowledged: clients do not
// send it again.
func (s *store) UploadPart(ctx context.Context, in *awss3.UploadPartInput) (*awss3.UploadPartOutput, error) {
	if err := s.checkSpace(*in.Bucket, in.Body, in.ContentLength); err != nil {
		return nil, err
	}
	out, err := s.UploadPartWithPostFunc(ctx, in, (*os.File).Sync)
	if err != nil {
		return out, s.named(*in.Bucket, err)
	}
	return out, nil
}

// CreateMultipartUpload refuses a key at once, not after its parts were sent.
func (s *store) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (s3response.InitiateMultipartUploadResult, error) {
	if err := checkKey(*in.Key); err != nil {
		return s3response.InitiateMultipartUploadResult{}, err
	}
	return s.Posix.CreateMultipartUpload(ctx, in)
}

// maxName is the longest name of a file, in bytes.
const maxName = 255

// inner is the folder of a bucket in which versitygw keeps parts of uploads. What lies
// there is listed by nobody, so that an erasure would not find it.
const inner = ".sgwtmp"

// checkKey refuses keys that S3 takes and a file system cannot keep: the parts of a
// key between slashes become the names of folders and of a file. A key with a part that
// is empty or leads elsewhere (a//b, ./b, a/../b) would be the file of another key, and an
// erasure of the one would take the other's.
func checkKey(key string) error {
	parts := strings.Split(strings.TrimSuffix(key, "/"), "/")
	for n, part := range parts {
		if part == "" || part == "." || part == ".." || n == 0 && part == inner || strings.ContainsRune(part, 0) {
			return s3err.APIError{
				Code: "InvalidArgument", HTTPStatusCode: http.StatusBadRequest,
				Description: "On one machine no part of a key between slashes is empty, . or .., or holds a NUL, and the first is not " + inner + ".",
			}
		}
		if len(part) > maxName {
			return s3err.APIError{
				Code: "KeyTooLongError", HTTPStatusCode: http.StatusBadRequest,
				Description: fmt.Sprintf("On one machine each part of a key between slashes has at most %d bytes.", maxName),
			}
		}
	}
	return nil
}

// CopyObject announces the copy.
func (s *store) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	if err := checkKey(*in.Key); err != nil {
		return s3response.CopyObjectOutput{}, err
	}
	if err := s.checkSpace(*in.Bucket, nil, nil); err != nil {
		return s3response.CopyObjectOutput{}, err
	}
	out, err := s.Posix.CopyObject(ctx, in)
	if err != nil {
		return out, s.named(*in.Bucket, err)
	}
	return out, s.settle(ctx, *in.Bucket, *in.Key, "CopyObject")
}

// settle makes a written object durable and announces it, if its bucket wants that.
// It does neither for a folder marker, whose key ends in a slash.
func (s *store) settle(ctx context.Context, bucket, key, reason string) error {
	if strings.HasSuffix(key, "/") {
		return nil
	}
	var c s3.Created
	if s.announce[bucket] {
		var err error
		if c, err = s.stamp(ctx, bucket, key, reason); err != nil {
			return s.named(bucket, gone(err))
		}
	}
	if err := s.sync(bucket, key); err != nil {
		return s.named(bucket, gone(err))
	}
	if !s.announce[bucket] {
		return nil
	}
	return s.named(bucket, s.tell(ctx, c))
}

// gone drops the error of an object that was deleted while its upload was settled.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// stamp gives an object a modification time of its own, later than any before,
// so that its sequencer follows from the disk alone after a crash. Of two uploads to
// one key at the same time both may describe the later one.
func (s *store) stamp(ctx context.Context, bucket, key, reason string) (s3.Created, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Now()
	if !at.After(s.last) {
		at = s.last.Add(time.Nanosecond)
	}
	s.last = at
	path := filepath.Join(s.data, bucket, key)
	if err := os.Chtimes(path, at, at); err != nil {
		return s3.Created{}, fmt.Errorf("stamp object: %w", err)
	}
	info, err := os.Stat(path) // the time as this file system keeps it
	if err != nil {
		return s3.Created{}, fmt.Errorf("stamp object: %w", err)
	}
	head, err := s.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return s3.Created{}, err
	}
	return newCreated(bucket, key, info.Size(), *head.ETag, info.ModTime(), reason), nil
}

// errNotAnnounced says that the parent does not answer, or refuses an announcement.
var errNotAnnounced = errors.New("the announcement was not taken")

// tell announces. Whoever is told remembers it, so an object may be announced again
// with the same sequencer.
func (s *store) tell(ctx context.Context, c s3.Created) error {
	// The upload is done: a client that leaves now must not undo its announcement.
	if err := s.created(context.WithoutCancel(ctx), c); err != nil {
		return fmt.Errorf("%w: %w", errNotAnnounced, err)
	}
	return nil
}

// sync puts the object's name and attributes on stable storage.
func (s *store) sync(bucket, key string) error {
	if err := syncPath(filepath.Join(s.data, bucket, key)); err != nil {
		return err
	}
	if s.sideCar != "" {
		files, err := filepath.Glob(filepath.Join(escapeGlob(filepath.Join(s.sideCar, bucket, key)), "meta", "*"))
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := syncPath(f); err != nil {
				return err
			}
		}
		if err := s.syncParents(filepath.Join(s.sideCar, bucket, key, "meta", "_"), s.sideCar); err != nil {
			return err
		}
	}
	return s.syncParents(filepath.Join(s.data, bucket, key), s.data)
}

// syncParents syncs the folders between a file and root.
func (s *store) syncParents(file, root string) error {
	for dir := filepath.Dir(file); len(dir) > len(root); dir = filepath.Dir(dir) {
		if err := syncPath(dir); err != nil {
			return err
		}
	}
	return nil
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync object: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// escapeGlob makes a path match only itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// drain reads a refused body to its end, so that the client, which still
// writes, comes to read the refusal.
func drain(body io.Reader) {
	if body != nil {
		_, _ = io.Copy(io.Discard, body)
	}
}
