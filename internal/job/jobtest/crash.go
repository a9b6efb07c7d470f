package jobtest

import (
	"errors"
	"sync"
)

// ErrCrash is the error of the call at which a Crash happens.
var ErrCrash = errors.New("crashed")

// Crash makes one call of many fail, like a process that dies between two calls. It is
// the call numbered At, from 1. It fails before its effect or, with After, once it has
// had its effect, so that only the answer is lost. The zero value makes none fail.
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
