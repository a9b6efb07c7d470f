// Package traffic simulates months of scans that arrive at the GPU endpoint, in virtual
// time, to compare ways of letting it sleep. In: when scans arrive, how long an instance
// warms up and a scan takes, and a policy. Out: what was billed and how long scans waited.
// No errors: a World that Check refuses is a mistake of its caller.
//
// The policies that use the lease run the product's own code (internal/stage/gpu), the
// other ones are Application Auto Scaling as AWS documents it, and an endpoint that never
// sleeps. One thread, one heap of happenings, one seed: the same months for every policy.
package traffic

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// World is what is the same for every policy. The assumptions of internal/cost go in here.
type World struct {
	WarmUp    time.Duration // an instance is billed from its launch, and serves after this
	Stop      time.Duration // the endpoint takes no other change for so long while one stops; it is not billed
	Segment   time.Duration // mean time of a scan
	Spread    float64       // and the part of it by which scans differ, evenly: 0.4 is ±40 %
	Instances int           // at most
	Seed      uint64
}

// Outcome is what a policy made of the arrivals.
type Outcome struct {
	Scans    int
	Billed   time.Duration // of all instances together
	Starts   int           // of instances
	MeanWait time.Duration // from the wish for the GPU to the scan's start on it
	P95Wait  time.Duration
	Again    int // scans whose instance was stopped under them
}

// PerScan is the GPU's cost of a scan at so much an hour.
func (o Outcome) PerScan(usdPerHour float64) float64 {
	return o.Billed.Hours() * usdPerHour / float64(max(1, o.Scans))
}

// scan is one on its way.
type scan struct {
	number  int
	arrived time.Duration
	took    time.Duration
	done    bool
}

// instance is one of the endpoint's.
type instance struct {
	since   time.Duration
	ready   bool
	stopped bool
	serves  *scan
}

// policy decides on the capacity.
type policy interface {
	arrive(*scan)   // it wants the GPU
	finished(*scan) // it needs it no longer
	event()         // the endpoint's change has ended
}

// fleet is the endpoint and its queue.
type fleet struct {
	World
	now    time.Duration
	events happenings
	order  int

	desired  int
	up       []*instance
	stopping int // changes under way
	queue    []*scan
	policy   policy

	billed time.Duration
	starts int
	again  int
	waits  []time.Duration
}

// Run lets the scans of a span arrive, and goes on until all are done and, but for a policy
// that never lets it, the endpoint sleeps.
func Run(w World, p Policy, arrivals []time.Duration, span time.Duration) Outcome {
	f := &fleet{World: w}
	f.policy = p.of(f)
	rng := rand.New(rand.NewPCG(w.Seed, 1))
	left := len(arrivals)
	for i, at := range arrivals {
		s := &scan{number: i, arrived: at, took: time.Duration(float64(w.Segment) * (1 + w.Spread*(2*rng.Float64()-1)))}
		if announcer, ok := f.policy.(interface{ announce(*scan) }); ok && p.Upload > 0 {
			f.after(max(0, at-p.Upload), func() { announcer.announce(s) })
		}
		f.after(at, func() { f.queue = append(f.queue, s); f.policy.arrive(s); f.assign() })
	}
	if starter, ok := f.policy.(interface{ start() }); ok {
		starter.start()
	}
	for len(f.events) > 0 {
		h := heap.Pop(&f.events).(happening)
		if f.done() == left && h.at > span && f.desired == 0 && len(f.up) == 0 {
			break
		}
		if p.Always && h.at > span && f.done() == left {
			f.now = max(f.now, span)
			break
		}
		f.now = h.at
		h.do()
	}
	for _, i := range f.up {
		f.billed += f.now - i.since
	}
	o := Outcome{Scans: len(f.waits), Billed: f.billed, Starts: f.starts, Again: f.again}
	if len(f.waits) > 0 {
		slices.Sort(f.waits)
		var sum time.Duration
		for _, wait := range f.waits {
			sum += wait
		}
		o.MeanWait = sum / time.Duration(len(f.waits))
		o.P95Wait = f.waits[int(math.Ceil(0.95*float64(len(f.waits))))-1]
	}
	return o
}

func (f *fleet) done() int { return len(f.waits) }

// changing says that the endpoint is between two states, when it refuses others.
func (f *fleet) changing() bool {
	return f.stopping > 0 || slices.ContainsFunc(f.up, func(i *instance) bool { return !i.ready })
}

// set changes the number of instances.
func (f *fleet) set(n int) {
	n = min(n, f.Instances)
	f.desired = n
	for len(f.up) < n {
		i := &instance{since: f.now}
		f.up = append(f.up, i)
		f.starts++
		f.after(f.WarmUp, func() {
			if i.stopped {
				return
			}
			i.ready = true
			f.assign()
			if !f.changing() {
				f.policy.event()
			}
		})
	}
	if len(f.up) > n {
		f.stopping++
		f.after(f.Stop, func() {
			f.stopping--
			if !f.changing() {
				f.policy.event()
			}
		})
	}
	for len(f.up) > n { // those that do nothing first
		at := slices.IndexFunc(f.up, func(i *instance) bool { return i.serves == nil })
		at = max(at, 0)
		i := f.up[at]
		f.up = slices.Delete(f.up, at, at+1)
		i.stopped = true
		f.billed += f.now - i.since
		if i.serves != nil {
			f.again++
			f.queue = append([]*scan{i.serves}, f.queue...)
			i.serves = nil
		}
	}
}

// assign gives waiting scans to instances that do nothing.
func (f *fleet) assign() {
	for _, i := range f.up {
		if len(f.queue) == 0 {
			return
		}
		if !i.ready || i.serves != nil {
			continue
		}
		s := f.queue[0]
		f.queue = f.queue[1:]
		i.serves = s
		wait := f.now - s.arrived
		f.after(s.took, func() {
			if i.serves != s {
				return // it was stopped meanwhile
			}
			i.serves = nil
			s.done = true
			f.waits = append(f.waits, wait)
			f.assign()
			f.policy.finished(s)
		})
	}
}

// backlog counts the scans that wait or are served.
func (f *fleet) backlog() int {
	n := len(f.queue)
	for _, i := range f.up {
		if i.serves != nil {
			n++
		}
	}
	return n
}

func (f *fleet) after(d time.Duration, do func()) {
	f.order++
	heap.Push(&f.events, happening{f.now + d, f.order, do})
}

type happening struct {
	at    time.Duration
	order int
	do    func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// Check refuses what is no world.
func (w World) Check() error {
	if w.WarmUp < 0 || w.Stop < 0 || w.Segment <= 0 || w.Spread < 0 || w.Spread >= 1 || w.Instances < 1 {
		return fmt.Errorf("%+v: want times of 0 and more, a spread of 0 to 1, an instance", w)
	}
	return nil
}
