//go:build !windows

package cohort

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// openAlone opens a file that no other process may have open in this way. The system gives
// it back when the process ends, however it ends.
func openAlone(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, errors.Join(&Error{Code: "ledger_in_use", Message: "another `iris cohort` works with this ledger: wait for it, or name another with --ledger"}, f.Close())
	case err != nil && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOLCK): // a network's folder may know no locks
		return nil, errors.Join(fmt.Errorf("open the ledger: %w", err), f.Close())
	}
	return f, nil
}
