package outbox

import (
	"fmt"
	"sync"

	"github.com/iris-oculus/iris/internal/local/durable"
)

// maxDead bounds a DeadLetters folder; the oldest give way.
const maxDead = 10000

// DeadLetters keeps what could not be delivered, for people to look at.
type DeadLetters struct {
	mu    sync.Mutex
	store store
	held  []Letter
}

// OpenDead opens a folder of dead letters.
func OpenDead(dir string) (*DeadLetters, error) {
	s, held, err := openStore(dir)
	if err != nil {
		return nil, err
	}
	return &DeadLetters{store: s, held: held}, nil
}

// Add keeps a letter; it is on the disk when Add returns nil.
func (d *DeadLetters) Add(l Letter) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := []Letter{l}
	d.store.number(one)
	if err := d.store.write(one); err != nil {
		return fmt.Errorf("keep dead letter: %w", err)
	}
	d.held = append(d.held, one...)
	for len(d.held) > maxDead {
		d.store.remove(d.held[0])
		d.held = d.held[1:]
	}
	return nil
}

// List returns the letters held, oldest first.
func (d *DeadLetters) List() []Letter {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Letter(nil), d.held...)
}

// Remove forgets every letter with this id.
func (d *DeadLetters) Remove(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := d.held[:0]
	for _, l := range d.held {
		if l.ID == id {
			d.store.remove(l)
		} else {
			kept = append(kept, l)
		}
	}
	d.held = kept
	return durable.SyncDir(d.store.dir)
}
