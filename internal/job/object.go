package job

import (
	"errors"
	"time"
)

// Object is what is known of a stored object without reading it. Metadata holds
// the user metadata with lower-case names, without x-amz-meta-.
type Object struct {
	Key      string
	Size     int64
	ETag     string
	Modified time.Time
	Metadata map[string]string
}

// ErrNotFound says that there is no such object or job. Stores wrap it.
var ErrNotFound = errors.New("not found")

// ErrStale says that the job has moved on (another attempt, an ending, an erasure), so a
// stage must write nothing and end quietly. Stores wrap it.
var ErrStale = errors.New("the job has moved on")

// ErrReplaced says that the object is not the one that was taken, but a later one under
// its key. Stores wrap it.
var ErrReplaced = errors.New("the object has been replaced")
