package cohort

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// openAlone opens a file that no other process may have open. The system gives it back
// when the process ends, however it ends.
func openAlone(path string) (*os.File, error) {
	const sharingViolation = syscall.Errno(32)
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, sharingViolation):
		return nil, &Error{Code: "ledger_in_use", Message: "another `iris cohort` works with this ledger: wait for it, or name another with --ledger"}
	case err != nil:
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	return os.NewFile(uintptr(h), path), nil
}
