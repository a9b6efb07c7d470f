package states_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/clock/clocktest"
	"github.com/iris-oculus/iris/internal/local/states"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
)

const tokenMachine = `{"QueryLanguage":"JSONata","StartAt":"Before","States":{
"Before":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"before"},"Assign":{"b":"{% $states.result.Payload %}"},"Next":"Ask"},
"Ask":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Arguments":{"FunctionName":"ask","Payload":"{% $states.context.Task.Token %}"},"Next":"Rest"},
"Rest":{"Type":"Wait","Seconds":3600,"Output":"{% [$b, $states.input] %}","End":true}}}`

// worker counts calls by function and keeps the last token.
type worker struct {
	mu    sync.Mutex
	calls map[string]int
	token string
	hang  bool // ask never returns
}

func (w *worker) invoke(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
	w.mu.Lock()
	w.calls[function]++
	if function == "ask" {
		if err := json.Unmarshal(payload, &w.token); err != nil {
			return nil, "", err
		}
	}
	hang := w.hang && function == "ask"
	w.mu.Unlock()
	if hang {
		<-ctx.Done()
	}
	return []byte(`"` + function + `"`), "", nil
}

func (w *worker) asked(t *testing.T) string {
	t.Helper()
	for range 120_000 {
		w.mu.Lock()
		token := w.token
		w.mu.Unlock()
		if token != "" {
			return token
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("nobody was asked")
	return ""
}

// TestCrash kills the service while a function runs, while a token is out and
// during a wait.
func TestCrash(t *testing.T) {
	v := clocktest.New(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	first := &worker{calls: map[string]int{}, hang: true}
	b := open(t, t.TempDir(), v, first.invoke)
	arn := b.start(t, b.create(t, "m", tokenMachine), "x", "{}")
	token := first.asked(t)

	// The function that was asked had not returned: it is called again, with its token.
	second := &worker{calls: map[string]int{}}
	b = open(t, storetest.Crashed(t, b.dir), v, second.invoke)
	if again := second.asked(t); again != token {
		t.Errorf("asked again with another token")
	}
	if second.calls["before"] != 0 {
		t.Errorf("called again what had ended")
	}
	b.submitted(t, arn)

	// It has returned: only its answer is waited for, and the old token takes it.
	third := &worker{calls: map[string]int{}}
	b = open(t, storetest.Crashed(t, b.dir), v, third.invoke)
	v.Advance(time.Minute)
	if err := b.SendTaskSuccess(t.Context(), token, `{"done": true}`); err != nil {
		t.Fatal(err)
	}
	_, err := b.client.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String("1")})
	if code(err) != "TaskTimedOut" {
		t.Errorf("answered twice: %v", err)
	}

	// The answer was acknowledged, so it is known after a crash; the wait ends when it
	// was to end at first.
	fourth := &worker{calls: map[string]int{}}
	b = open(t, storetest.Crashed(t, b.dir), v, fourth.invoke)
	v.Advance(59 * time.Minute)
	if d, err := b.Describe(arn); err != nil || d.Status != "RUNNING" {
		t.Errorf("ended early: %+v, %v", d, err)
	}
	for v.Advance(time.Minute); ; time.Sleep(time.Millisecond) {
		if d, _ := b.Describe(arn); d.End != nil {
			break
		}
	}
	d := b.wait(t, arn)
	if d.Status != types.ExecutionStatusSucceeded || *d.Output != `["before",{"done":true}]` {
		t.Errorf("%v %v", d.Status, *d.Output)
	}
	if got, want := d.StopDate.Sub(*d.StartDate), 61*time.Minute; got != want {
		t.Errorf("took %v: want %v", got, want)
	}
	if len(third.calls)+len(fourth.calls) != 0 {
		t.Errorf("called again: %v %v", third.calls, fourth.calls)
	}
}

// submitted waits until the history says that the token is out.
func (b *bench) submitted(t *testing.T, arn string) {
	t.Helper()
	for range 120_000 {
		if names := b.history(t, arn); names[len(names)-1] == "TaskSubmitted" {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("never submitted")
}

// TestCrashAfterEachRecord takes an execution's last records away, one more each
// time, as if the crash had come before them: it ends as it did.
func TestCrashAfterEachRecord(t *testing.T) {
	b := open(t, t.TempDir(), clock.Real{}, echo)
	machine := b.create(t, "m", `{"QueryLanguage":"JSONata","StartAt":"Call","States":{
		"Call":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":[1,2,3]},"Output":"{% $states.result.Payload %}","Next":"Each"},
		"Each":{"Type":"Map","ItemProcessor":{"StartAt":"One","States":{"One":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:g","End":true}}},"End":true}}}`)
	arn := b.start(t, machine, "x", "{}")
	want, events := b.wait(t, arn), len(b.history(t, arn))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	lines := storetest.Count(t, storetest.Open(t, storetest.Crashed(t, b.dir)), states.HistoryBucket)
	if lines < 4 {
		t.Fatalf("a history of %d lines", lines)
	}
	for kept := 1; kept < lines; kept++ {
		t.Run(fmt.Sprint(kept), func(t *testing.T) {
			dir := storetest.Crashed(t, b.dir)
			before(t, dir, states.ExecutionKey("m", "x"), kept)
			again := open(t, dir, clock.Real{}, echo)
			if d := again.wait(t, arn); d.Status != want.Status || *d.Output != *want.Output {
				t.Errorf("%s %v: want %s", d.Status, *d.Output, *want.Output)
			}
			if got := again.history(t, arn); len(got) != events {
				t.Errorf("history of %d events: want %d", len(got), events)
			}
			if got := again.events(t); len(got) != 1 || !strings.Contains(got[0], `"SUCCEEDED"`) {
				t.Errorf("events %s: want the end's one", got)
			}
		})
	}
}

// before leaves the first lines of an execution's history, and no event.
func before(t *testing.T, dir, execution string, kept int) {
	t.Helper()
	s := storetest.Open(t, dir)
	defer func() { _ = s.Close() }()
	sum, found, err := store.Get[states.Summary](s, states.ExecutionBucket, execution)
	if !found || err != nil {
		t.Fatalf("found %v, %v", found, err)
	}
	sum.Status, sum.Stop = states.Running, time.Time{}
	b := &store.Batch{}
	b.Put(states.ExecutionBucket, execution, sum)
	for n := kept; n < 100; n++ {
		b.Delete(states.HistoryBucket, states.LineKey(execution, n))
	}
	err = store.Each(s, eventBucket, "", func(key string, _ any) error {
		b.Delete(eventBucket, key)
		return nil
	})
	if err := errors.Join(err, s.Write(b)); err != nil {
		t.Fatal(err)
	}
}

// TestEventsComeWithWhatTheyTell: the start and the end of an execution are in the
// store with their events, or without. None is published twice.
func TestEventsComeWithWhatTheyTell(t *testing.T) {
	b := open(t, t.TempDir(), clock.Real{}, echo)
	arn := b.start(t, b.create(t, "m", callMachine), "x", "{}")
	b.wait(t, arn)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, storetest.Crashed(t, b.dir), clock.Real{}, echo)
	if got := again.events(t); len(got) != 2 || !strings.Contains(strings.Join(got, ""), `"RUNNING"`) || !strings.Contains(strings.Join(got, ""), `"SUCCEEDED"`) {
		t.Errorf("events %s: want the start and the end", got)
	}
}

// TestUnannounced: an end of before the store, whose event may not have got out, is
// published after the way up, once.
func TestUnannounced(t *testing.T) {
	b := open(t, t.TempDir(), clock.Real{}, echo)
	b.wait(t, b.start(t, b.create(t, "m", callMachine), "x", "{}"))
	key := states.ExecutionKey("m", "x")
	sum, _, err := store.Get[states.Summary](b.store, states.ExecutionBucket, key)
	if err != nil {
		t.Fatal(err)
	}
	sum.Unannounced = true
	batch := &store.Batch{}
	batch.Put(states.ExecutionBucket, key, sum)
	if err := errors.Join(b.store.Write(batch), b.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		again := open(t, b.dir, clock.Real{}, echo)
		if got := again.events(t); len(got) != 3 || strings.Count(strings.Join(got, ""), `"SUCCEEDED"`) != 2 {
			t.Errorf("events %s: want the end once more", got)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRetention: what ended more than 90 days ago is gone after a restart.
func TestRetention(t *testing.T) {
	v := clocktest.New(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	b := open(t, t.TempDir(), v, echo)
	machine := b.create(t, "m", callMachine)
	arn := b.start(t, machine, "x", "{}")
	b.wait(t, arn)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	v.Advance(91 * 24 * time.Hour)
	again := open(t, b.dir, v, echo)
	if _, err := again.Describe(arn); err == nil {
		t.Error("still there after 91 days")
	}
	for _, bucket := range []string{states.ExecutionBucket, states.HistoryBucket} {
		if n := storetest.Count(t, again.store, bucket); n != 0 {
			t.Errorf("%d records of %s are left", n, bucket)
		}
	}
	if list, err := again.client.ListStateMachines(t.Context(), &sfn.ListStateMachinesInput{}); err != nil || len(list.StateMachines) != 1 {
		t.Errorf("machines %v, %v: want the one that was created", list, err)
	}
}
