package blobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// SignGet is a URL that for its life yields the object to whoever holds it, as a download
// named filename.
func (b *Bucket) SignGet(ctx context.Context, key, filename string, life time.Duration) (string, error) {
	req, err := s3.NewPresignClient(b.client).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &key,
		ResponseContentDisposition: aws.String(fmt.Sprintf("attachment; filename=%q", filename)),
	}, s3.WithPresignExpires(life))
	if err != nil {
		return "", fmt.Errorf("sign download: %w", err)
	}
	return req.URL, nil
}

// SignHead is a URL that yields the object's headers, its length and ETag among them.
// What is signed for GET answers HEAD with 403, for the method is signed, too.
func (b *Bucket) SignHead(ctx context.Context, key string, life time.Duration) (string, error) {
	req, err := s3.NewPresignClient(b.client).PresignHeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key}, s3.WithPresignExpires(life))
	if err != nil {
		return "", fmt.Errorf("sign headers: %w", err)
	}
	return req.URL, nil
}

// StartParts begins a multipart upload and returns its id.
func (b *Bucket) StartParts(ctx context.Context, key, mediaType string, metadata map[string]string) (string, error) {
	out, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &b.name, Key: &key, ContentType: &mediaType, Metadata: metadata,
	})
	if err != nil {
		return "", fault.Name("start multipart upload", err)
	}
	return aws.ToString(out.UploadId), nil
}

// SignPart is a URL that takes one part, numbered from 1, of some bytes and of no other
// length: what would be signed without its length takes 5 GiB for a scan of a kilobyte.
func (b *Bucket) SignPart(ctx context.Context, key, upload string, number int32, bytes int64) (string, error) {
	req, err := s3.NewPresignClient(b.client).PresignUploadPart(ctx, &s3.UploadPartInput{
		Bucket: &b.name, Key: &key, UploadId: &upload, PartNumber: &number, ContentLength: &bytes,
	}, s3.WithPresignExpires(job.SignedURLLife))
	if err != nil {
		return "", fmt.Errorf("sign part: %w", err)
	}
	return req.URL, nil
}

// ListParts gives the parts that have arrived, by their numbers. An upload that is
// complete, aborted or unknown is job.ErrNotFound.
func (b *Bucket) ListParts(ctx context.Context, key, upload string) ([]job.Uploaded, error) {
	var parts []job.Uploaded
	pages := s3.NewListPartsPaginator(b.client, &s3.ListPartsInput{Bucket: &b.name, Key: &key, UploadId: &upload})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var api smithy.APIError
		if errors.As(err, &api) && api.ErrorCode() == "NoSuchUpload" {
			return nil, fmt.Errorf("list parts: %w", job.ErrNotFound)
		}
		if err != nil {
			return nil, fault.Name("list parts", err)
		}
		for _, p := range page.Parts {
			parts = append(parts, job.Uploaded{
				Part: job.Part{Number: aws.ToInt32(p.PartNumber), ETag: aws.ToString(p.ETag)}, Bytes: aws.ToInt64(p.Size),
			})
		}
	}
	return parts, nil
}

// AbortParts ends an upload and deletes its parts. An upload that is complete, aborted
// or unknown is none.
func (b *Bucket) AbortParts(ctx context.Context, key, upload string) error {
	_, err := b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: &upload})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchUpload" {
		return nil
	}
	return fault.Name("abort multipart upload", err)
}

// CompleteParts joins the parts into the object.
func (b *Bucket) CompleteParts(ctx context.Context, key, upload string, parts []job.Part) error {
	done := make([]types.CompletedPart, len(parts))
	for i, p := range parts {
		done[i] = types.CompletedPart{PartNumber: aws.Int32(p.Number), ETag: aws.String(p.ETag)}
	}
	_, err := b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &key, UploadId: &upload,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
	})
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "NoSuchUpload", "MalformedXML":
			return job.Reject("bad_parts", "the parts do not make the upload: want every part's number and ETag, in order")
		}
	}
	return fault.Name("complete multipart upload", err)
}
