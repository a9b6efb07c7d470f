package stack

import (
	"context"
	"slices"

	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/gateway/s3"
	"github.com/iris-oculus/iris/internal/local/template"
)

// buckets are the template's. Where a bucket lets the web viewer in, it lets in
// the pages that this stack serves itself.
func buckets(declared []template.Bucket, pages []string) []s3.Bucket {
	var out []s3.Bucket
	for _, b := range declared {
		bucket := s3.Bucket{Name: b.Name, Announce: b.Announce}
		for _, r := range b.CORS {
			bucket.CORS = append(bucket.CORS, s3.CORSRule{
				AllowedOrigins: slices.Concat(r.AllowedOrigins, pages), AllowedMethods: r.AllowedMethods,
				AllowedHeaders: r.AllowedHeaders, ExposeHeaders: r.ExposedHeaders, MaxAgeSeconds: int32(r.MaxAge),
			})
		}
		out = append(out, bucket)
	}
	return out
}

// announce puts S3's event of a new object on the bus.
func announce(b *bus.Service) func(context.Context, s3.Created) error {
	return func(ctx context.Context, c s3.Created) error {
		return b.ObjectCreated(ctx, bus.Object{
			Bucket: c.Bucket, Key: c.Key, Size: c.Size, ETag: c.ETag, Sequencer: c.Sequencer, Reason: c.Reason,
			RequestID: c.Sequencer, SourceIP: "127.0.0.1",
		})
	}
}
