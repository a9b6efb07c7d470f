package asl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/clock/clocktest"
)

// row is a machine of n states in a row.
func row(n int, state string) string {
	var b strings.Builder
	b.WriteString(`{"QueryLanguage":"JSONata","StartAt":"S0","States":{`)
	for i := range n {
		fmt.Fprintf(&b, `"S%d":{%s,"Next":"S%d"},`, i, state, i+1)
	}
	fmt.Fprintf(&b, `"S%d":{"Type":"Succeed"}}}`, n)
	return b.String()
}

func environment(e *Engine) Env {
	return Env{
		Engine: e, Clock: clock.Real{},
		Invoke: func(_ context.Context, c Call) Reply { return Reply{Payload: c.Payload} },
		Commit: func(Record) error { return nil },
		Warn:   func(error) {},
		Token:  func() string { return "token" },
		Random: func() float64 { return 0 },
	}
}

// BenchmarkRow is 1,000 Pass states, without and with an expression each.
func BenchmarkRow(b *testing.B) {
	e := engine(b)
	for name, state := range map[string]string{
		"plain":      `"Type":"Pass"`,
		"expression": `"Type":"Pass","Output":"{% $states.input + 1 %}"`,
	} {
		b.Run(name, func(b *testing.B) {
			m := parse(b, e, row(1000, state))
			for b.Loop() {
				end, err := New(m, Start{Input: json.RawMessage("0"), Time: time.Now()}, environment(e)).Run(b.Context())
				if err != nil || end.Status != Succeeded {
					b.Fatal(end, err)
				}
			}
		})
	}
}

// TestFullDisk: a commit that fails is tried again; nothing is called before the
// commit that scheduled it, and nothing is lost or done twice.
func TestFullDisk(t *testing.T) {
	e := engine(t)
	v := clocktest.New(epoch)
	var committed []Event
	var fails, warned, called int
	env := environment(e)
	env.Clock = v
	env.Invoke = func(_ context.Context, c Call) Reply {
		called++
		return Reply{Payload: c.Payload}
	}
	env.Commit = func(r Record) error {
		if fails++; fails%3 != 0 {
			if called > 0 && len(committed) == 0 {
				t.Error("called before the commit")
			}
			return syscall.ENOSPC
		}
		committed = append(committed, r.Events...)
		return nil
	}
	env.Warn = func(err error) {
		if warned++; !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("warned of %v", err)
		}
		go func() {
			for _, waiting := v.Next(); !waiting; _, waiting = v.Next() {
				time.Sleep(time.Millisecond)
			}
			v.Advance(time.Second)
		}()
	}
	m := parse(t, e, task(""))
	end, err := New(m, Start{Input: json.RawMessage("{}"), Time: epoch}, env).Run(t.Context())
	if err != nil || end.Status != Succeeded || called != 1 || warned != 4 {
		t.Errorf("%v, %v; called %d times, warned %d times: want once and four times", end, err, called, warned)
	}
	checkHistory(t, committed)
}

// TestSuspend: when the context ends, Run returns without an end, signals are
// refused as such, and a function's reply that came with the shutdown is dropped.
func TestSuspend(t *testing.T) {
	e := engine(t)
	ctx, cancel := context.WithCancel(t.Context())
	env := environment(e)
	env.Invoke = func(ctx context.Context, _ Call) Reply {
		cancel()
		<-ctx.Done()
		return Reply{Err: errors.New("the host is closing")}
	}
	var events []Event
	env.Commit = func(r Record) error { events = append(events, r.Events...); return nil }
	x := New(parse(t, e, task("")), Start{Input: json.RawMessage("{}"), Time: time.Now()}, env)
	if end, err := x.Run(ctx); end != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v, %v", end, err)
	}
	x.Join()
	if err := x.Stop(t.Context(), "", ""); !errors.Is(err, ErrSuspended) {
		t.Errorf("stop: %v", err)
	}
	if last := events[len(events)-1]; last.Type != "TaskStarted" {
		t.Errorf("last event %s: want TaskStarted", last.Type)
	}
}

// TestManyAtOnce: executions share few virtual machines without waiting for one
// another for ever, also where one state's failure evaluates anew in its Catch.
func TestManyAtOnce(t *testing.T) {
	e := engine(t)
	m := parse(t, e, machineOf(`"M":{"Type":"Map","Items":"{% [1..5] %}","ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f",
		"Arguments":"{% $states.input.none %}","Catch":[{"ErrorEquals":["States.ALL"],"Output":"{% $states.input * 2 %}","Next":"E"}],"End":true},"E":{"Type":"Succeed"}}},"Output":"{% $sum($states.result) %}","End":true}`))
	var good atomic.Int64
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			end, err := New(m, Start{Input: json.RawMessage("{}"), Time: time.Now()}, environment(e)).Run(t.Context())
			if err == nil && string(end.Output) == "30" {
				good.Add(1)
			}
		})
	}
	group.Wait()
	if good.Load() != 20 {
		t.Errorf("%d of 20 executions ended well", good.Load())
	}
}

// TestRetryCounters: two executions of one machine, and two visits of
// one state, have retries of their own.
func TestRetryCounters(t *testing.T) {
	e := engine(t)
	m := parse(t, e, machineOf(`"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","Arguments":{},"Retry":[{"ErrorEquals":["X"],"MaxAttempts":2}],"Catch":[{"ErrorEquals":["X"],"Assign":{"n":"{% $exists($n) ? $n + 1 : 1 %}"},"Next":"C"}],"End":true},
		"C":{"Type":"Choice","Choices":[{"Condition":"{% $n < 2 %}","Next":"T"}],"Default":"E"},"E":{"Type":"Succeed"}`))
	for range 2 {
		p := play(t, e, m, "{}", func(*world, Call) Reply { return thrown("X") })
		if len(p.calls) != 6 {
			t.Errorf("%d calls: want three on each of two visits", len(p.calls))
		}
	}
}
