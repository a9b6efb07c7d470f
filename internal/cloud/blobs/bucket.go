// Package blobs reads and writes objects of one S3 bucket. In: keys and streams. Out:
// streams, ranges and the attributes of an object. It never holds a whole object in
// memory. Errors: job.ErrNotFound for a missing object, job.ErrReplaced for one with
// another ETag than was asked for, *job.BusyError when S3 is busy; others are the
// SDK's, with the operation and without the key, which may name a patient.
package blobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

const (
	partBytes   = 8 << 20 // part of a multipart upload
	concurrency = 3       // parts in flight: 24 MiB of buffers in a Lambda
	deleteBatch = 1000    // keys per DeleteObjects, S3's bound
)

// Bucket is one bucket. Make one with New.
type Bucket struct {
	name   string
	client *s3.Client
	upload *transfermanager.Client
}

// New binds a bucket by name.
func New(cfg aws.Config, name string) *Bucket {
	client := s3.NewFromConfig(cfg)
	return &Bucket{
		name:   name,
		client: client,
		upload: transfermanager.New(client, func(o *transfermanager.Options) {
			o.PartSizeBytes, o.MultipartUploadThreshold, o.Concurrency = partBytes, partBytes, concurrency
		}),
	}
}

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// URI is the s3:// address of a key.
func (b *Bucket) URI(key string) string { return "s3://" + b.name + "/" + key }

// KeyOf is the key in an s3:// address of this bucket, false for any other.
func (b *Bucket) KeyOf(uri string) (string, bool) {
	return strings.CutPrefix(uri, "s3://"+b.name+"/")
}

// Get streams an object.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	return b.get(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
}

// GetIf streams an object if it still has this ETag, else job.ErrReplaced.
func (b *Bucket) GetIf(ctx context.Context, key, etag string) (io.ReadCloser, error) {
	return b.get(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key, IfMatch: quoted(etag)})
}

func (b *Bucket) get(ctx context.Context, in *s3.GetObjectInput) (io.ReadCloser, error) {
	out, err := b.client.GetObject(ctx, in)
	if err != nil {
		return nil, fault.Name("get object", err)
	}
	return fault.Body("get object", out.Body), nil
}

// quoted is an ETag as HTTP spells it.
func quoted(etag string) *string { return aws.String(`"` + etag + `"`) }

// Head says what is known of an object.
func (b *Bucket) Head(ctx context.Context, key string) (job.Object, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return job.Object{}, fault.Name("head object", err)
	}
	return job.Object{
		Key: key, Size: aws.ToInt64(out.ContentLength), ETag: strings.Trim(aws.ToString(out.ETag), `"`),
		Modified: aws.ToTime(out.LastModified), Metadata: lowerNames(out.Metadata),
	}, nil
}

func lowerNames(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	for name, value := range m {
		out[strings.ToLower(name)] = value
	}
	return out
}

// Put stores what body yields, in parts when it is large, and says its size and digest.
func (b *Bucket) Put(ctx context.Context, key, mediaType string, body io.Reader) (job.Artifact, error) {
	return b.put(ctx, &transfermanager.UploadObjectInput{Bucket: &b.name, Key: &key, ContentType: &mediaType}, body)
}

// PutEncoded is Put for a body in a Content-Encoding, such as gzip, which is sent along
// with it. The size and the digest are those of the body as it is, and so it is read.
func (b *Bucket) PutEncoded(ctx context.Context, key, mediaType, encoding string, body io.Reader) (job.Artifact, error) {
	return b.put(ctx, &transfermanager.UploadObjectInput{Bucket: &b.name, Key: &key, ContentType: &mediaType, ContentEncoding: &encoding}, body)
}

func (b *Bucket) put(ctx context.Context, in *transfermanager.UploadObjectInput, body io.Reader) (job.Artifact, error) {
	digest := &counter{hash: sha256.New()}
	in.Body = io.TeeReader(body, digest)
	_, err := b.upload.UploadObject(ctx, in)
	if err != nil {
		return job.Artifact{}, fault.Name("put object", err)
	}
	return job.Artifact{Bytes: digest.n, SHA256: hex.EncodeToString(digest.hash.Sum(nil)), MediaType: *in.ContentType}, nil
}

// List yields the objects below a prefix, in key order.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[job.Object, error] {
	return func(yield func(job.Object, error) bool) {
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(job.Object{}, fault.Name("list objects", err))
				return
			}
			for _, o := range page.Contents {
				object := job.Object{
					Key: aws.ToString(o.Key), Size: aws.ToInt64(o.Size),
					ETag: strings.Trim(aws.ToString(o.ETag), `"`), Modified: aws.ToTime(o.LastModified),
				}
				if !yield(object, nil) {
					return
				}
			}
		}
	}
}

// Delete removes an object; removing what is not there is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	return unlessGone(fault.Name("delete object", err))
}

// DeleteIf removes an object if it still has this ETag. One that is not there is
// no error; one that is another stays, and the error is job.ErrReplaced.
//
// S3 compares the ETag itself (If-Match). For a store that answers "not implemented" the
// ETag is read first, so that an object which is written between the two calls is lost.
func (b *Bucket) DeleteIf(ctx context.Context, key, etag string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key, IfMatch: quoted(etag)})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NotImplemented" {
		object, err := b.Head(ctx, key)
		switch {
		case err != nil:
			return unlessGone(err)
		case object.ETag != etag:
			return fmt.Errorf("delete object: %w", job.ErrReplaced)
		}
		return b.Delete(ctx, key)
	}
	return unlessGone(fault.Name("delete object", err))
}

func unlessGone(err error) error {
	if errors.Is(err, job.ErrNotFound) {
		return nil
	}
	return err
}
