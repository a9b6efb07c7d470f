package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// Bounds of a connection. A body of 950 MB may take its time; a header may not.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// stopTimeout is how long a request has to answer once the server stops. A step
	// of the segmentation takes a second or two, and SageMaker kills the server
	// after 30 s.
	stopTimeout = 8 * time.Second
)

// Serve answers on l until ctx is done. The collector is held to the memory that
// requests may take. Then it takes no new request, fails the
// running one at once, and returns; a clean stop is no error.
func Serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	debug.SetMemoryLimit(memory())
	srv := &http.Server{
		Handler:           Handler(log),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		return errors.Join(err, srv.Close())
	}
	return nil
}
