package cohort

import (
	"context"
	"sync"
)

// Budget says whether another scan may be sent without spending more than a cap. Spent is
// what the records of jobs that have ended say. A job under way is counted as dear as the
// dearest that has ended with a model, or as Least where that is more; until either is
// known, one is sent at a time. So the cap is exceeded at most by how much the scans under
// way together cost more than that.
type Budget struct {
	Cap   float64 // US dollars; 0: no cap
	Least float64 // US dollars a scan, for the reckoning; 0: found out

	mu      sync.Mutex
	changed chan struct{} // closed at each change
	spent   float64
	dearest float64
	known   bool
	flying  int
}

// Spent counts a job that ended before this run.
func (b *Budget) Spent(e End) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(e)
}

func (b *Budget) count(e End) {
	b.spent += e.CostUSD
	if b.dearest = max(b.dearest, e.CostUSD); e.Status == "ready" {
		b.known = true
	}
}

// Total is what was spent by jobs that have ended.
func (b *Budget) Total() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent
}

// Begin asks for leave to send a scan, and waits while what is under way decides over it.
// False says that the cap allows no more. After true End or Abandon must follow.
func (b *Budget) Begin(ctx context.Context) bool {
	for {
		b.mu.Lock()
		allowed, decided := b.decide()
		if allowed {
			b.flying++
		}
		if b.changed == nil {
			b.changed = make(chan struct{})
		}
		wait := b.changed
		b.mu.Unlock()
		if decided {
			return allowed
		}
		select {
		case <-ctx.Done():
			return false
		case <-wait:
		}
	}
}

func (b *Budget) decide() (allowed, decided bool) {
	each := max(b.dearest, b.Least)
	switch {
	case b.Cap <= 0:
		return true, true
	case !b.known && b.Least <= 0:
		// What a scan costs is not known: the first alone tells.
		return b.flying == 0 && b.spent < b.Cap, b.flying == 0
	case b.spent+float64(b.flying+1)*each <= b.Cap:
		return true, true
	}
	return false, b.flying == 0
}

// Resume counts a scan whose job was sent before this run: it is paid for in any case.
func (b *Budget) Resume() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flying++
}

// End counts a job that has ended.
func (b *Budget) End(e End) { b.leave(func() { b.count(e) }) }

// Abandon is for a scan that was not sent after all, or is no longer followed.
func (b *Budget) Abandon() { b.leave(func() {}) }

func (b *Budget) leave(how func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	how()
	b.flying--
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}
