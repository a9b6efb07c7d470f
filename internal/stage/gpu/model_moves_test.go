package gpu

import (
	"errors"
	"fmt"
	"slices"

	"github.com/iris-oculus/iris/internal/job"
)

// Kinds of bounded happenings, indices of world.used.
const (
	fault = iota
	abort
	retry
	warm
	budget
	intent
)

func (s *scenario) limits() [6]int {
	return [6]int{s.faults, s.aborts, s.retries, s.warms, s.budgets, s.intents}
}

// move is one thing that may happen next.
type move struct {
	label string
	next  world
}

// explorer collects the moves out of one world.
type explorer struct {
	s     *scenario
	moves []move
	names bool // whether labels are wanted
}

func (x *explorer) add(w world, format string, args ...any) {
	m := move{next: w}
	if x.names {
		m.label = fmt.Sprintf(format, args...)
	}
	x.moves = append(x.moves, m)
}

func (x *explorer) may(w *world, kind int) bool { return w.used[kind] < x.s.limits()[kind] }

// room says whether another invocation may begin.
func (x *explorer) room(w *world) bool { return len(w.running) < x.s.atOnce }

// expand lists everything that may happen in w, in a fixed order.
func (x *explorer) expand(w *world) []move {
	x.moves = x.moves[:0]
	for n := range w.running {
		x.invocation(w, n)
	}
	for j := range w.jobs[:x.s.jobs] {
		x.execution(w, j)
		x.upload(w, j)
	}
	x.settle(w)
	x.endpoint(w)
	x.janitor(w)
	x.people(w)
	x.clock(w)
	return x.moves
}

// invocation adds the moves of one invocation: its next call is made or refused, or it
// dies before the call.
func (x *explorer) invocation(w *world, n int) {
	i := w.running[n]
	due := i.run.Call()
	next := *w
	next.call(x.s, n, false)
	x.finish(&next, n)
	x.add(next, "%s: %s", x.who(i), x.what(i, due))
	if !x.may(w, fault) {
		return
	}
	if due.Kind == SetDesired && !i.asked {
		next = *w
		next.used[fault]++
		next.call(x.s, n, true)
		if i.owner == byJanitor {
			next.idle = min(next.idle, lingerTicks) // SageMaker refused: the period counts from here
		}
		x.finish(&next, n)
		x.add(next, "%s: set desired %d: refused", x.who(i), due.Desired)
	}
	next = *w
	next.used[fault]++
	next.drop(n)
	x.crashed(&next, i, true)
	x.add(next, "%s: dies before %s, and is repeated", x.who(i), x.what(i, due))
	if i.owner != byJanitor {
		next = *w
		next.used[fault]++
		next.died()
		next.drop(n)
		x.crashed(&next, i, false)
		x.add(next, "%s: dies before %s, for good", x.who(i), x.what(i, due))
	}
}

func (x *explorer) who(i invocation) string {
	if !x.names {
		return ""
	}
	name := map[int]string{byExecution: "", bySettle: "settle's ", byEvent: "an event's ", byJanitor: "the janitor's ", byPerson: "a person's ", byAPI: "the API's "}[i.owner]
	if i.owner == byAPI {
		return fmt.Sprintf("%s%s of %c", name, i.run.action, 'a'+i.job)
	}
	if i.owner == byExecution || i.owner == bySettle {
		return fmt.Sprintf("%s%s of %c%d", name, i.run.action, 'a'+i.job, i.attempt)
	}
	return name + i.run.action
}

func (x *explorer) what(i invocation, c Call) string {
	if !x.names {
		return ""
	}
	switch c.Kind {
	case ReadLease:
		return "read lease"
	case WriteLease:
		return fmt.Sprintf("write lease, holders %v, intents %v", c.Lease.Holders, c.Lease.Intents)
	case ReadCapacity:
		return "read capacity"
	}
	if x.s.lever == "bounds" && !i.asked {
		return "look at the endpoint"
	}
	return fmt.Sprintf("set desired %d", c.Desired)
}

// finish hands a Run that has ended to its owner.
func (x *explorer) finish(w *world, n int) {
	if w.running[n].run.Call().Kind != Finished {
		return
	}
	i := w.drop(n)
	out, err := i.run.Output(at(w.tick))
	again := err != nil && isBusy(err)
	w.judge(x.s, i, err)
	switch i.owner {
	case byExecution:
		x.advance(w, i, out, err)
	case bySettle:
		if again {
			w.died() // settle leaves the rest to the janitor
		}
	case byJanitor:
		switch {
		case err == nil:
			w.dirty = max(0, w.dirty-1)
		case again:
			w.died() // the next sweep
		default:
			w.sweep = true // a conflict: the sweep begins again
		}
	case byEvent, byPerson:
		switch {
		case again:
			w.died() // the next event or the janitor
		case errors.Is(err, job.ErrLeaseConflict):
			w.events = 1 // the sweep begins again
		}
	case byAPI:
		if again {
			w.died() // nobody waits for it: the next event or the janitor
		}
	}
}

// judge notes what an invocation must not leave behind, where nobody has written the
// lease since it read it.
func (w *world) judge(s *scenario, i invocation, err error) {
	if err != nil || w.lease.Generation != i.run.lease.Generation || w.lease.Blocked {
		return
	}
	now := at(w.tick)
	switch i.run.action {
	case job.ActionForget:
		if w.lease.Empty() && !w.lease.Intended(now) && !w.lease.ParkAt.After(now) && awake(w.capacity(s)) {
			w.broken = "an upload was given up, nobody else needs the GPU, and it is not put to sleep"
		}
	case job.ActionAcquire:
		if slices.ContainsFunc(w.lease.Intents, intentOf(jobOf(i.run.holder))) {
			w.broken = "a job holds the GPU, and its upload still keeps it awake"
		}
	}
}

// crashed is what a dead invocation's owner does.
func (x *explorer) crashed(w *world, i invocation, repeat bool) {
	switch i.owner {
	case byExecution:
		e := &w.jobs[i.job]
		if e.attempt != i.attempt || e.pc == closed {
			return // nobody waited for it
		}
		if repeat {
			e.again = true
			return
		}
		switch e.pc {
		case acquiring, waiting: // caught: settle, release
			e.pc, e.again = releasing, true
		case releasing: // caught: park_at is now
			e.pc, e.parkAt = lingering, w.tick
		case parking:
			e.pc = closed
		}
	case bySettle:
		if repeat {
			w.settles = append(slices.Clone(w.settles), i.job*2+i.attempt-1)
		}
	case byJanitor:
		w.sweep = true
	case byEvent:
		if repeat {
			w.events = 1
		}
	case byPerson:
		if repeat {
			w.begin(x.s, byPerson, 0, 0, NewRun(x.s.policy(), i.run.action, ""))
		}
	case byAPI: // Lambda repeats it, if at all
		if e := &w.jobs[i.job]; repeat && i.run.action == job.ActionIntend {
			e.intends = true
		} else if repeat {
			e.forgets = true
		}
	}
}

// advance moves an execution on by what its task answered.
func (x *explorer) advance(w *world, i invocation, out job.GPUOutput, err error) {
	e := &w.jobs[i.job]
	if e.attempt != i.attempt || e.pc == closed {
		return
	}
	if err != nil && isBusy(err) && e.pc != releasing {
		e.again = true
		return
	}
	until := w.tick
	for at(until).Format("2006-01-02T15:04:05Z07:00") < out.ParkAt {
		until++
	}
	switch e.pc {
	case acquiring:
		e.pc = waiting  // its request is queued: a crash before that repeats the task
		if err != nil { // a budget stop
			e.pc, e.again = releasing, true
		}
	case releasing:
		e.pc, e.parkAt = lingering, until
		if err != nil {
			e.parkAt = w.tick
		}
	case parking:
		e.pc = closed
		if out.Empty && until > w.tick {
			e.pc, e.parkAt = lingering, until
		}
	}
}
