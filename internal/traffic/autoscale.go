package traffic

import (
	"math"
	"time"
)

// CloudWatch's and Application Auto Scaling's times, as AWS's guide gives them for
// asynchronous endpoints: from zero by an alarm on HasBacklogWithoutCapacity, then target
// tracking of the backlog an instance.
const (
	sample       = time.Minute
	fromZero     = 2  // samples with a backlog and no instance
	highSamples  = 3  // above the target
	lowSamples   = 15 // under 0.9 of it
	lowShare     = 0.9
	cooldown     = 5 * time.Minute
	targetOfEach = float64(perInstance)
)

// autoscaler is an endpoint without a lease: nobody wakes it, and nobody parks it.
type autoscaler struct {
	f                 *fleet
	zero, highs, lows int
	quietTo           time.Duration
}

func (a *autoscaler) start()         { a.f.after(sample, a.look) }
func (a *autoscaler) arrive(*scan)   {}
func (a *autoscaler) finished(*scan) {}
func (a *autoscaler) event()         {}

// look is one sample of the metrics.
func (a *autoscaler) look() {
	defer a.f.after(sample, a.look)
	f, backlog := a.f, float64(a.f.backlog())
	ready := 0
	for _, i := range f.up {
		if i.ready {
			ready++
		}
	}
	if f.desired == 0 {
		if a.zero++; backlog == 0 {
			a.zero = 0
		}
		if a.zero >= fromZero && !f.changing() {
			a.zero, a.highs, a.lows = 0, 0, 0
			f.set(1)
			a.quietTo = f.now + cooldown
		}
		return
	}
	if ready == 0 {
		return // the metric an instance has no sample
	}
	each := backlog / float64(ready)
	a.highs, a.lows = a.highs+1, a.lows+1
	if each <= targetOfEach {
		a.highs = 0
	}
	if each >= lowShare*targetOfEach {
		a.lows = 0
	}
	if a.highs < highSamples && a.lows < lowSamples || f.now < a.quietTo || f.changing() {
		return
	}
	want := min(int(math.Ceil(backlog/targetOfEach)), f.Instances)
	if want == f.desired {
		return
	}
	a.highs, a.lows, a.quietTo = 0, 0, f.now+cooldown
	f.set(want)
	f.assign()
}
