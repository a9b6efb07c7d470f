// Package clock is time as the one-machine stack sees it: the machine's for people,
// and clocktest's in tests, where a Wait of minutes takes no time.
package clock

import "time"

// Clock tells the time and wakes whoever waits for it.
type Clock interface {
	Now() time.Time
	// After delivers once, when d has passed; d ≤ 0 delivers at once. stop
	// releases the timer; it is safe to call more than once.
	After(d time.Duration) (fire <-chan time.Time, stop func())
}

// Real is the machine's clock.
type Real struct{}

// Now is time.Now.
func (Real) Now() time.Time { return time.Now() }

// After is time.NewTimer.
func (Real) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
