package stack

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/local/backup"
)

// serveBackups answers on a socket of this user's with a backup of the running stack.
func (s *Stack) serveBackups(v *services) error {
	path := s.state.socket("backup")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // of a stack that was killed
		return fmt.Errorf("listen for backups: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("listen for backups: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(fmt.Errorf("listen for backups: %w", err), l.Close())
	}
	s.Backup = path
	var one sync.Mutex
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !one.TryLock() {
			http.Error(w, "another backup is being made", http.StatusConflict)
			return
		}
		defer one.Unlock()
		held, err := s.hold(v)
		if err != nil {
			s.cfg.Logger.Error("a backup cannot be made", "error", err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		err = held.Write(w, s.cfg.Clock.Now())
		if err = errors.Join(err, held.Close()); err != nil {
			s.cfg.Logger.Warn("a backup broke off", "error", err)
			panic(http.ErrAbortHandler) // who reads it sees that it is not whole
		}
	})}
	go func() { _ = server.Serve(l) }()
	s.closing(server.Close)
	return nil
}

// hold takes the state of everything at one moment, as kill -9 would leave it: the
// processes of the objects and of the job table stand still, and no batch is written to the
// store. What was under way then goes on from there, as after a crash.
func (s *Stack) hold(v *services) (held *backup.Held, err error) {
	err = s.store.Frozen(func(write func(io.Writer) error) (err error) {
		for _, pause := range []func() (func() error, error){v.s3.Pause, v.dynamo.Pause} {
			resume, failed := pause()
			if failed != nil {
				return failed
			}
			defer func() { err = errors.Join(err, resume()) }()
		}
		held, err = backup.Hold(s.state.root, write)
		return err
	})
	if err != nil && held != nil {
		err = errors.Join(err, held.Close())
	}
	return held, err
}

// BackUp writes a backup of a state folder that no stack runs on. Whoever runs one asks its
// socket instead.
func BackUp(state string, w io.Writer) error {
	if _, err := os.Stat(filepath.Join(state, "store.db")); err != nil {
		return errors.New("not_found: there is no state in this folder: name it with --state")
	}
	free, err := lock(state, ending)
	if err != nil {
		return err
	}
	defer free.Close()
	if err := backup.Tidy(state); err != nil {
		return err
	}
	held, err := backup.Hold(state, nil)
	if err != nil {
		return err
	}
	return errors.Join(held.Write(w, time.Now()), held.Close())
}

// Restore makes a state folder of a backup. A folder that a stack runs on is refused
// (*InUseError), one that holds a state, too, unless it is to be replaced.
func Restore(r io.ReaderAt, size int64, state string, replace bool) (before string, err error) {
	if _, err := os.Stat(filepath.Join(state, "lock")); err == nil {
		free, err := lock(state, ending)
		if err != nil {
			return "", err
		}
		defer free.Close()
	}
	return backup.Restore(r, size, state, replace)
}
