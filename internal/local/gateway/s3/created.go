package s3

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
)

// Created is a new object in an announced bucket.
type Created struct {
	Bucket, Key string
	Size        int64
	ETag        string // without quotes
	// Sequencer orders the objects of a key. It follows from the object's time
	// and ETag alone, so that an announcement repeated after a crash has the
	// same one.
	Sequencer string
	Reason    string // PutObject, CompleteMultipartUpload or CopyObject
	At        time.Time
}

func newCreated(bucket, key string, size int64, etag string, at time.Time, reason string) Created {
	etag = strings.Trim(etag, `"`)
	return Created{
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
