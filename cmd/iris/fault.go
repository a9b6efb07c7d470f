package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
)

// coded gives a failure of the operating system the code that every line about a
// failure begins with, and leaves out paths, which may name a patient. Errors that
// have a code already come back as they are.
func coded(doing string, err error) error {
	var exit *exitError
	var scan *volume.Error
	if err == nil || errors.As(err, &exit) || errors.As(err, &scan) || job.Named(err) != nil {
		return err
	}
	var fault *codedError
	if errors.As(err, &fault) {
		return err
	}
	return &codedError{code: codeOf(err), err: withoutPath(doing, err)}
}

// codedError is a failure with a code.
type codedError struct {
	code string
	err  error
}

func (e *codedError) Error() string { return e.code + ": " + e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// failure is an error with a code, whose advice the list of codes has.
func failure(code, format string, args ...any) error {
	return &codedError{code: code, err: fmt.Errorf(format, args...)}
}

func codeOf(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return "not_found"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "not_allowed"
	case errors.Is(err, syscall.EISDIR):
		return "not_a_file"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "disk_full"
	}
	if code := systemCode(err); code != "" {
		return code
	}
	return "io_error"
}

// withoutPath is an error that says what was being done and names no path.
func withoutPath(doing string, err error) error {
	var at *fs.PathError
	var move *os.LinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &at):
		err = at.Err
	case errors.As(err, &move):
		err = move.Err
	}
	return fmt.Errorf("%s: %w", doing, err)
}
