package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// Batch is changes that are made together or not at all. The zero Batch is empty.
type Batch struct {
	// Trace is the place in a trace (package trace) of what made the batch; queues keep it
	// with what they send. It changes nothing in the store.
	Trace string

	changes []change
	then    []func()
	err     error // of the first record that is no JSON
}

// change puts a value under a key, or removes the key when value is nil.
type change struct {
	bucket, key string
	value       []byte
}

// Put makes a record the one under its key. The record is encoded at once.
func (b *Batch) Put(bucket, key string, record any) {
	text, err := json.Marshal(record)
	if err != nil {
		if b.err == nil {
			b.err = fmt.Errorf("put a record of %s: %w", bucket, err)
		}
		return
	}
	value := binary.BigEndian.AppendUint32(make([]byte, 0, sumBytes+len(text)), checksum(bucket, key, text))
	b.changes = append(b.changes, change{bucket, key, append(value, text...)})
}

// Delete removes a record; one that is not there is removed already.
func (b *Batch) Delete(bucket, key string) {
	b.changes = append(b.changes, change{bucket, key, nil})
}

// Then calls f once the batch is on the disk, before Write returns. f must not
// wait for a Write.
func (b *Batch) Then(f func()) { b.then = append(b.then, f) }

// apply makes the changes within a transaction.
func (b *Batch) apply(tx *bbolt.Tx) error {
	for _, c := range b.changes {
		bucket := tx.Bucket([]byte(c.bucket))
		var err error
		if bucket == nil {
			if c.value == nil {
				continue
			}
			if bucket, err = tx.CreateBucket([]byte(c.bucket)); err != nil {
				return err
			}
		}
		if c.value == nil {
			err = bucket.Delete([]byte(c.key))
		} else {
			err = bucket.Put([]byte(c.key), c.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// yield drops the changes of records that a later batch has changed already.
func (b *Batch) yield(later *Batch) {
	b.changes = slices.DeleteFunc(b.changes, func(c change) bool {
		return slices.ContainsFunc(later.changes, func(l change) bool { return l.bucket == c.bucket && l.key == c.key })
	})
}

func (b *Batch) done() {
	for _, f := range b.then {
		f()
	}
}
