package bus_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/clock"
)

func tickTime(t *testing.T, payload string) string {
	t.Helper()
	var e bus.Event
	if err := json.Unmarshal([]byte(payload), &e); err != nil {
		t.Fatal(err)
	}
	if e.Source != "aws.events" || e.DetailType != "Scheduled Event" || string(e.Detail) != "{}" || e.Resources[0] != "arn:aws:events:us-east-1:000000000000:rule/r" {
		t.Errorf("event %s", payload)
	}
	return e.Time
}

func TestRateTicks(t *testing.T) {
	in, v := newInbox(), clock.NewVirtual(start)
	s := open(t, t.TempDir(), v, in)
	add(t, s, bus.Rule{Name: "r", Schedule: "rate(5 minutes)", Targets: to(function)})
	s.Start()
	for _, want := range []string{"2026-01-02T03:09:05Z", "2026-01-02T03:14:05Z", "2026-01-02T03:19:05Z"} {
		waitFor(t, func() bool { _, any := v.Next(); return any })
		v.Advance(5 * time.Minute)
		if got := tickTime(t, <-in.came); got != want {
			t.Errorf("tick at %s: want %s", got, want)
		}
	}
}

// Ticks missed while the bus was down run once, and the rate keeps its phase.
func TestMissedTicksRunOnce(t *testing.T) {
	dir, in, v := t.TempDir(), newInbox(), clock.NewVirtual(start)
	r := bus.Rule{Name: "r", Schedule: "rate(5 minutes)", Targets: to(function)}
	first := open(t, dir, v, in)
	add(t, first, r)
	first.Start()
	_ = first.Close()
	v.Advance(23 * time.Minute)

	second := open(t, dir, v, in)
	add(t, second, r)
	second.Start()
	if got := tickTime(t, <-in.came); got != "2026-01-02T03:09:05Z" {
		t.Errorf("missed tick of %s", got)
	}
	waitFor(t, func() bool { _, any := v.Next(); return any && second.Waiting() == 0 })
	if next, _ := v.Next(); !next.Equal(start.Add(25 * time.Minute)) {
		t.Errorf("next tick at %v: want 25 minutes after the start", next)
	}
	if n := len(in.all()); n != 1 {
		t.Errorf("%d ticks: want the missed ones once", n)
	}
}

func TestOneShotFiresOnceForEver(t *testing.T) {
	dir, in, v := t.TempDir(), newInbox(), clock.NewVirtual(start)
	r := bus.Rule{Name: "r", Schedule: "at(2026-01-02T04:00:00)", Targets: to(function)}
	first := open(t, dir, v, in)
	add(t, first, r)
	_ = first.Close()
	v.Advance(24 * time.Hour) // it falls due while the bus is down
	for range 3 {
		s := open(t, dir, v, in)
		add(t, s, r)
		s.Start()
		waitFor(t, func() bool { return len(in.all()) == 1 && s.Waiting() == 0 })
		_ = s.Close()
	}
	if n := len(in.all()); n != 1 {
		t.Errorf("%d ticks: want 1", n)
	}
}

func TestDisabledRuleDoesNotTick(t *testing.T) {
	in, v := newInbox(), clock.NewVirtual(start)
	s := open(t, t.TempDir(), v, in)
	add(t, s,
		bus.Rule{Name: "off", Schedule: "rate(1 minute)", State: bus.Disabled, Targets: to(function)},
		bus.Rule{Name: "r", Schedule: "rate(2 minutes)", Targets: to(function)},
	)
	s.Start()
	// A tick of the disabled rule would lie before the second of the other.
	for _, want := range []string{"2026-01-02T03:06:05Z", "2026-01-02T03:08:05Z"} {
		for range 2 {
			waitFor(t, func() bool { _, any := v.Next(); return any })
			v.Advance(time.Minute)
		}
		if got := tickTime(t, <-in.came); got != want {
			t.Errorf("tick at %s: want %s", got, want)
		}
	}
	if n := len(in.all()); n != 2 {
		t.Errorf("%d ticks: want only the enabled rule's", n)
	}
}
