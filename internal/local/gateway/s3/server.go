// Package s3 is S3 on one machine: the program build/s3 (versitygw over files,
// module s3/) as a child process. In: S3 requests of any client, forwarded as they
// came. Out: its answers, and one ObjectCreated call for each object that came to
// an announced bucket, before its upload is acknowledged or, after a crash, before
// the next request is. What comes while the child starts (again) waits for it, and
// gets an error that SDKs retry when that takes too long.
package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iris-oculus/iris/internal/local/child"
	"github.com/iris-oculus/iris/internal/local/durable"
	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

const (
	startTimeout = 20 * time.Second
	againAfter   = 200 * time.Millisecond
	lookEvery    = 5 * time.Millisecond
	endTimeout   = 6 * time.Second // the child gives its requests 5 s
	// patience is how long a request waits for the child to come (back): less
	// than the 30 s of the functions that ask.
	patience = 25 * time.Second
)

// Config is what a Server needs. Socket is where the child listens, a path short
// enough for a Unix socket and ending in .sock, in a folder of ours alone: three
// more files come beside it.
type Config struct {
	Program string // build/s3
	Dir     string
	Socket  string
	Key     sigv4.Key
	Region  string
	Buckets []Bucket
	// ObjectCreated must have made the announcement durable when it returns
	// nil; else the upload is answered with an error. It may be called again for
	// an object that was announced, which its sequencer shows.
	ObjectCreated func(context.Context, Created) error
	// Reconcile is told all objects of announced buckets, in the order of their
	// sequencers, announces those that were not and says how many.
	Reconcile func(context.Context, []Created) (announced int, err error)
	Logger    *slog.Logger
}

// Server is a running S3. Make one with New.
type Server struct {
	cfg      Config
	settings Settings
	file     string       // holds the settings
	callback *http.Server // takes announcements
	control  *http.Client
	front    *httputil.ReverseProxy
	objects  http.RoundTripper
	idle     func()
	stop     context.CancelFunc
	child    atomic.Pointer[child.Process]
	loops    sync.WaitGroup

	mu   sync.Mutex
	open chan struct{} // closed while the child answers
}

// New starts the child and makes its buckets.
func New(ctx context.Context, cfg Config) (*Server, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("s3 folder: %w", err)
	}
	if err := durable.MakeDir(dir); err != nil {
		return nil, fmt.Errorf("s3 folder: %w", err)
	}
	cfg.Dir = dir
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{cfg: cfg, stop: stop, open: make(chan struct{}), file: beside(cfg.Socket, ".json"), settings: Settings{
		Dir: dir, Socket: cfg.Socket, Control: beside(cfg.Socket, ".ctl"), Parent: beside(cfg.Socket, ".bus"),
		Key: cfg.Key, Region: cfg.Region, Buckets: cfg.Buckets,
	}}
	text, err := json.Marshal(s.settings)
	if err != nil {
		return nil, fmt.Errorf("s3 settings: %w", err)
	}
	if err := durable.WriteFile(s.file, text); err != nil { // a new file's mode is 0600
		return nil, fmt.Errorf("s3 settings: %w", err)
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	transport := transport(s.dial)
	s.objects, s.idle = again{transport}, transport.CloseIdleConnections
	s.front = proxy(s.objects, cfg.Buckets, &s.cfg.Key)
	s.control = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: unix(s.settings.Control)}}
	p, err := s.start(ctx)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	close(s.open)
	s.loops.Go(func() { s.supervise(running, p) })
	return s, nil
}

// ServeHTTP forwards a request to the child.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { forward(s.front, w, r) }

// Announce announces every object that no announcement was made for (its upload
// ended as the processes did) and says how many. Call it at start, before clients
// are let in.
func (s *Server) Announce(ctx context.Context) (int, error) {
	for {
		if err := s.wait(ctx); err != nil {
			return 0, fmt.Errorf("announce objects: %w", err)
		}
		n, err := s.reconcile(ctx)
		var refused *refusal
		if err == nil || errors.As(err, &refused) || errors.Is(err, errNotAnnounced) || ctx.Err() != nil {
			return n, err
		}
		pause(ctx, againAfter) // the child has died: it comes back
	}
}

// Pause stops the child until resume is called, which says whether it was the same child
// all the time.
func (s *Server) Pause() (resume func() error, err error) {
	return child.PauseCurrent(&s.child, "s3")
}

// Close ends the child; requests under way have a few seconds.
func (s *Server) Close() error {
	s.stop()
	s.loops.Wait()
	return s.callback.Close()
}

// wait returns when the child answers.
func (s *Server) wait(ctx context.Context) error {
	s.mu.Lock()
	open := s.open
	s.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// shut makes what comes now wait.
func (s *Server) shut() {
	s.mu.Lock()
	s.open = make(chan struct{})
	s.mu.Unlock()
	s.idle()
}

// dial connects to the child as soon as it answers.
func (s *Server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := s.wait(ctx); err != nil {
			return nil, err
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", s.cfg.Socket)
		if err == nil || !pause(ctx, againAfter) {
			return conn, err
		}
	}
}

// unix is a dialer of one socket.
func unix(socket string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
}

// pause waits, or says that ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// supervise starts the child again whenever it ends, until ctx does. Clients are
// let in again once what the end has cut off is announced.
func (s *Server) supervise(ctx context.Context, p *child.Process) {
	for {
		select {
		case <-ctx.Done():
			s.idle()
			_ = p.Terminate(endTimeout)
			return
		case <-p.Done():
		}
		s.shut()
		s.cfg.Logger.Error("s3 ended; it is started again", "error", p.Wait())
		again := s.restart(ctx)
		if again == nil {
			return
		}
		p = again
		s.mu.Lock()
		close(s.open)
		s.mu.Unlock()
	}
}

// restart starts the child until it answers and has announced; nil: ctx has ended.
func (s *Server) restart(ctx context.Context) *child.Process {
	for {
		p, err := s.start(ctx)
		if err == nil {
			if _, err = s.reconcile(ctx); err == nil {
				return p
			}
			_ = p.Kill()
		}
		if !pause(ctx, againAfter) {
			return nil
		}
		s.cfg.Logger.Error("s3 does not start; it is tried again", "error", err)
	}
}
