package traffic

import (
	"container/heap"
	"math"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/cost"
)

var world = World{WarmUp: 134 * time.Second, Stop: time.Minute, Segment: 75 * time.Second, Spread: 0.4, Instances: 1, Seed: 1}

func usual() []Policy {
	return []Policy{{Name: "0", Linger: 0}, {Name: "120", Linger: 2 * time.Minute}, {Name: "announced", Linger: 2 * time.Minute, Upload: time.Minute}, {Name: "auto", Auto: true}, {Name: "always", Always: true}}
}

// Every scan is served once, nothing is billed that could not have been, and whoever may
// sleep does in the end.
func TestEveryScanIsServed(t *testing.T) {
	for _, pattern := range Patterns {
		for _, instances := range []int{1, 3} {
			for _, p := range usual() {
				w := world
				w.Instances = instances
				arrivals := pattern.Arrivals(400, 2, 7)
				o := Run(w, p, arrivals, 2*Month)
				if o.Scans != len(arrivals) || len(arrivals) == 0 {
					t.Errorf("%s, %s, %d instances: %d of %d scans", pattern.Name, p.Name, instances, o.Scans, len(arrivals))
				}
				least := time.Duration(float64(o.Scans) * float64(w.Segment) * 0.95)
				most := time.Duration(instances) * (2*Month + Month)
				if o.Billed < least || o.Billed > most || o.MeanWait > o.P95Wait && o.MeanWait > 0 && pattern.Group > 1 {
					t.Errorf("%s, %s, %d instances: %+v", pattern.Name, p.Name, instances, o)
				}
				if again := Run(w, p, arrivals, 2*Month); again != o {
					t.Errorf("%s, %s: two runs differ: %+v, %+v", pattern.Name, p.Name, o, again)
				}
				if p.Always && o.Starts != instances {
					t.Errorf("always on: %+v", o)
				}
			}
		}
	}
}

// One scan: what is billed is exactly warm-up, scan and linger, to the second that park_at
// is rounded up to; with autoscaling alone 15 samples more.
func TestOneScan(t *testing.T) {
	w := world
	w.Spread = 0
	at := []time.Duration{time.Hour}
	for _, c := range []struct {
		p                  Policy
		least, most, waits time.Duration
	}{
		{Policy{Linger: 0}, 209 * time.Second, 210 * time.Second, 134 * time.Second},
		{Policy{Linger: 2 * time.Minute}, 329 * time.Second, 331 * time.Second, 134 * time.Second},
		{Policy{Linger: 2 * time.Minute, Upload: time.Minute}, 329 * time.Second, 331 * time.Second, 74 * time.Second},
		{Policy{Auto: true}, 134*time.Second + 13*time.Minute, 134*time.Second + 17*time.Minute, 134*time.Second + 2*time.Minute},
	} {
		o := Run(w, c.p, at, Month)
		if o.Scans != 1 || o.Starts != 1 || o.Billed < c.least || o.Billed > c.most || math.Abs(float64(o.MeanWait-c.waits)) > float64(time.Minute) || !c.p.Auto && o.MeanWait != c.waits {
			t.Errorf("%+v: %+v, want %v to %v billed and a wait of %v", c.p, o, c.least, c.most, c.waits)
		}
	}
}

// An announced scan that never comes keeps the GPU up until its intent ends and the janitor
// looks, and no longer.
func TestADeadUpload(t *testing.T) {
	f := &fleet{World: world}
	l := newLeased(f, Policy{Linger: 2 * time.Minute})
	f.policy = l
	l.announce(&scan{number: 1})
	l.start()
	for len(f.events) > 0 && f.now < time.Hour {
		h := f.events.popped()
		f.now = h.at
		h.do()
	}
	if f.desired != 0 || f.billed < intentLasts || f.billed > intentLasts+janitorPeriod {
		t.Errorf("desired %d, billed %v", f.desired, f.billed)
	}
}

// At light load the simulated month agrees with the closed form of internal/cost.
func TestItAgreesWithTheFormula(t *testing.T) {
	u := cost.Base()
	u.WarmUp, u.Segment, u.Jobs = world.WarmUp, world.Segment, 300
	const months = 40
	for _, linger := range []time.Duration{0, 2 * time.Minute, 10 * time.Minute} {
		u.Linger = linger
		e := cost.Of(u)
		formula := (e.Month - e.Idle) / 300
		formula -= e.Glimpse + e.Labels
		arrivals := Patterns[0].Arrivals(300, months, 3)
		got := Run(world, Policy{Linger: linger}, arrivals, months*Month).PerScan(u.USDPerHour)
		if math.Abs(got-formula) > 0.04*formula {
			t.Errorf("linger %v: %.4f USD of GPU a scan, by the formula %.4f", linger, got, formula)
		}
	}
}

// The lease costs less than autoscaling alone in every pattern and at every load that is
// compared, and no scan waits longer for it on average.
func TestTheLeaseCostsLess(t *testing.T) {
	for _, pattern := range Patterns {
		for _, n := range []float64{30, 300, 3000} {
			arrivals := pattern.Arrivals(n, 6, 5)
			lease, auto := Run(world, Policy{Linger: 2 * time.Minute}, arrivals, 6*Month), Run(world, Policy{Auto: true}, arrivals, 6*Month)
			if lease.Billed >= auto.Billed {
				t.Errorf("%s, %g a month: the lease %v, autoscaling %v", pattern.Name, n, lease.Billed, auto.Billed)
			}
		}
	}
}

// The number of arrivals is the one that was asked for, and office hours are kept.
func TestArrivals(t *testing.T) {
	for _, p := range Patterns {
		all := p.Arrivals(1000, 10, 1)
		if n := float64(len(all)); math.Abs(n-10_000) > 4*math.Sqrt(10_000*float64(p.Group)) {
			t.Errorf("%s: %g scans in ten months, want about 10,000", p.Name, n)
		}
		for i, at := range all {
			if i > 0 && at < all[i-1] || at < 0 || p.Office && !open(at) && !open(at-time.Minute) {
				t.Fatalf("%s: scan %d at %v after %v", p.Name, i, at, all[max(0, i-1)])
			}
		}
	}
	if open(7*time.Hour+59*time.Minute) || !open(8*time.Hour) || open(18*time.Hour) || open(5*24*time.Hour+9*time.Hour) {
		t.Error("office hours")
	}
}

func TestCheck(t *testing.T) {
	if err := world.Check(); err != nil {
		t.Error(err)
	}
	for _, w := range []World{{}, {Segment: time.Second}, {Segment: time.Second, Instances: 1, Spread: 1}, {Segment: time.Second, Instances: 1, WarmUp: -1}} {
		if w.Check() == nil {
			t.Errorf("%+v was taken", w)
		}
	}
}

// popped is the next happening.
func (h *happenings) popped() happening { return heap.Pop(h).(happening) }
