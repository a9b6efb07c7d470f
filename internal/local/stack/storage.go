package stack

import (
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
		bucket := s3.Bucket{Name: b.Name, Announce: b.Announce, Versions: b.Versions}
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

// object is the bus's form of a new object.
func object(c s3.Created) bus.Object {
	return bus.Object{
		Bucket: c.Bucket, Key: c.Key, Size: c.Size, ETag: c.ETag, Sequencer: c.Sequencer, Reason: c.Reason,
		RequestID: c.Sequencer, SourceIP: "127.0.0.1",
	}
}

func objects(all []s3.Created) []bus.Object {
	out := make([]bus.Object, len(all))
	for i, c := range all {
		out[i] = object(c)
	}
	return out
}
