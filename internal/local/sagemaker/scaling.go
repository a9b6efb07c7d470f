package sagemaker

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// target is the scalable target of Application Auto Scaling.
type target struct {
	Min     int       `json:"min"`
	Max     int       `json:"max"`
	Created time.Time `json:"created"`
}

// activity is one scaling activity, newest last.
type activity struct {
	ID      int64     `json:"id"`
	Desired int       `json:"desired"`
	Cause   string    `json:"cause"`
	Status  string    `json:"status"`
	Message string    `json:"message,omitempty"`
	Start   time.Time `json:"start"`
	Due     time.Time `json:"due"` // while pending: when it acts; then: when it ended
}

const (
	activityPending    = "InProgress"
	activitySuccessful = "Successful"
	activityFailed     = "Failed"
	maxActivities      = 50
)

// policy is a scaling policy: target tracking that follows
// ApproximateBacklogSizePerInstance.
type policy struct {
	Name          string  `json:"name"`
	TargetValue   float64 `json:"target_value"`
	InCooldown    int     `json:"in_cooldown"` // seconds
	OutCooldown   int     `json:"out_cooldown"`
	Configuration []byte  `json:"configuration"` // as it came, for DescribeScalingPolicies
}

// CloudWatch's view of the metrics: one datapoint a minute. Target tracking's
// own alarms fire after 3 high or 15 low ones, low being under 0.9 × the target.
const (
	samplePeriod   = time.Minute
	highDatapoints = 3
	lowDatapoints  = 15
	lowShare       = 0.9
)

var (
	errPendingUpdate = errors.New("there is already a pending update to the scalable target")
	errNoTarget      = errors.New("no scalable target is registered")
)

// register makes or updates the scalable target. A capacity outside the new
// bounds is moved into them by a scaling activity, which may fail though this
// call succeeded.
func (s *Service) register(e *endpoint, low, high *int, now time.Time) error {
	next := target{Created: now}
	if e.Target != nil {
		next = *e.Target
	} else if low == nil || high == nil {
		return invalid("a new scalable target: want both MinCapacity and MaxCapacity")
	}
	if low != nil {
		next.Min = *low
	}
	if high != nil {
		next.Max = *high
	}
	if next.Min < 0 || next.Max < next.Min || next.Max > maxInstances {
		return invalid("capacity %d..%d: want 0 <= MinCapacity <= MaxCapacity <= %d", next.Min, next.Max, maxInstances)
	}
	if next.Max == 0 && e.RefuseZeroMaximum {
		return invalid("Maximum capacity must be at least 1")
	}
	if e.pending() {
		return errPendingUpdate
	}
	same := e.Target != nil && *e.Target == next
	record := e.Record
	record.Target = &next
	if err := e.save(record); err != nil {
		return err
	}
	if e.sampleAt.IsZero() && len(e.Policies) > 0 {
		e.sampleAt = now.Add(samplePeriod)
	}
	if want := max(next.Min, min(e.Desired, next.Max)); want != e.Desired && !(same && e.SameBoundsMoveNothing) {
		s.scale(e, want, fmt.Sprintf("the scalable target was set to %d..%d", next.Min, next.Max), now)
	}
	s.changed()
	return nil
}

func (e *endpoint) pending() bool {
	n := len(e.Activities)
	return n > 0 && e.Activities[n-1].Status == activityPending
}

// scale begins a scaling activity towards want.
func (s *Service) scale(e *endpoint, want int, cause string, now time.Time) {
	id := int64(1)
	if n := len(e.Activities); n > 0 {
		id = e.Activities[n-1].ID + 1
	}
	e.Activities = append(e.Activities, activity{ID: id, Desired: want, Cause: cause, Status: activityPending, Start: now, Due: now.Add(e.ScaleAfter)})
	if n := len(e.Activities); n > maxActivities {
		e.Activities = append([]activity(nil), e.Activities[n-maxActivities:]...)
	}
	s.act(e, now)
}

// act carries out the pending activity that is due. It fails, and is not tried
// again, when the endpoint is just changing.
func (s *Service) act(e *endpoint, now time.Time) {
	if !e.pending() {
		return
	}
	a := &e.Activities[len(e.Activities)-1]
	if now.Before(a.Due) {
		return
	}
	a.Due, a.Status = now, activitySuccessful
	if err := s.setDesired(e, a.Desired, now); err != nil {
		a.Status, a.Message = activityFailed, fmt.Sprintf("Failed to set desired instance count to %d. Reason: %v", a.Desired, err)
	}
}

// evaluate samples the metrics once a minute and lets the policies act within
// the target's bounds. Several policies at once: the largest capacity wins.
func (s *Service) evaluate(e *endpoint, now time.Time) {
	if e.Target == nil || e.Target.Max == 0 || len(e.Policies) == 0 {
		e.sampleAt, e.highs, e.lows = time.Time{}, 0, 0
		return
	}
	if e.sampleAt.IsZero() {
		e.sampleAt = now.Add(samplePeriod)
	}
	if now.Before(e.sampleAt) {
		return
	}
	e.sampleAt = now.Add(samplePeriod)
	want, found := e.advise()
	if !found || e.pending() || now.Before(e.cooldownTo) {
		return
	}
	want = max(e.Target.Min, min(want, e.Target.Max))
	if want == e.Desired {
		return
	}
	cooldown := 0
	for _, p := range e.Policies {
		if want > e.Desired {
			cooldown = max(cooldown, p.OutCooldown)
		} else {
			cooldown = max(cooldown, p.InCooldown)
		}
	}
	e.cooldownTo = now.Add(time.Duration(cooldown) * time.Second)
	e.highs, e.lows = 0, 0
	s.scale(e, want, "a scaling policy's alarm", now)
}

// advise counts this minute's datapoints and says what the policies ask for.
func (e *endpoint) advise() (want int, found bool) {
	current, backlog := e.current(), float64(e.backlog())
	if current == 0 {
		return 0, false // the metric per instance has no datapoint
	}
	for _, p := range e.Policies {
		each := backlog / float64(current)
		e.highs, e.lows = e.highs+1, e.lows+1
		if each <= p.TargetValue {
			e.highs = 0
		}
		if each >= lowShare*p.TargetValue {
			e.lows = 0
		}
		ideal := int(math.Ceil(backlog / p.TargetValue))
		if e.highs >= highDatapoints || e.lows >= lowDatapoints {
			want, found = max(want, ideal), true
		}
	}
	return want, found
}
