// Package clock is time as the one-machine stack sees it: real for people, or
// virtual, so that a Wait of minutes takes no time in a test.
package clock

import (
	"sync"
	"time"
)

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

// Virtual stands still until Advance moves it. Make one with NewVirtual.
type Virtual struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*virtualTimer]struct{}
}

type virtualTimer struct {
	at   time.Time
	fire chan time.Time
}

// NewVirtual starts a virtual clock at now.
func NewVirtual(now time.Time) *Virtual {
	return &Virtual{now: now, timers: map[*virtualTimer]struct{}{}}
}

// Now is the virtual time.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// After fires when Advance has moved the clock by d.
func (v *Virtual) After(d time.Duration) (<-chan time.Time, func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := &virtualTimer{at: v.now.Add(d), fire: make(chan time.Time, 1)}
	if d <= 0 {
		t.fire <- v.now
		return t.fire, func() {}
	}
	v.timers[t] = struct{}{}
	return t.fire, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.timers, t)
	}
}

// Advance moves the clock and fires every timer that is due.
func (v *Virtual) Advance(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(d)
	for t := range v.timers {
		if !t.at.After(v.now) {
			t.fire <- v.now
			delete(v.timers, t)
		}
	}
}

// Next is the time of the earliest timer, false when nobody waits.
func (v *Virtual) Next() (time.Time, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var next time.Time
	for t := range v.timers {
		if next.IsZero() || t.at.Before(next) {
			next = t.at
		}
	}
	return next, !next.IsZero()
}
