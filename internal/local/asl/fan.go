package asl

import (
	"encoding/json"
	"fmt"
)

// fanOut starts a Parallel or Map state's branches or iterations.
func (x *Execution) fanOut(t *Thread) {
	f := &fan{Input: t.Input, Width: len(t.state.Branches), AtOnce: len(t.state.Branches)}
	err := x.evaluating(t, extras{}, func(s *Session) (err error) {
		if t.state.Type == Map {
			return x.items(t, f, s)
		}
		if t.state.Arguments != nil {
			f.Input, err = t.state.Arguments.evaluate(s, "Arguments")
		}
		return err
	})
	if err != nil {
		x.evaluationFailed(t, err, false)
		return
	}
	f.results = make([]json.RawMessage, f.Width)
	t.Phase, t.Fan = phaseFan, f
	if t.state.Type == Map {
		x.event(t, "MapStateStarted", lengthDetails{f.Width})
	} else {
		x.event(t, "ParallelStateStarted", nil)
	}
	x.widen(t, t.Previous)
}

// items evaluates what a Map state runs over and its bounds.
func (x *Execution) items(t *Thread, f *fan, s *Session) error {
	array := t.Input
	if t.state.Items != nil {
		var err error
		if array, err = t.state.Items.typed(s, "Items", "array"); err != nil {
			return err
		}
	} else if typeOf(array) != "array" {
		return &EvaluationError{Message: fmt.Sprintf("Map state input must be an array but was: %.1000s", array)}
	}
	if err := json.Unmarshal(array, &f.Items); err != nil {
		return err
	}
	f.Input, f.Width = nil, len(f.Items)
	atOnce, err := t.state.MaxConcurrency.whole(s, "MaxConcurrency", 0)
	if err != nil {
		return err
	}
	if f.AtOnce = int(atOnce); f.AtOnce == 0 || f.AtOnce > maxInline {
		f.AtOnce = maxInline
	}
	for _, bound := range []struct {
		field string
		value *Template
		high  float64
		to    **float64
	}{
		{"ToleratedFailureCount", t.state.ToleratedCount, maxSeconds, &f.Count},
		{"ToleratedFailurePercentage", t.state.ToleratedPercentage, 100, &f.Percent},
	} {
		if bound.value != nil {
			n, err := bound.value.number(s, bound.field, 0, bound.high)
			if err != nil {
				return err
			}
			*bound.to = &n
		}
	}
	return nil
}

// widen starts as many branches or iterations as may run now; previous is the
// event that they follow. When none is left, the state is done.
func (x *Execution) widen(t *Thread, previous int64) {
	f := t.Fan
	for f.spawned < f.Width && f.spawned-len(f.retired) < f.AtOnce {
		c := &Thread{Parent: t.ID, Index: f.spawned, Input: f.Input, Previous: previous}
		f.spawned++
		if t.state.Type == Map {
			c.Item, c.Input = f.Items[c.Index], f.Items[c.Index]
			if t.state.ItemSelector != nil {
				if err := x.selectItem(t, c); err != nil {
					x.abortAll(t)
					x.evaluationFailed(t, err, false)
					return
				}
			}
			c.Previous = x.eventAfter(previous, "MapIterationStarted", iterationDetails{t.State, c.Index})
		}
		x.spawn(c, t.state.machineOf(c.Index))
	}
	if len(f.retired) == f.Width {
		x.fanIn(t)
	}
}

// selectItem evaluates ItemSelector: the context object has the item.
func (x *Execution) selectItem(t, child *Thread) error {
	seen := *t
	seen.Index, seen.Item = child.Index, child.Item
	return x.evaluating(&seen, extras{}, func(s *Session) (err error) {
		child.Input, err = t.state.ItemSelector.evaluate(s, "ItemSelector")
		return err
	})
}

// branchDone counts a branch or iteration that ended well.
func (x *Execution) branchDone(t, child *Thread) {
	x.retire(t, child)
	last := child.Previous
	if t.state.Type == Map {
		t.Previous = x.eventAfter(last, "MapIterationSucceeded", iterationDetails{t.State, child.Index})
	} else {
		t.Previous = last
	}
	x.widen(t, last)
}

// fanIn ends a Parallel or Map state with its results in order.
func (x *Execution) fanIn(t *Thread) {
	result := encode(t.Fan.results)
	x.clear(t)
	x.eventAfter(t.Previous, t.state.Type+"StateSucceeded", nil)
	x.conclude(t, way{output: t.state.Output, assign: t.state.Assign, next: t.state.Next}, result)
}

// branchFailed ends a Parallel or Map state because of one of its branches or
// iterations, unless the Map tolerates it.
func (x *Execution) branchFailed(t, child *Thread, f Failure) {
	if t.state.Type == Parallel {
		x.abortAll(t)
		t.Previous = x.nextEvent - 1
		x.fail(t, f)
		return
	}
	last := child.Previous
	t.Previous = x.eventAfter(last, "MapIterationFailed", iterationDetails{t.State, child.Index})
	t.Fan.failed++
	if bounded, kept := t.Fan.tolerates(); bounded && kept {
		child.Phase, child.Result, child.Input, child.Variables, child.Task = phaseFailed, f.output(), nil, nil, nil
		x.retire(t, child)
		x.widen(t, last)
		return
	} else if bounded {
		f = Failure{errThreshold, "The specified tolerated failure threshold was exceeded"}
	}
	child.Phase = phaseFailed
	x.abortAll(t)
	x.fail(t, f)
}

// tolerates says whether the Map has a threshold and its failures are within it. With
// two thresholds they must be within both.
func (f *fan) tolerates() (bounded, kept bool) {
	kept = true
	if f.Count != nil {
		bounded, kept = true, float64(f.failed) <= *f.Count
	}
	if f.Percent != nil {
		bounded, kept = true, kept && float64(f.failed)*100 <= *f.Percent*float64(f.Width)
	}
	return bounded, kept
}

// abortAll ends t's branches or iterations where they are.
func (x *Execution) abortAll(t *Thread) {
	if t.Fan == nil {
		return
	}
	for _, c := range x.children(t) {
		if c.Phase == phaseDone || c.Phase == phaseFailed {
			continue
		}
		x.abortAll(c)
		switch c.state.Type {
		case Task, Wait, Parallel, Map:
			if c.Phase != phaseReady { // a state that was not entered is none
				x.event(c, c.state.Type+"StateAborted", nil)
			}
		}
		if t.state.Type == Map {
			x.event(c, "MapIterationAborted", iterationDetails{t.State, c.Index})
		}
	}
	x.clear(t)
}
