package sagemaker

import "time"

// step does everything that is due at now, for every endpoint, and says when
// something will be due next; zero: not before something changes.
func (s *Service) step(now time.Time) (next time.Time) {
	for _, e := range s.endpoints {
		s.act(e, now)
		s.evolve(e, now)
		s.expire(e, now)
		s.overrun(e, now)
		s.settle(e, now)
		s.dispatch(e, now)
		s.evaluate(e, now)
		next = earlier(next, e.due(now))
	}
	return next
}

// evolve moves instances on: containers of provisioned ones are started, ended
// ones are gone.
func (s *Service) evolve(e *endpoint, now time.Time) {
	kept := e.instances[:0]
	for _, i := range e.instances {
		if i.state == provisioning && !now.Before(i.due) {
			i.state = booting
			s.world.boot(e, i.id)
		}
		if i.state == stopping && i.halted && !now.Before(i.due) {
			continue
		}
		kept = append(kept, i)
	}
	clear(e.instances[len(kept):])
	e.instances = kept
}

// due is when the endpoint needs the next step by itself.
func (e *endpoint) due(now time.Time) (next time.Time) {
	for _, a := range e.Activities {
		if a.Status == activityPending {
			next = earlier(next, a.Due)
		}
	}
	for _, i := range e.instances {
		if i.state == provisioning || i.state == stopping && i.due.After(now) {
			next = earlier(next, i.due)
		}
	}
	for _, r := range e.queue {
		if r.instance == 0 && !r.leaving {
			next = earlier(next, r.Expires)
		} else if !r.leaving {
			next = earlier(next, r.deadline)
		}
	}
	return earlier(next, e.sampleAt)
}

// earlier is the earlier of two times, where zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
