package server

import (
	"context"
	"errors"
	"hash/maphash"
	"os"
	"path/filepath"
	"strings"
	"sync"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/s3response"
)

// errCopyAsUsual makes versitygw join the parts in its own way.
var errCopyAsUsual = errors.New("the parts are copied as usual")

// CompleteMultipartUpload needs room for the object beside its parts. Clients
// repeat it when an answer was late or lost; as on S3, that makes no second event.
// Calls for one upload run one after the other, so that a repeat finds the object
// stamped and announces it under the same sequencer.
func (s *store) CompleteMultipartUpload(ctx context.Context, in *awss3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	if err := s.checkSpace(*in.Bucket, nil, nil); err != nil {
		return s3response.CompleteMultipartUploadResult{}, "", err
	}
	if in.UploadId != nil {
		turn := s.turn(*in.UploadId)
		turn.Lock()
		defer turn.Unlock()
	}
	wrote := false
	out, version, err := s.CompleteMultipartUploadWithCopy(ctx, in, func(_, _ *os.File) (bool, error) {
		wrote = true // versitygw copies parts only for the call that makes the object
		return true, errCopyAsUsual
	})
	if err != nil {
		return out, version, s.named(*in.Bucket, err)
	}
	if wrote {
		return out, version, s.settle(ctx, *in.Bucket, *in.Key, "CompleteMultipartUpload")
	}
	return out, version, s.settleAgain(ctx, *in.Bucket, *in.Key)
}

var turnSeed = maphash.MakeSeed()

// turn is the lock of an upload.
func (s *store) turn(upload string) *sync.Mutex {
	return &s.completing[maphash.String(turnSeed, upload)%uint64(len(s.completing))]
}

// settleAgain announces an object whose upload was completed before: its announcement
// may have been refused at that time. It is no second event, by its sequencer.
func (s *store) settleAgain(ctx context.Context, bucket, key string) error {
	if !s.announce[bucket] || strings.HasSuffix(key, "/") {
		return nil
	}
	info, err := os.Stat(filepath.Join(s.data, bucket, key))
	if err != nil {
		return s.named(bucket, gone(err))
	}
	head, err := s.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return s.named(bucket, err)
	}
	c := newCreated(bucket, key, info.Size(), *head.ETag, info.ModTime(), "CompleteMultipartUpload")
	if err := s.sync(bucket, key); err != nil {
		return s.named(bucket, gone(err))
	}
	return s.named(bucket, s.tell(ctx, c))
}
