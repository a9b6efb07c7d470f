package job

import (
	"errors"
	"fmt"

	"github.com/iris-oculus/iris/internal/volume"
)

// The state machine matches the named errors by their Go type names, so these names
// are part of the workflow's contract. Package edge returns them without wrapping.

// RejectedError says that the scan is at fault. Code is stable, Message is for the
// scan's owner.
type RejectedError struct{ Code, Message string }

// UnsupportedError says that the scan is valid, but of a kind that is not read yet.
type UnsupportedError struct{ Code, Message string }

// BusyError says that the same call may succeed later.
type BusyError struct{ Message string }

// EndpointFailedError says that the model server or its endpoint failed at a valid request.
type EndpointFailedError struct{ Message string }

// BudgetError says that a budget stop is in force, so that the GPU is not woken.
type BudgetError struct{ Message string }

func (e *RejectedError) Error() string       { return e.Code + ": " + e.Message }
func (e *UnsupportedError) Error() string    { return e.Code + ": " + e.Message }
func (e *BusyError) Error() string           { return e.Message }
func (e *EndpointFailedError) Error() string { return e.Message }
func (e *BudgetError) Error() string         { return e.Message }

// Reject builds a RejectedError.
func Reject(code, format string, args ...any) *RejectedError {
	return &RejectedError{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Named finds the outermost named error in err's chain, nil when there is none.
// A *volume.Error, which says the same without knowing jobs, becomes a
// RejectedError or an UnsupportedError with its code.
func Named(err error) error {
	var fault *volume.Error
	var rejected *RejectedError
	var unsupported *UnsupportedError
	var busy *BusyError
	var endpoint *EndpointFailedError
	var budget *BudgetError
	switch {
	case errors.As(err, &rejected):
		return rejected
	case errors.As(err, &unsupported):
		return unsupported
	case errors.As(err, &busy):
		return busy
	case errors.As(err, &endpoint):
		return endpoint
	case errors.As(err, &budget):
		return budget
	case errors.As(err, &fault) && fault.Unsupported:
		return &UnsupportedError{Code: fault.Code, Message: fault.Message}
	case errors.As(err, &fault):
		return &RejectedError{Code: fault.Code, Message: fault.Message}
	}
	return nil
}
