package gpu

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// The world that the explorer walks: the lease, an endpoint behind either
// lever, executions of the workflow, the janitor, endpoint events, people and
// faults. Runs are the product's own; everything around them is as permissive
// as AWS's documents allow. Time is in ticks: a tick passes only when every
// invocation has finished and everything that is due has happened, so an
// invocation is short beside the linger (a Lambda's seconds against minutes).

const (
	lingerTicks  = 1
	janitorTicks = 2
	intentTicks  = 2 // how long an upload keeps the GPU awake
	maxIdleTicks = lingerTicks + janitorTicks
	modelMax     = 2 // MaxInstances
)

// base is a whole second, so that ticks stay whole.
var base = time.Unix(1_000_000_000, 0).UTC()

func at(tick int) time.Time { return base.Add(time.Duration(tick) * time.Minute) }

// scenario bounds an exploration. Every count is how often a thing may happen.
type scenario struct {
	name     string
	lever    string // bounds or weights
	jobs     int    // at most 4
	atOnce   int    // invocations in flight at the same time
	deployed bool   // begins with desired 1, as a first deployment does
	nevers   int    // jobs rejected before they hold the GPU
	faults   int    // crashes, refused updates, lost events, lost callbacks
	aborts   int    // executions ended from outside, while anything runs
	retries  int    // second attempts
	warms    int
	budgets  int // budget stops, each lifted again at some time
	intents  int // jobs whose upload is announced before it comes, or is given up
	tracking int // moves of target tracking between the awake bounds
	mutant   mutant
}

// mutant is a seeded defect: it sees a Run before and after a call's answer and
// may put another Run in place of the second.
type mutant struct {
	name    string
	step    func(before, after Run, reply Reply, w *world, now time.Time) Run
	capture func(w *world, before Run, c job.Capacity) job.Capacity
	intend  func(w *world, n int) // sees the lease after an intend has written it
	byJob   bool                  // holders are named by job, not by execution
}

func (s scenario) policy() Policy {
	p := Policy{Linger: lingerTicks * time.Minute, MaxInstances: modelMax}
	if s.lever == "weights" {
		p.JobsPerInstance = 2
	}
	return p
}

// Where an execution stands.
const (
	absent    = iota
	announced // its upload is on its way
	acquiring
	waiting // for the callback
	releasing
	lingering
	parking
	closed
)

// execution is one job's current attempt.
type execution struct {
	pc      int
	attempt int
	never   bool // rejected before it acquired
	again   bool // its invocation is to be repeated
	served  bool // the request has been answered
	lost    bool // and the message about it lost
	parkAt  int  // tick
	intends bool // the API's message that its upload comes is on its way
	forgets bool // and that it was given up
	until   int  // tick at which the intent of its upload ends
}

// Who an invocation belongs to.
const (
	byExecution = iota
	bySettle    // the rule on executions that were aborted
	byEvent
	byJanitor
	byPerson
	byAPI // the intent of an upload
)

// invocation is a Run in flight.
type invocation struct {
	run     Run
	owner   int
	job     int
	attempt int
	asked   bool // lever bounds: the endpoint was looked at, registering is next
	busy    bool // and found in the middle of a change
}

// endpointModel is SageMaker and Application Auto Scaling.
type endpointModel struct {
	desired, current int
	updating         bool
	since            int  // tick at which updating began
	bound            int  // lever bounds: MaxCapacity, 0 when MinCapacity is 0
	activity         bool // a scaling activity is pending
	owed             bool // one has failed in the middle of an update, unseen
}

type world struct {
	tick     int
	lease    job.Lease
	gpu      endpointModel
	jobs     [4]execution
	running  []invocation // never changed in place
	events   int          // of the endpoint, not yet delivered
	settles  []int        // aborted executions not yet settled, job*2+attempt-1
	sweep    bool         // the janitor is due
	idle     int          // whole ticks with an instance told to run and an empty lease
	dirty    int          // an invocation died for good: 1 before, 2 since the running sweep began
	used     [6]int       // faults, aborts, retries, warms, budgets, intents
	nevers   int
	tracking int
	broken   string // what an invocation left that it must not leave
}

func (w *world) name(s *scenario, j, attempt int) string {
	if s.mutant.byJob {
		attempt = 1
	}
	return string([]byte{'a' + byte(j), '-', '0' + byte(attempt)})
}

func (s *scenario) first() world {
	w := world{}
	if s.deployed {
		w.gpu.desired, w.gpu.current = 1, 1
	}
	return w
}

// capacity is what the lever's adapter reads.
func (w *world) capacity(s *scenario) job.Capacity {
	if s.lever == "weights" {
		return job.Capacity{Desired: w.gpu.desired, Bound: w.gpu.desired}
	}
	return job.Capacity{Desired: w.gpu.desired, Bound: w.gpu.bound}
}

// resize begins an update.
func (w *world) resize(n int) {
	if n != w.gpu.desired {
		w.gpu.desired, w.gpu.updating, w.gpu.since = n, true, w.tick
	}
}

var errRefused = &job.BusyError{Message: "an update is in progress"}

// set is the adapter's SetDesired in the steps that others can come between;
// done false means that there is another.
func (w *world) set(s *scenario, i *invocation, n int) (done bool, err error) {
	if s.lever == "weights" {
		if w.gpu.updating {
			return true, errRefused
		}
		w.resize(n)
		return true, nil
	}
	if !i.asked {
		i.asked, i.busy = true, w.gpu.updating && (w.gpu.desired > 0) != (n > 0)
		return false, nil
	}
	busy := i.busy
	i.asked, i.busy = false, false
	if w.gpu.activity {
		return true, errRefused // ConcurrentUpdateException
	}
	w.gpu.bound = 0
	if n > 0 {
		w.gpu.bound = modelMax
	}
	w.gpu.activity = w.outside()
	if busy {
		return true, errRefused
	}
	return true, nil
}

// outside says whether the desired capacity lies outside the target's bounds.
func (w *world) outside() bool {
	if w.gpu.bound == 0 {
		return w.gpu.desired > 0
	}
	return w.gpu.desired < 1 || w.gpu.desired > w.gpu.bound
}

// call makes the call that a Run is due and gives it the answer.
func (w *world) call(s *scenario, n int, refuse bool) {
	w.running = slices.Clone(w.running)
	i := &w.running[n]
	due := i.run.Call()
	var reply Reply
	switch due.Kind {
	case ReadLease:
		reply.Lease = w.lease
	case WriteLease:
		if w.lease.Generation == due.Lease.Generation-1 {
			w.write(due.Lease, i.run.action)
		} else {
			reply.Err = job.ErrLeaseConflict
		}
	case ReadCapacity:
		reply.Capacity = w.capacity(s)
		if s.mutant.capture != nil {
			reply.Capacity = s.mutant.capture(w, i.run, reply.Capacity)
		}
	case SetDesired:
		if refuse {
			reply.Err = errRefused
			i.asked, i.busy = false, false
		} else {
			var done bool
			if done, reply.Err = w.set(s, i, due.Desired); !done {
				return
			}
		}
	}
	now := at(w.tick)
	after := i.run.Next(reply, now)
	if s.mutant.step != nil {
		after = s.mutant.step(i.run, after, reply, w, now)
	}
	i.run = after
	if s.mutant.intend != nil && due.Kind == WriteLease && reply.Err == nil && i.run.action == job.ActionIntend {
		s.mutant.intend(w, n)
	}
	w.reread(s, n)
}

func (w *world) write(l job.Lease, action string) {
	w.lease = l
	if !l.Empty() || action == job.ActionWarm || l.Intended(at(w.tick)) {
		w.idle = 0
	}
}

// begin starts an invocation and lets it read the lease at once: one that has
// not read anything might as well begin later, so no interleaving is left out.
func (w *world) begin(s *scenario, owner, j, attempt int, r Run) {
	w.running = append(slices.Clone(w.running), invocation{run: r, owner: owner, job: j, attempt: attempt})
	w.reread(s, len(w.running)-1)
}

// reread lets a Run that is to read the lease do so. No interleaving is lost by that,
// because a write whose condition failed might as well have come just before.
func (w *world) reread(s *scenario, n int) {
	if p := w.running[n].run.phase; p == reading || p == rereading {
		w.call(s, n, false)
	}
}

func (w *world) drop(n int) invocation {
	i := w.running[n]
	w.running = slices.Delete(slices.Clone(w.running), n, n+1)
	return i
}

// died notes that an invocation died which nobody repeats.
func (w *world) died() {
	if w.sweeping() {
		w.dirty = 2
	} else {
		w.dirty = max(w.dirty, 1)
	}
}

func (w *world) sweeping() bool {
	return slices.ContainsFunc(w.running, func(i invocation) bool { return i.owner == byJanitor })
}

// check says which property does not hold.
func (w *world) check() error {
	if w.idle > maxIdleTicks {
		return fmt.Errorf("an instance stayed up with an empty lease for %d ticks: want at most linger %d + janitor %d", w.idle, lingerTicks, janitorTicks)
	}
	if w.broken != "" {
		return errors.New(w.broken)
	}
	for _, i := range w.lease.Intents {
		if j := int(i.Job[0] - 'a'); i.Until.After(at(w.jobs[j].until)) {
			return fmt.Errorf("the upload of job %s keeps the GPU awake for longer than was said", i.Job)
		}
	}
	if !w.quiet() || w.dirty > 0 {
		return nil
	}
	// Nobody waits for an intent. After a budget stop was lifted it may be left to the
	// janitor, when a release was refused and the endpoint's event was lost as well.
	if w.lease.Intended(at(w.tick)) && !w.lease.Blocked && w.gpu.desired == 0 && w.used[budget] == 0 {
		return fmt.Errorf("an upload is on its way at desired 0, and nothing is under way that would wake it")
	}
	if w.lease.Blocked {
		parks := slices.ContainsFunc(w.jobs[:], func(e execution) bool { return e.pc == lingering })
		if w.gpu.desired > 0 && !parks {
			return fmt.Errorf("a budget stop is in force, and desired is %d", w.gpu.desired)
		}
		return nil
	}
	for j, e := range w.jobs {
		if e.pc == waiting && !e.served && w.gpu.desired == 0 {
			return fmt.Errorf("job %c waits at desired 0, and nothing is under way that would wake it", 'a'+j)
		}
	}
	return nil
}

// quiet says whether nothing runs, is to be repeated or is on its way.
func (w *world) quiet() bool {
	if len(w.running) > 0 || w.events > 0 || len(w.settles) > 0 || w.gpu.updating || w.gpu.activity || w.sweep {
		return false
	}
	for _, e := range w.jobs {
		if e.again || e.intends || e.forgets {
			return false
		}
	}
	return true
}
