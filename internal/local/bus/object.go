package bus

import (
	"context"
	"strings"
)

// Object is an object that S3 has just stored.
type Object struct {
	Bucket, Key string
	Size        int64
	ETag        string // quotes are dropped
	Sequencer   string // hexadecimal; grows with each write of a key
	VersionID   string // empty: the bucket is not versioned
	Reason      string // PutObject, CompleteMultipartUpload, CopyObject, "POST Object"
	RequestID   string
	Requester   string // account id of who wrote it; default the stack's
	SourceIP    string
}

// objectCreated is the detail of "Object Created", its fields in the order in
// which S3 writes them.
type objectCreated struct {
	Version string `json:"version"`
	Bucket  struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key       string `json:"key"`
		Size      int64  `json:"size"`
		ETag      string `json:"etag"`
		VersionID string `json:"version-id,omitempty"`
		Sequencer string `json:"sequencer"`
	} `json:"object"`
	RequestID string `json:"request-id"`
	Requester string `json:"requester"`
	SourceIP  string `json:"source-ip-address"`
	Reason    string `json:"reason"`
}

// ObjectCreated puts S3's event for o on the bus; when it returns nil, whoever
// waits for the object will hear of it.
func (s *Service) ObjectCreated(ctx context.Context, o Object) error {
	d := objectCreated{
		Version: "0", RequestID: o.RequestID, Requester: o.Requester, SourceIP: o.SourceIP, Reason: o.Reason,
	}
	if d.Requester == "" {
		d.Requester = s.config.Account
	}
	d.Bucket.Name = o.Bucket
	d.Object.Key, d.Object.Size, d.Object.VersionID, d.Object.Sequencer = o.Key, o.Size, o.VersionID, o.Sequencer
	d.Object.ETag = strings.Trim(o.ETag, `"`)
	return s.Emit(ctx, "aws.s3", "Object Created", []string{"arn:aws:s3:::" + o.Bucket}, d)
}
