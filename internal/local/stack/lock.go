package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// InUseError: another process runs a stack on the same state folder.
type InUseError struct {
	State string
	PID   string // empty: unknown
}

func (e *InUseError) Error() string {
	who := "another `iris up`"
	if e.PID != "" {
		who += " (process " + e.PID + ")"
	}
	return fmt.Sprintf("state folder %s is in use by %s: stop it, or give --state another folder", e.State, who)
}

// ending is how long a stack waits for another one on the same folder: the system gives
// the folder back only when it has freed the memory of a killed process, which may be a
// moment after whoever killed it starts the next one.
const ending = 5 * time.Second

// lock takes the state folder for this process, and waits so long for one that is just
// ending. The system gives it back when the process ends, however it ends.
func lock(state string, wait time.Duration) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(state, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock state folder: %w", err)
	}
	const pause = 20 * time.Millisecond
	for ; ; wait -= pause {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || wait <= 0 {
			break
		}
		time.Sleep(pause)
	}
	if err != nil {
		pid, _ := os.ReadFile(f.Name())
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &InUseError{State: state, PID: strings.TrimSpace(string(pid))}
		}
		return nil, fmt.Errorf("lock state folder: %w", err)
	}
	pid := []byte(strconv.Itoa(os.Getpid()) + "\n")
	if err := errors.Join(f.Truncate(0), writeAt(f, pid)); err != nil {
		return nil, errors.Join(fmt.Errorf("lock state folder: %w", err), f.Close())
	}
	return f, nil
}

func writeAt(f *os.File, b []byte) error {
	_, err := f.WriteAt(b, 0)
	return err
}

// Holder says whether a running stack holds a state folder, and its process where it is
// known. It takes nothing and changes nothing.
func Holder(state string) (pid string, held bool, err error) {
	f, err := os.Open(filepath.Join(state, "lock"))
	if errors.Is(err, os.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look at the state folder's lock: %w", err)
	}
	defer f.Close()
	// A shared lock, which goes with the file, is refused as long as a stack has its own.
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); {
	case err == nil:
		return "", false, nil
	case !errors.Is(err, syscall.EWOULDBLOCK):
		return "", false, fmt.Errorf("look at the state folder's lock: %w", err)
	}
	text, _ := os.ReadFile(f.Name())
	return strings.TrimSpace(string(text)), true, nil
}
