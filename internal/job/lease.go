package job

import (
	"errors"
	"slices"
	"time"
)

// Lease says who needs the GPU now. The zero value is an absent record: nobody,
// never armed. Values are shared freely, so nothing changes Holders in place.
type Lease struct {
	Holders    []string  // execution names, sorted, each once
	Generation int64     // +1 on every write
	ParkAt     time.Time // when an unheld GPU goes to sleep; whole seconds
	Blocked    bool      // a budget stop: capacity 0 whoever holds
}

// ErrLeaseConflict says that somebody else has written the lease since it was read.
var ErrLeaseConflict = errors.New("the lease has changed since it was read")

// Holds says whether name holds the lease.
func (l Lease) Holds(name string) bool {
	_, found := slices.BinarySearch(l.Holders, name)
	return found
}

// Empty: nobody holds the lease.
func (l Lease) Empty() bool { return len(l.Holders) == 0 }

// Capacity is what is known of the GPU endpoint. Desired is what it is told to
// run (never what runs: an instance on its way out helps nobody). Bound is the
// most that the lever allows: with lever weights that is Desired; with bounds
// it is the scalable target's maximum, which changes at the call while Desired
// follows later.
type Capacity struct {
	Desired int
	Bound   int
}
