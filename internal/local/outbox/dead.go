package outbox

import (
	"fmt"
	"sync"

	"github.com/iris-oculus/iris/internal/local/store"
)

// maxDead bounds the letters that DeadLetters keeps; the oldest give way.
const maxDead = 10000

// DeadLetters keeps what could not be delivered, for people to look at.
type DeadLetters struct {
	store  *store.Store
	bucket string

	mu   sync.Mutex
	next uint64
	held []Letter
}

// OpenDead reads the dead letters of a bucket, which is for them alone.
func OpenDead(s *store.Store, bucket string) (*DeadLetters, error) {
	d := &DeadLetters{store: s, bucket: bucket}
	var err error
	if d.held, d.next, err = letters(s, bucket); err != nil {
		return nil, fmt.Errorf("open dead letters: %w", err)
	}
	return d, nil
}

// Add makes a letter part of a batch: it is kept once that is written.
func (d *DeadLetters) Add(b *store.Batch, l Letter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l.number = d.next
	d.next++
	b.Put(d.bucket, Key(l.number), l)
	if len(d.held) >= maxDead {
		b.Delete(d.bucket, Key(d.held[0].number))
	}
	b.Then(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.held = append(d.held, l)
		d.held = d.held[max(0, len(d.held)-maxDead):]
	})
}

// List returns the letters held, oldest first.
func (d *DeadLetters) List() []Letter {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Letter(nil), d.held...)
}
