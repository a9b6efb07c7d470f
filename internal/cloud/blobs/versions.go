package blobs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// Versions yields every version below a prefix, and the marks of deletions, in pages by
// key; within a page the marks come last. In a bucket that keeps no versions these are
// its objects.
func (b *Bucket) Versions(ctx context.Context, prefix string) iter.Seq2[job.Version, error] {
	return func(yield func(job.Version, error) bool) {
		pages := s3.NewListObjectVersionsPaginator(b.client, &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(job.Version{}, fault.Name("list versions", err))
				return
			}
			for _, v := range versionsOf(page) {
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

func versionsOf(page *s3.ListObjectVersionsOutput) (all []job.Version) {
	for _, v := range page.Versions {
		all = append(all, job.Version{
			Object: job.Object{
				Key: aws.ToString(v.Key), Size: aws.ToInt64(v.Size),
				ETag: strings.Trim(aws.ToString(v.ETag), `"`), Modified: aws.ToTime(v.LastModified),
			},
			ID: versionID(v.VersionId), Latest: aws.ToBool(v.IsLatest),
		})
	}
	for _, m := range page.DeleteMarkers {
		all = append(all, job.Version{
			Object: job.Object{Key: aws.ToString(m.Key), Modified: aws.ToTime(m.LastModified)},
			ID:     versionID(m.VersionId), Latest: aws.ToBool(m.IsLatest), Marker: true,
		})
	}
	return all
}

func versionID(id *string) string {
	if aws.ToString(id) == "" {
		return job.NullVersion
	}
	return *id
}

// DeleteVersion removes one version for good. The object that a read gets, if it has no
// version of its own, is removed only while it still has this ETag: job.ErrReplaced for
// another. In a bucket that keeps versions that leaves it as an earlier version, which
// the caller finds in the next listing.
func (b *Bucket) DeleteVersion(ctx context.Context, v job.Version) error {
	if v.ID == job.NullVersion && v.Latest && !v.Marker {
		return b.DeleteIf(ctx, v.Key, v.ETag)
	}
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &v.Key, VersionId: &v.ID})
	return unlessGone(fault.Name("delete version", err))
}

// Tally counts what lies below a prefix.
func (b *Bucket) Tally(ctx context.Context, prefix string) (t job.Tally, err error) {
	for v, err := range b.Versions(ctx, prefix) {
		if err != nil {
			return t, err
		}
		t.Count(v)
	}
	for _, err := range b.begun(ctx, prefix) {
		if err != nil {
			return t, err
		}
		t.Uploads++
	}
	return t, nil
}

// DeletePrefix removes every version of every object below a prefix, the marks of
// deletions, and the parts of uploads that are not complete, and counts them. The prefix
// must not be empty.
func (b *Bucket) DeletePrefix(ctx context.Context, prefix string) (t job.Tally, err error) {
	if prefix == "" {
		return t, errors.New("delete objects: empty prefix would empty the bucket")
	}
	if t.Uploads, err = b.AbortBelow(ctx, prefix); err != nil {
		return t, err
	}
	for { // always the first page: what a further one would begin behind is deleted by then
		page, err := b.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: &prefix, MaxKeys: aws.Int32(deleteBatch)})
		if err != nil {
			return t, fault.Name("list versions", err)
		}
		all := versionsOf(page)
		if len(all) == 0 {
			return t, nil
		}
		batch := make([]types.ObjectIdentifier, len(all))
		for n, v := range all {
			batch[n] = types.ObjectIdentifier{Key: &all[n].Key, VersionId: aws.String(v.ID)}
		}
		out, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &b.name, Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return t, fault.Name("delete objects", err)
		}
		if len(out.Errors) > 0 {
			return t, fault.Code(fmt.Sprintf("delete objects: %d of %d refused", len(out.Errors), len(batch)), aws.ToString(out.Errors[0].Code))
		}
		for _, v := range all {
			t.Count(v)
		}
	}
}

// AbortBelow ends every upload below a prefix that is not complete, deletes its parts,
// and says how many there were. The prefix must not be empty.
func (b *Bucket) AbortBelow(ctx context.Context, prefix string) (n int, err error) {
	if prefix == "" {
		return 0, errors.New("abort uploads: empty prefix would end all of the bucket")
	}
	var all []types.MultipartUpload // first, because a page begins behind the last upload of the one before
	for u, err := range b.begun(ctx, prefix) {
		if err != nil {
			return 0, err
		}
		all = append(all, u)
	}
	for n, u := range all {
		if err := b.AbortParts(ctx, aws.ToString(u.Key), aws.ToString(u.UploadId)); err != nil {
			return n, err
		}
	}
	return len(all), nil
}

// begun yields the uploads below a prefix that are not complete.
func (b *Bucket) begun(ctx context.Context, prefix string) iter.Seq2[types.MultipartUpload, error] {
	return func(yield func(types.MultipartUpload, error) bool) {
		pages := s3.NewListMultipartUploadsPaginator(b.client, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(types.MultipartUpload{}, fault.Name("list uploads", err))
				return
			}
			for _, u := range page.Uploads {
				if !yield(u, nil) {
					return
				}
			}
		}
	}
}
