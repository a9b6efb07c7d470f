package gpu

import (
	"slices"

	"github.com/iris-oculus/iris/internal/job"
)

// execution adds the moves of a job: it arrives, its task is invoked again, it waits, it
// is aborted or attempted a second time.
func (x *explorer) execution(w *world, j int) {
	e := w.jobs[j]
	s := x.s
	room := x.room(w)
	start := func(next *world, action string) {
		name := next.name(s, j, next.jobs[j].attempt)
		next.jobs[j].again = false
		next.begin(s, byExecution, j, next.jobs[j].attempt, NewRun(s.policy(), action, name))
	}
	switch {
	case e.pc == announced:
		return // see upload
	case e.pc == absent:
		if !room || j > 0 && w.jobs[j-1].pc == absent {
			return // jobs are alike: they arrive in order
		}
		next := *w
		next.jobs[j] = execution{pc: acquiring, attempt: 1}
		start(&next, job.ActionAcquire)
		x.add(next, "job %c arrives", 'a'+j)
		if w.nevers < s.nevers {
			next = *w
			next.nevers++
			next.jobs[j] = execution{pc: releasing, attempt: 1, never: true}
			start(&next, job.ActionRelease)
			x.add(next, "job %c arrives and is rejected at once", 'a'+j)
		}
		return
	case e.pc == closed:
		if room && x.may(w, retry) && e.attempt == 1 && !e.never {
			next := *w
			next.used[retry]++
			next.jobs[j] = execution{pc: acquiring, attempt: 2, intends: e.intends, until: e.until}
			start(&next, job.ActionAcquire)
			x.add(next, "job %c is attempted again", 'a'+j)
		}
		return
	case e.again && room:
		next := *w
		start(&next, map[int]string{acquiring: job.ActionAcquire, releasing: job.ActionRelease, parking: job.ActionPark}[e.pc])
		x.add(next, "%c%d invokes again", 'a'+j, e.attempt)
	case e.pc == waiting && room:
		x.answer(w, j, start)
	case e.pc == lingering && e.parkAt <= w.tick && room:
		next := *w
		next.jobs[j].pc = parking
		start(&next, job.ActionPark)
		x.add(next, "%c%d parks", 'a'+j, e.attempt)
	}
	if x.may(w, abort) && e.pc != announced {
		next := *w
		next.used[abort]++
		next.jobs[j].pc, next.jobs[j].again = closed, false
		next.settles = append(slices.Clone(w.settles), j*2+e.attempt-1)
		x.add(next, "%c%d is aborted", 'a'+j, e.attempt)
	}
}

// upload adds the moves of a job whose scan is uploaded by the API's client: it is
// announced, comes, is cancelled, or nothing is heard of it any more. The API's messages
// to the gpu function may come late and overtake each other.
func (x *explorer) upload(w *world, j int) {
	e := w.jobs[j]
	id := string([]byte{'a' + byte(j)})
	if e.pc == absent && x.may(w, intent) && (j == 0 || w.jobs[j-1].pc != absent) {
		next := *w
		next.used[intent]++
		next.jobs[j] = execution{pc: announced, intends: true, until: w.tick + intentTicks}
		x.add(next, "the upload of job %s is announced", id)
	}
	if e.pc == announced {
		if x.room(w) {
			next := *w
			next.jobs[j].pc, next.jobs[j].attempt = acquiring, 1
			next.begin(x.s, byExecution, j, 1, NewRun(x.s.policy(), job.ActionAcquire, w.name(x.s, j, 1)))
			x.add(next, "the upload of job %s has come", id)
		}
		next := *w
		next.jobs[j].pc = closed
		x.add(next, "the upload of job %s dies", id)
		next.jobs[j].forgets = true
		x.add(next, "the upload of job %s is cancelled", id)
	}
	if e.intends && x.room(w) {
		next := *w
		next.jobs[j].intends = false
		next.begin(x.s, byAPI, j, 0, NewIntent(x.s.policy(), id, at(e.until)))
		x.add(next, "the API's intent of job %s arrives", id)
	}
	if e.forgets && x.room(w) {
		next := *w
		next.jobs[j].forgets = false
		next.begin(x.s, byAPI, j, 0, NewRun(x.s.policy(), job.ActionForget, id))
		x.add(next, "the API's end of the intent of job %s arrives", id)
	}
}

// answer adds the moves of a waiting execution's request: it is answered, and the
// message arrives once, never, or more often, which has no effect because the token is
// settled.
func (x *explorer) answer(w *world, j int, start func(*world, string)) {
	e := w.jobs[j]
	release := func(next *world, label string) {
		next.jobs[j].pc, next.jobs[j].served, next.jobs[j].lost = releasing, false, false
		start(next, job.ActionRelease)
		x.add(*next, label, 'a'+j, e.attempt)
	}
	next := *w
	switch {
	case w.lease.Blocked && !e.served:
		release(&next, "%c%d fails by the budget stop")
	case e.lost:
		// only the janitor finds it
	case w.gpu.current > 0 && !e.served:
		release(&next, "%c%d is answered")
		if x.may(w, fault) {
			next = *w
			next.used[fault]++
			next.jobs[j].served, next.jobs[j].lost = true, true
			x.add(next, "%c%d is answered, and the message is lost", 'a'+j, e.attempt)
		}
	}
}

// settle adds the moves of the rule on aborted executions: it releases the lease, or its
// event is lost.
func (x *explorer) settle(w *world) {
	if !x.room(w) {
		return
	}
	for n, id := range w.settles {
		j, attempt := id/2, id%2+1
		next := *w
		next.settles = slices.Delete(slices.Clone(w.settles), n, n+1)
		lost := next
		next.begin(x.s, bySettle, j, attempt, NewRun(x.s.policy(), job.ActionRelease, w.name(x.s, j, attempt)))
		x.add(next, "settle hears that %c%d was aborted", 'a'+j, attempt)
		if x.may(w, fault) {
			lost.used[fault]++
			lost.died()
			x.add(lost, "nobody hears that %c%d was aborted", 'a'+j, attempt)
		}
	}
}

// endpoint adds the moves of the endpoint: an update ends, a scaling activity acts,
// target tracking changes the capacity.
func (x *explorer) endpoint(w *world) {
	if w.gpu.updating {
		next := *w
		next.gpu.updating, next.gpu.owed, next.gpu.current = false, false, w.gpu.desired
		lost := next
		next.events = 1 // several that wait are as good as one
		x.add(next, "the endpoint is InService with %d", w.gpu.desired)
		if x.may(w, fault) {
			lost.used[fault]++
			if w.gpu.owed {
				lost.died() // else the lease must not depend on the event
			}
			x.add(lost, "the endpoint is InService with %d, and the event is lost", w.gpu.desired)
		}
	}
	if w.events > 0 && x.room(w) {
		next := *w
		next.events--
		dead := w.dead() // settle sweeps at an event too
		next.begin(x.s, byEvent, 0, 0, NewDrop(x.s.policy(), w.lease, dead))
		x.add(next, "the endpoint's event arrives; dead %v", dead)
	}
	if w.gpu.activity {
		next := *w
		next.gpu.activity = false
		next.gpu.owed = w.gpu.owed || w.gpu.updating
		if !w.gpu.updating && w.outside() {
			if w.gpu.bound == 0 {
				next.resize(0)
			} else {
				next.resize(1)
			}
		}
		if next.gpu.desired == 0 {
			next.idle = 0
		}
		x.add(next, "the scaling activity acts; updating %v", w.gpu.updating)
	}
	if x.s.lever == "bounds" && w.tracking < x.s.tracking && w.gpu.bound > 0 && w.gpu.desired > 0 && !w.gpu.updating && !w.gpu.activity {
		next := *w
		next.tracking++
		next.resize(modelMax + 1 - w.gpu.desired)
		x.add(next, "target tracking sets %d", next.gpu.desired)
	}
}

// dead are the holders whose execution is closed.
func (w *world) dead() (names []string) {
	for _, holder := range w.lease.Holders {
		j, attempt := int(holder[0]-'a'), int(holder[2]-'0')
		if e := w.jobs[j]; e.attempt > attempt || e.pc == closed {
			names = append(names, holder)
		}
	}
	return names
}

// janitor adds the janitor's moves: it sweeps when it is due, and completes tokens whose
// message was lost.
func (x *explorer) janitor(w *world) {
	if !w.sweep || w.sweeping() || !x.room(w) {
		return
	}
	next := *w
	next.sweep = false
	dead := w.dead()
	for j := range next.jobs {
		if e := &next.jobs[j]; e.lost {
			e.pc, e.again, e.served, e.lost = releasing, true, false, false
		}
	}
	next.begin(x.s, byJanitor, 0, 0, NewDrop(x.s.policy(), w.lease, dead))
	x.add(next, "the janitor sweeps; dead %v", dead)
}

// people adds the moves of people: somebody warms the GPU, a budget stop comes and is
// lifted.
func (x *explorer) people(w *world) {
	ask := func(kind int, action string) {
		next := *w
		if kind >= 0 {
			next.used[kind]++
		}
		next.begin(x.s, byPerson, 0, 0, NewRun(x.s.policy(), action, ""))
		x.add(next, "a person or an alarm: %s", action)
	}
	if !x.room(w) || slices.ContainsFunc(w.running, func(i invocation) bool { return i.owner == byPerson }) {
		return
	}
	if x.may(w, warm) {
		ask(warm, job.ActionWarm)
	}
	if x.may(w, budget) && !w.lease.Blocked {
		ask(budget, job.ActionBudget)
	}
	if w.lease.Blocked {
		ask(-1, job.ActionUnblock)
	}
}

// clock adds a tick, which passes once everything that is due has happened. Moves that
// wait for an update may wait over a tick; an update lasts two at most.
func (x *explorer) clock(w *world) {
	if len(w.running) > 0 || w.events > 0 || len(w.settles) > 0 || w.sweep || w.gpu.activity || w.gpu.updating && w.gpu.since < w.tick {
		return
	}
	for _, e := range w.jobs {
		if e.again && !w.gpu.updating || e.pc == lingering && e.parkAt <= w.tick {
			return
		}
	}
	next := *w
	next.tick++
	next.sweep = next.tick%janitorTicks == 0
	switch {
	case w.gpu.desired == 0 || !w.lease.Empty() || w.lease.Intended(at(w.tick)):
		next.idle = 0
	case !w.gpu.updating:
		next.idle++
	}
	x.add(next, "a tick passes")
}
