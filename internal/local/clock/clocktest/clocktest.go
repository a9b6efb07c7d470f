// Package clocktest is a clock.Clock for tests, which moves only when it is told to.
package clocktest

import (
	"sync"
	"time"
)

// Clock stands still until Advance moves it. Make one with New.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*virtualTimer]struct{}
}

type virtualTimer struct {
	at   time.Time
	fire chan time.Time
}

// New starts a virtual clock at now.
func New(now time.Time) *Clock {
	return &Clock{now: now, timers: map[*virtualTimer]struct{}{}}
}

// Now is the virtual time.
func (v *Clock) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// After fires when Advance has moved the clock by d.
func (v *Clock) After(d time.Duration) (<-chan time.Time, func()) {
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
func (v *Clock) Advance(d time.Duration) {
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
func (v *Clock) Next() (time.Time, bool) {
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
