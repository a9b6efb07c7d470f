package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/s3"
)

const (
	// parentTimeout is how long an upload waits for its announcement before it is
	// refused. Clients wait longer than that for an answer.
	parentTimeout = 20 * time.Second
	maxRefusal    = 512 // bytes kept of what the parent says of a refusal
)

// Run is the program: it serves until ctx ends.
func Run(ctx context.Context, settings s3.Settings, logger *slog.Logger) error {
	s, err := New(ctx, Config{Settings: settings, ObjectCreated: parent(settings.Parent), Logger: logger})
	if err != nil {
		return err
	}
	if err := os.Remove(settings.Control); err != nil && !errors.Is(err, os.ErrNotExist) {
		return errors.Join(fmt.Errorf("control socket: %w", err), s.Close())
	}
	listener, err := net.Listen("unix", settings.Control)
	if err != nil {
		return errors.Join(fmt.Errorf("control socket: %w", err), s.Close())
	}
	control := &http.Server{Handler: s.control(), ReadHeaderTimeout: startTimeout}
	served := make(chan error, 1)
	go func() { served <- control.Serve(listener) }()
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("control socket: %w", err), s.Close())
	case err := <-s.ended:
		s.ended <- nil
		return errors.Join(fmt.Errorf("s3 ended: %w", err), control.Close())
	case <-ctx.Done():
		return errors.Join(s.Close(), control.Close())
	}
}

// control answers the parent: whether S3 is ready, and what announced buckets hold.
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+s3.PathReady, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET "+s3.PathObjects, func(w http.ResponseWriter, r *http.Request) {
		objects, err := s.Objects(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(objects)
	})
	return mux
}

// parent posts a Created to the parent process, which answers once the
// announcement is durable.
func parent(socket string) func(context.Context, s3.Created) error {
	client := &http.Client{Timeout: parentTimeout, Transport: &http.Transport{
		MaxIdleConnsPerHost: 32,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	return func(ctx context.Context, c s3.Created) error {
		body, err := json.Marshal(c)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://parent"+s3.PathCreated, bytes.NewReader(body))
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		said, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
		if resp.StatusCode != http.StatusNoContent {
			return fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(said))
		}
		return nil
	}
}
