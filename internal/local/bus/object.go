package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/iris-oculus/iris/internal/local/store"
)

// Object is an object that S3 has just stored.
type Object struct {
	Bucket, Key string
	Size        int64
	ETag        string // quotes are dropped
	Sequencer   string // hexadecimal, of one length; grows with each write of a key
	Reason      string // PutObject, CompleteMultipartUpload, CopyObject, "POST Object"
	RequestID   string
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
		Sequencer string `json:"sequencer"`
	} `json:"object"`
	RequestID string `json:"request-id"`
	Requester string `json:"requester"`
	SourceIP  string `json:"source-ip-address"`
	Reason    string `json:"reason"`
}

// ObjectCreated puts S3's event for o on the bus; when it returns nil, whoever
// waits for the object will hear of it. That it was announced is noted in the same
// transaction, so an object that is announced again, with its sequencer, is no
// second event.
func (s *Service) ObjectCreated(_ context.Context, o Object) error {
	s.reconciling.RLock()
	defer s.reconciling.RUnlock()
	last, _, err := store.Get[string](s.config.Store, ObjectsBucket, o.name())
	if err != nil || last == o.Sequencer {
		return err
	}
	b := &store.Batch{}
	if err := s.announce(b, o, last); err != nil {
		return err
	}
	return s.config.Store.Write(b)
}

// Reconcile is told every object of the announced buckets, in the order of their
// sequencers. It announces those that were not, says how many, and forgets objects
// that are there no more.
func (s *Service) Reconcile(objects []Object) (announced int, err error) {
	s.reconciling.Lock()
	defer s.reconciling.Unlock()
	known := map[string]string{}
	err = store.Each(s.config.Store, ObjectsBucket, "", func(name, sequencer string) error {
		known[name] = sequencer
		return nil
	})
	if err != nil {
		return 0, err
	}
	b := &store.Batch{}
	for _, o := range objects {
		last := known[o.name()]
		delete(known, o.name())
		if last == o.Sequencer {
			continue
		}
		announced++
		if err := s.announce(b, o, last); err != nil {
			return 0, err
		}
	}
	for name := range known {
		b.Delete(ObjectsBucket, name)
	}
	return announced, s.config.Store.Write(b)
}

// name is an object's key among the announced ones.
func (o Object) name() string { return ObjectName(o.Bucket, o.Key) }

// ObjectName is the key in ObjectsBucket of an object: a digest, since the keys of
// uploads may name people.
func ObjectName(bucket, key string) string {
	sum := sha256.Sum256([]byte(bucket + "/" + key))
	return hex.EncodeToString(sum[:])
}

// announce adds an object's event to a batch, and the note of it unless a later
// object of the key was announced before.
func (s *Service) announce(b *store.Batch, o Object, last string) error {
	d := objectCreated{
		Version: "0", RequestID: o.RequestID, Requester: s.config.Account, SourceIP: o.SourceIP, Reason: o.Reason,
	}
	d.Bucket.Name = o.Bucket
	d.Object.Key, d.Object.Size, d.Object.Sequencer = o.Key, o.Size, o.Sequencer
	d.Object.ETag = strings.Trim(o.ETag, `"`)
	if err := s.Add(b, "aws.s3", "Object Created", []string{"arn:aws:s3:::" + o.Bucket}, d); err != nil {
		return fmt.Errorf("announce an object: %w", err)
	}
	if o.Sequencer > last {
		b.Put(ObjectsBucket, o.name(), o.Sequencer)
	}
	return nil
}
