package main

import (
	"context"
	"errors"
	"io"
	"time"
)

// maxStall is how long a transfer may stand still before it is broken off and
// tried again: a connection that a router dropped says nothing for ever. Storage
// that completes a part answers well within it.
const maxStall = 2 * time.Minute

var errStalled = errors.New("nothing was sent or received for too long")

// watch ends the context that it returns when the transfer stands still: when
// nobody calls moved for the client's stall time. Its cause is errStalled.
func (c *client) watch(ctx context.Context) (watched context.Context, moved, stop func()) {
	limit := c.stall
	if limit == 0 {
		limit = maxStall
	}
	watched, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { cancel(errStalled) })
	return watched, func() { timer.Reset(limit) }, func() { timer.Stop(); cancel(nil) }
}

// moving is a body that tells of each read.
type moving struct {
	io.Reader
	moved func()
}

func (m moving) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.moved()
	return n, err
}
