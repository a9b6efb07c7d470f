package endpoint

import (
	"context"
	"errors"
	"fmt"

	"github.com/iris-oculus/iris/internal/job"
)

// Findings are the results of Probe: how an account behaves where AWS's documentation
// is contradictory or silent.
type Findings struct {
	ZeroMaximum    bool `json:"zero_maximum"`     // a maximum of 0 is accepted
	BoundsPark     bool `json:"bounds_park"`      // and moves the capacity to 0
	BoundsWake     bool `json:"bounds_wake"`      // bounds of 1..1 move the capacity to 1
	UpdatingRefuse bool `json:"updating_refuses"` // registering bounds while the endpoint is Updating is refused
	UpdatingLost   bool `json:"updating_lost"`    // accepted while Updating, they move nothing afterwards
	SameBoundsMove bool `json:"same_bounds_move"` // registering bounds that stand already moves the capacity into them
	ByHand         bool `json:"by_hand"`          // the desired count can be set beside a scalable target
}

// Lever is the value of the template's CapacityLever for such an account; empty
// when neither lever would both wake and park the endpoint.
func (f Findings) Lever() string {
	parks := f.ZeroMaximum && f.BoundsPark || f.ByHand
	recovers := f.SameBoundsMove || f.ByHand // after an activity that failed
	switch {
	case f.BoundsWake && parks && recovers:
		return LeverBounds
	case f.ByHand:
		return LeverWeights
	}
	return ""
}

// probeLooks bounds how often a change of capacity is waited for, and movesWithin
// how often it is looked for before it counts as not coming.
const (
	probeLooks  = 120
	movesWithin = 18
)

// Probe tries the two levers on an endpoint that nobody uses and that is
// InService. It wakes one instance twice, which costs a few minutes of it, and
// leaves the endpoint asleep. Wait is the pause between two looks (10 s suits
// SageMaker); say is told each step.
func (e *Endpoint) Probe(ctx context.Context, wait func(context.Context) error, say func(string)) (Findings, error) {
	p := probe{bounds{e}, wait, say}
	f, err := p.run(ctx)
	if err != nil {
		err = errors.Join(err, p.sleep(ctx))
	}
	return f, err
}

type probe struct {
	bounds
	wait func(context.Context) error
	say  func(string)
}

func (p probe) run(ctx context.Context) (f Findings, err error) {
	if err := p.quiet(ctx); err != nil {
		return f, err
	}
	p.say("registering the bounds 0..0")
	if f.ZeroMaximum, err = accepted(p.register(ctx, limits{0, 0})); err != nil {
		return f, err
	}
	if err := p.sleep(ctx); err != nil {
		return f, err
	}

	p.say("registering the bounds 1..1: does an instance come?")
	if err := p.register(ctx, limits{1, 1}); err != nil {
		return f, refused(err, "register the bounds 1..1")
	}
	if f.BoundsWake, err = p.moves(ctx, 1); err != nil {
		return f, err
	}
	if !f.BoundsWake {
		p.say("it does not; setting the desired count to 1")
		if err := (weights(p.bounds)).SetDesired(ctx, 1); err != nil {
			return f, err
		}
	}

	asleep := limits{0, 0}
	if !f.ZeroMaximum {
		asleep = limits{0, 1}
	}
	p.say(fmt.Sprintf("registering the bounds 0..%d while the endpoint is Updating", asleep.high))
	switch err := p.register(ctx, asleep); {
	case err == nil:
		if err := p.quiet(ctx); err != nil {
			return f, err
		}
		moved, err := p.moves(ctx, 0)
		if err != nil {
			return f, err
		}
		f.UpdatingLost = f.ZeroMaximum && !moved
		f.BoundsPark = moved
	case inProgress(err) || isInvalid(err):
		f.UpdatingRefuse = true
		if err := p.quiet(ctx); err != nil {
			return f, err
		}
		if err := p.register(ctx, asleep); err != nil {
			return f, refused(err, "register the bounds")
		}
		if f.BoundsPark, err = p.moves(ctx, 0); err != nil {
			return f, err
		}
	default:
		return f, fmt.Errorf("register the bounds: %w", err)
	}

	if f.ZeroMaximum && !f.BoundsPark {
		p.say("registering the same bounds once more: does the capacity move?")
		if err := p.register(ctx, asleep); err != nil {
			return f, refused(err, "register the same bounds")
		}
		if f.SameBoundsMove, err = p.moves(ctx, 0); err != nil {
			return f, err
		}
		f.BoundsPark = f.SameBoundsMove
	}
	if f.ZeroMaximum && !f.BoundsPark {
		p.say("registering the bounds 1..1 and then 0..0, which then are new: does the capacity move?")
		for _, to := range []limits{{1, 1}, asleep} {
			if err := p.register(ctx, to); err != nil {
				return f, refused(err, "register the bounds")
			}
		}
		if f.BoundsPark, err = p.moves(ctx, 0); err != nil {
			return f, err
		}
	}
	return f, p.byHand(ctx, &f)
}

// byHand asks the last two questions: whether the desired count can be set beside
// a scalable target, and what registering the same bounds does to it then.
func (p probe) byHand(ctx context.Context, f *Findings) error {
	if err := p.quiet(ctx); err != nil {
		return err
	}
	st, err := p.Describe(ctx)
	if err != nil {
		return err
	}
	other := 1
	if st.Desired > 0 {
		other = 0
	}
	p.say(fmt.Sprintf("setting the desired count to %d beside the scalable target", other))
	if f.ByHand, err = accepted(weights(p.bounds).SetDesired(ctx, other)); err != nil {
		return err
	}
	if f.ByHand && other == 1 && f.ZeroMaximum && !f.SameBoundsMove {
		if err := p.quiet(ctx); err != nil {
			return err
		}
		p.say("registering the bounds 0..0 that stand already: does the capacity move?")
		if err := p.register(ctx, limits{0, 0}); err != nil {
			return refused(err, "register the same bounds")
		}
		if f.SameBoundsMove, err = p.moves(ctx, 0); err != nil {
			return err
		}
	}
	return p.sleep(ctx)
}

// accepted tells a refusal of the values from a failure to ask.
func accepted(err error) (bool, error) {
	if isInvalid(err) {
		return false, nil
	}
	return err == nil, err
}

// quiet waits until the endpoint accepts changes.
func (p probe) quiet(ctx context.Context) error {
	for range probeLooks {
		st, err := p.Describe(ctx)
		if err != nil {
			return err
		}
		if st.changeable() {
			return nil
		}
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	return &job.BusyError{Message: "the endpoint does not become InService"}
}

// moves waits a while for the desired count to become n.
func (p probe) moves(ctx context.Context, n int) (bool, error) {
	for range movesWithin {
		st, err := p.Describe(ctx)
		if err != nil {
			return false, err
		}
		if st.Desired == n {
			return true, nil
		}
		if err := p.wait(ctx); err != nil {
			return false, err
		}
	}
	return false, nil
}

// sleep leaves the endpoint without an instance, by whichever lever does it.
func (p probe) sleep(ctx context.Context) error {
	p.say("putting the endpoint to sleep")
	for range probeLooks {
		if err := p.quiet(ctx); err != nil {
			return err
		}
		st, err := p.Describe(ctx)
		if err != nil {
			return err
		}
		if st.Desired == 0 {
			return nil
		}
		var busy *job.BusyError
		if err := p.SetDesired(ctx, 0); err != nil && !errors.As(err, &busy) {
			return err
		}
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	return &job.BusyError{Message: "the endpoint does not go to sleep: set its capacity to 0 by hand"}
}
