package jobtest

import (
	"errors"
	"sync"
)

// ErrCrash is how a call fails at which a Crash happens.
var ErrCrash = errors.New("crashed")

// Crash fails one call of many, as a process does that dies between two calls:
// the one numbered At, from 1, before its effect or, with After, when the
// effect is there and its answer is lost. The zero value never does.
type Crash struct {
	At    int
	After bool

	mu    sync.Mutex
	calls int
}

// Do makes a call, or crashes.
func (c *Crash) Do(call func() error) error {
	c.mu.Lock()
	c.calls++
	now := c.calls == c.At
	c.mu.Unlock()
	if now && !c.After {
		return ErrCrash
	}
	if err := call(); err != nil || !now {
		return err
	}
	return ErrCrash
}

// Happened says whether as many calls were made.
func (c *Crash) Happened() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.At > 0 && c.calls >= c.At
}
