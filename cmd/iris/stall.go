package main

import (
	"context"
	"errors"
	"io"
	"time"
)

// maxStall is how long a transfer may stand still before it is cancelled and tried
// again. A connection that a router dropped would stay silent for ever. Storage needs
// far less time to complete a part.
const maxStall = 2 * time.Minute

var errStalled = errors.New("nothing was sent or received for too long")

// watch returns a context that is cancelled, with the cause errStalled, when moved has
// not been called for the client's stall time.
func (c *client) watch(ctx context.Context) (watched context.Context, moved, stop func()) {
	limit := c.stall
	if limit == 0 {
		limit = maxStall
	}
	watched, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { cancel(errStalled) })
	return watched, func() { timer.Reset(limit) }, func() { timer.Stop(); cancel(nil) }
}

// moving is a body that calls a function after each read.
type moving struct {
	io.Reader
	moved func()
}

func (m moving) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.moved()
	return n, err
}
