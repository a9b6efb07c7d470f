package job

import (
	"errors"
	"slices"
	"time"
)

// Lease says who needs the GPU now. The zero value is an absent record, with no holder
// and no time to park. Values are shared, so nothing changes Holders in place.
type Lease struct {
	Holders    []string  // execution names, sorted, each once
	Generation int64     // is one more after every write
	ParkAt     time.Time // when an unheld GPU goes to sleep; whole seconds
	Blocked    bool      // a budget stop is in force: capacity 0, whatever the holders
	Intents    []Intent  // by job, each once
	// Order has the holders in the order in which they came, for people: nothing is decided
	// on it. A holder that it lacks came before all others, by an earlier version.
	Order []string
}

// Intent keeps the GPU awake for a scan that is being uploaded. It ends when the scan's
// execution acquires the GPU, when the upload is given up, and at Until in any case.
type Intent struct {
	Job   string    // its id
	Until time.Time // whole seconds
}

// Intended says whether a scan is on its way at now.
func (l Lease) Intended(now time.Time) bool {
	return slices.ContainsFunc(l.Intents, func(i Intent) bool { return i.Until.After(now) })
}

// ErrLeaseConflict says that somebody else has written the lease since it was read.
var ErrLeaseConflict = errors.New("the lease has changed since it was read")

// Holds says whether name holds the lease.
func (l Lease) Holds(name string) bool {
	_, found := slices.BinarySearch(l.Holders, name)
	return found
}

// Ahead counts the holders that came before name, those whose work is under way among
// them; false where name holds nothing.
func (l Lease) Ahead(name string) (n int, holds bool) {
	if !l.Holds(name) {
		return 0, false
	}
	later := len(l.Order) - 1 - slices.Index(l.Order, name)
	return len(l.Holders) - 1 - later, true
}

// Empty says whether nobody holds the lease.
func (l Lease) Empty() bool { return len(l.Holders) == 0 }

// Capacity describes the GPU endpoint. Desired is the number of instances that it is
// told to run. The number that run is of no use here, because some of them may be about
// to end. Bound is the most that the lever allows: with lever weights it is Desired, and
// with lever bounds the scalable target's maximum, which changes at the call while
// Desired follows later.
type Capacity struct {
	Desired int
	Bound   int
}
