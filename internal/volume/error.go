package volume

import "fmt"

// Error says why a scan cannot be used. Code is stable and machine readable
// (DESIGN.md §4, shared/research/imaging.md §2.3: bad_magic, truncated,
// too_large, …); Message is one sentence for the person who sent the scan and
// never carries a tag value, an entry name or a patient's identity.
type Error struct {
	Code    string
	Message string
	// Unsupported says that the scan is valid, but of a kind that this program does
	// not read.
	Unsupported bool
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Reject builds the Error for a scan at fault.
func Reject(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Unsupported builds the Error for a valid scan of a kind that is not read yet.
func Unsupported(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Unsupported: true}
}
