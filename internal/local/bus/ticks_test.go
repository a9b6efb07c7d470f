package bus_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/clock/clocktest"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
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
	in, v := newInbox(), clocktest.New(start)
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
	dir, in, v := t.TempDir(), newInbox(), clocktest.New(start)
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

// A tick and the time of the next are one transaction, so that no crash repeats or
// loses a tick.
func TestATickIsOneTransaction(t *testing.T) {
	dir, in, v := t.TempDir(), newInbox(), clocktest.New(start)
	r := bus.Rule{Name: "r", Schedule: "rate(5 minutes)", Targets: to(function)}
	hold := make(chan struct{})
	in.refuse = func(int) error { <-hold; return nil }
	first := open(t, dir, v, in)
	add(t, first, r)
	first.Start()
	waitFor(t, func() bool { _, any := v.Next(); return any })
	v.Advance(5 * time.Minute)
	waitFor(t, func() bool { return first.Waiting() == 1 })
	crashed := storetest.Crashed(t, dir)
	close(hold)

	second := open(t, crashed, v, in)
	add(t, second, r)
	if n := second.Waiting(); n != 1 {
		t.Errorf("%d deliveries after the crash: want the tick's one", n)
	}
	second.Start()
	waitFor(t, func() bool { return second.Waiting() == 0 })
	due, found, err := store.Get[bus.Due](second.store, bus.DueBucket, "r")
	if !found || err != nil || !due.Due.Equal(start.Add(10*time.Minute)) {
		t.Errorf("due %+v, %v, %v: want the next tick", due, found, err)
	}
}

func TestSchedulesThatAreRefused(t *testing.T) {
	s := open(t, t.TempDir(), clocktest.New(start), newInbox())
	for _, expression := range []string{
		"rate()", "rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "rate(5 seconds)", "rate(-5 minutes)", "rate(5  minutes)",
		"at(2026-01-02T03:04:05)", "cron(0 10 * * ? *)", "cron(* * * * *)",
	} {
		err := s.AddRule(bus.Rule{Name: "r", Schedule: expression, Targets: to(function)})
		if err == nil || !strings.Contains(err.Error(), "rule r: schedule \""+expression) {
			t.Errorf("%s: %v: want an error that names it", expression, err)
		}
	}
	for expression, want := range map[string]time.Duration{"rate(1 minute)": time.Minute, "rate(1 hour)": time.Hour, "rate(2 days)": 48 * time.Hour} {
		add(t, s, bus.Rule{Name: "r", Schedule: expression, Targets: to(function)})
		due, _, err := store.Get[bus.Due](s.store, bus.DueBucket, "r")
		if err != nil || !due.Due.Equal(start.Add(want)) {
			t.Errorf("%s: due %+v, %v", expression, due, err)
		}
	}
}

func TestDisabledRuleDoesNotTick(t *testing.T) {
	in, v := newInbox(), clocktest.New(start)
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
