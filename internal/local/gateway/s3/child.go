package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/iris-oculus/iris/internal/local/child"
)

// start runs the child until it answers. It waits by itself for the lock of one
// that was killed, so a child that ends is not tried again here.
func (s *Server) start(ctx context.Context) (*child.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	said := &relay{log: s.cfg.Logger}
	p, err := child.Start(child.Spec{
		Path: s.cfg.Program, Args: []string{s.file},
		Env: []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()},
		Dir: filepath.Dir(s.cfg.Socket), Stdout: io.Discard, Stderr: said, Lifeline: true,
	})
	if err != nil {
		return nil, fmt.Errorf("start s3: %w", err)
	}
	s.child.Store(p)
	for {
		resp, err := s.ask(ctx, http.MethodGet, PathReady)
		if err == nil {
			_ = resp.Body.Close()
			return p, nil
		}
		select {
		case <-p.Done():
			return nil, fmt.Errorf("start s3: %w: %s", errors.Join(p.Wait(), err), said)
		case <-ctx.Done():
			_ = p.Kill()
			return nil, fmt.Errorf("start s3: %w: %s", err, said)
		case <-time.After(lookEvery):
		}
	}
}

// refusal is an answer of the child that is not the one asked for.
type refusal struct{ status, said string }

func (r *refusal) Error() string { return "s3 answers " + r.status + ": " + r.said }

// ask sends a request to the control socket; the caller closes the body.
func (s *Server) ask(ctx context.Context, method, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://s3"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.control.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, maxSaid))
		_ = resp.Body.Close()
		return nil, &refusal{resp.Status, string(said)}
	}
	return resp, nil
}

// errNotAnnounced says that Config.Reconcile refused to announce objects.
var errNotAnnounced = errors.New("objects are not announced")

// reconcile has the child list what announced buckets hold and says how many of
// these objects had not been announced.
func (s *Server) reconcile(ctx context.Context) (int, error) {
	resp, err := s.ask(ctx, http.MethodGet, PathObjects)
	if err != nil {
		return 0, fmt.Errorf("list objects: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var objects []Created
	if err := json.NewDecoder(resp.Body).Decode(&objects); err != nil {
		return 0, fmt.Errorf("list objects: %w", err)
	}
	n, err := s.cfg.Reconcile(ctx, objects)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errNotAnnounced, err)
	}
	return n, nil
}

// maxCreated bounds what the child posts; a key has at most 1024 bytes.
const maxCreated = 64 << 10

// listen begins to answer the child's announcements.
func (s *Server) listen() error {
	if err := os.Remove(s.settings.Parent); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("s3 announcements: %w", err)
	}
	listener, err := net.Listen("unix", s.settings.Parent)
	if err != nil {
		return fmt.Errorf("s3 announcements: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+PathCreated, func(w http.ResponseWriter, r *http.Request) {
		var c Created
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxCreated)).Decode(&c); err != nil {
			http.Error(w, "the announcement is not the JSON of a Created", http.StatusBadRequest)
			return
		}
		if err := s.cfg.ObjectCreated(r.Context(), c); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: startTimeout, ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelWarn),
	}
	go func() { _ = server.Serve(listener) }()
	s.callback = server
	return nil
}
