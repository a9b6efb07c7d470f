package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/s3response"

	"github.com/iris-oculus/iris/internal/local/gateway/s3"
)

// Objects lists what announced buckets hold, each object as it was or is to be
// announced, in the order of their sequencers. Call it at start, before clients are
// let in: an object that is just being stored has no sequencer of its own yet.
func (s *Server) Objects(ctx context.Context) ([]s3.Created, error) {
	all := []s3.Created{}
	for bucket, announced := range s.store.announce {
		if !announced {
			continue
		}
		if err := s.store.walk(ctx, bucket, func(c s3.Created) { all = append(all, c) }); err != nil {
			return nil, fmt.Errorf("list bucket %s: %w", bucket, err)
		}
	}
	slices.SortFunc(all, func(a, b s3.Created) int { return strings.Compare(a.Sequencer, b.Sequencer) })
	return all, nil
}

// walk visits the objects of a bucket as if they came now.
func (s *store) walk(ctx context.Context, bucket string, visit func(s3.Created)) error {
	pageSize, none := int32(1000), "" // the backend wants every field set
	in := &awss3.ListObjectsV2Input{
		Bucket: &bucket, MaxKeys: &pageSize, Prefix: &none, Delimiter: &none, StartAfter: &none, ContinuationToken: &none,
	}
	for {
		page, err := s.ListObjectsV2(ctx, in)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			if c, ok := s.recall(bucket, o); ok {
				visit(c)
			}
		}
		if page.IsTruncated == nil || !*page.IsTruncated {
			return nil
		}
		in.ContinuationToken = page.NextContinuationToken
	}
}

// recall describes a stored object as stamp described it when it came.
func (s *store) recall(bucket string, o s3response.Object) (s3.Created, bool) {
	if o.Key == nil || o.ETag == nil || strings.HasSuffix(*o.Key, "/") {
		return s3.Created{}, false
	}
	info, err := os.Stat(filepath.Join(s.data, bucket, *o.Key))
	if err != nil {
		return s3.Created{}, false // deleted since it was listed
	}
	reason := "PutObject"
	if strings.Contains(*o.ETag, "-") {
		reason = "CompleteMultipartUpload"
	}
	return newCreated(bucket, *o.Key, info.Size(), *o.ETag, info.ModTime(), reason), true
}
