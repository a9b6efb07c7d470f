package server

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/s3"
)

// newCreated describes a new object.
func newCreated(bucket, key string, size int64, etag string, at time.Time, reason string) s3.Created {
	etag = strings.Trim(etag, `"`)
	return s3.Created{
		// The server reuses the memory behind a request's strings.
		Bucket: strings.Clone(bucket), Key: strings.Clone(key),
		Size: size, ETag: strings.Clone(etag), Reason: reason, At: at,
		Sequencer: fmt.Sprintf("%016X%X", at.UnixNano(), firstBytes(etag, 4)),
	}
}

func firstBytes(text string, n int) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:n]
}
