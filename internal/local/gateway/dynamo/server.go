// Package dynamo is DynamoDB on one machine: npm dynalite as a child process
// over files. In: DynamoDB requests, their signature already checked. Out: its
// answers; what comes while the child starts (again) waits for it, and gets an
// error that SDKs retry when that takes too long. The tables
// of the template are made at start, and items whose time has passed are
// deleted by a sweep. Not there: transactions, PartiQL, streams.
package dynamo

import (
	"context"
	_ "embed" // the child's program
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iris-oculus/iris/internal/local/child"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/template"
)

//go:embed dynalite.js
var program string

const (
	startTimeout = 20 * time.Second
	tryTimeout   = 3 * time.Second // for one start; a lock of a dying predecessor passes sooner
	againAfter   = 200 * time.Millisecond
	endTimeout   = 3 * time.Second
)

// Config is what a Server needs. Socket is where the child listens, a path
// short enough for a Unix socket, in a folder of ours alone: the child does not
// check signatures. Modules is the folder with npm's packages.
type Config struct {
	Dir     string
	Socket  string
	Modules string
	Region  string
	Tables  []template.Table
	Clock   clock.Clock
	Logger  *slog.Logger
}

// Server is a running DynamoDB. Make one with New.
type Server struct {
	cfg       Config
	transport *http.Transport
	stop      context.CancelFunc
	child     atomic.Pointer[child.Process]
	loops     sync.WaitGroup
}

// New starts the child, makes the tables and begins to sweep.
func New(ctx context.Context, cfg Config) (*Server, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("dynamodb folder: %w", err)
	}
	cfg.Dir = dir
	if err := prepare(dir); err != nil {
		return nil, fmt.Errorf("dynamodb folder: %w", err)
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", cfg.Socket)
		},
		DisableCompression:  true,
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     30 * time.Second, // less than the child's
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{cfg: cfg, transport: transport, stop: stop}
	p, err := s.start(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	s.loops.Go(func() { s.supervise(running, p) })
	for _, t := range cfg.Tables {
		if err := s.ensure(ctx, t); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if err := os.WriteFile(filepath.Join(dir, made), nil, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("dynamodb folder: %w", err), s.Close())
	}
	s.loops.Go(func() { s.sweep(running) })
	return s, nil
}

// made marks a folder whose tables were all made once.
const made = "made"

// prepare makes the folder. A database that ended while its tables were being
// made holds nothing and may never finish them, so it is begun again.
func prepare(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, made)); errors.Is(err, fs.ErrNotExist) {
		if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(dir, "data"), 0o700)
}

// start runs the child until it answers. A predecessor that was killed may hold
// the database's lock for a moment, so there are several tries.
func (s *Server) start(ctx context.Context) (*child.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		said := &firstLines{}
		p, err := child.Start(child.Spec{
			Path: "node", Args: []string{"-e", program, filepath.Join(s.cfg.Modules, "dynalite"), filepath.Join(s.cfg.Dir, "data"), s.cfg.Socket},
			Env: []string{"PATH=" + os.Getenv("PATH"), "NODE_OPTIONS=--max-old-space-size=512"},
			Dir: filepath.Dir(s.cfg.Socket), Stdout: said, Stderr: said, Lifeline: true,
		})
		if err != nil {
			return nil, fmt.Errorf("start dynamodb: %w", err)
		}
		s.child.Store(p)
		failed := s.answers(ctx, p)
		if failed == nil {
			return p, nil
		}
		_ = p.Kill()
		if !pause(ctx, againAfter) {
			return nil, fmt.Errorf("start dynamodb: %w: %s", failed, said)
		}
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

// answers waits until the child lists its tables.
func (s *Server) answers(ctx context.Context, p *child.Process) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	for {
		err := s.call(ctx, "ListTables", struct{}{}, &struct{}{})
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return fmt.Errorf("dynalite ended: %w", errors.Join(p.Wait(), err))
		case <-ctx.Done():
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// supervise starts the child again whenever it ends, until ctx does. It ends by
// itself when it cannot write: then it comes back once the disk has room.
func (s *Server) supervise(ctx context.Context, p *child.Process) {
	for {
		select {
		case <-ctx.Done():
			s.transport.CloseIdleConnections()
			_ = p.Terminate(endTimeout)
			return
		case <-p.Done():
		}
		s.cfg.Logger.Error("dynalite ended; it is started again", "error", p.Wait())
		for {
			again, err := s.start(ctx)
			if err == nil {
				p = again
				break
			}
			if ctx.Err() != nil {
				return
			}
			s.cfg.Logger.Error("dynalite does not start; it is tried again", "error", err)
		}
	}
}

// Pause stops the child until resume is called, which says whether it was the same child
// all the time.
func (s *Server) Pause() (resume func() error, err error) {
	return child.PauseCurrent(&s.child, "dynalite")
}

// Close ends the child.
func (s *Server) Close() error {
	s.stop()
	s.loops.Wait()
	return nil
}

// firstLines keeps the beginning of what the child says: why it does not start.
// It prints no items.
type firstLines struct {
	mu   sync.Mutex
	text []byte
}

const maxSaid = 512

func (f *firstLines) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text = append(f.text, b[:min(len(b), maxSaid-len(f.text))]...)
	return len(b), nil
}

func (f *firstLines) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(strings.Fields(string(f.text)), " ")
}
