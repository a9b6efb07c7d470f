package asl

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// everyState goes through all eight types, with retries, a catch, variables,
// nested branches and a token.
const everyState = `{"QueryLanguage":"JSONata","TimeoutSeconds":10000,"StartAt":"Begin","States":{
"Begin":{"Type":"Pass","Assign":{"list":[1,2,3,4,5],"seen":0},"Next":"First"},
"First":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"twice-bad","Payload":{"try":"{% $states.context.State.RetryCount %}"}},
  "Retry":[{"ErrorEquals":["Bad"],"IntervalSeconds":10,"MaxAttempts":2}],"Output":"{% $states.result.Payload %}","Next":"Choose"},
"Choose":{"Type":"Choice","Choices":[{"Condition":"{% $states.input.ok and $seen = 0 %}","Assign":{"seen":1},"Next":"Rest"}],"Default":"Lost"},
"Lost":{"Type":"Fail","Error":"Lost"},
"Rest":{"Type":"Wait","Seconds":60,"Next":"Both"},
"Both":{"Type":"Parallel","Branches":[
  {"StartAt":"Left","States":{"Left":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:left","Arguments":{"seen":"{% $seen %}"},"Next":"LeftRest"},"LeftRest":{"Type":"Wait","Seconds":30,"End":true}}},
  {"StartAt":"Each","States":{"Each":{"Type":"Map","Items":"{% $list %}","MaxConcurrency":2,"ToleratedFailureCount":1,"ItemSelector":{"n":"{% $states.context.Map.Item.Value %}"},
    "ItemProcessor":{"StartAt":"One","States":{
      "One":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"one","Payload":"{% $states.input %}"},"Assign":{"n":"{% $states.result.Payload.n %}"},"Next":"Pause"},
      "Pause":{"Type":"Wait","Seconds":5,"Next":"Two"},
      "Two":{"Type":"Pass","Output":"{% $n * 10 %}","End":true}}},"End":true}}}],
  "Output":"{% $states.result[1] %}","Next":"Ask"},
"Ask":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Arguments":{"FunctionName":"ask","Payload":{"token":"{% $states.context.Task.Token %}","sum":"{% $states.input %}"}},
  "TimeoutSeconds":500,"HeartbeatSeconds":100,"Next":"Fall"},
"Fall":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"throws"},"Catch":[{"ErrorEquals":["States.ALL"],"Assign":{"problem":"{% $states.errorOutput.Error %}"},"Output":"{% $states.input %}","Next":"End"}],"Next":"Lost"},
"End":{"Type":"Succeed","Output":{"answer":"{% $states.input %}","problem":"{% $problem %}","list":"{% $list %}"}}}}`

// functions answers everyState's calls by their payload alone, and has each token
// answered 50 s later by a worker that no crash of the execution disturbs.
type functions struct {
	mu     sync.Mutex
	tokens map[string]bool
}

func (f *functions) answer(w *world, c Call) Reply {
	switch name := c.Function[strings.LastIndexByte(c.Function, ':')+1:]; name {
	case "twice-bad":
		if string(c.Payload) == `{"try":2}` {
			return says(`{"ok":true}`)
		}
		return thrown("Bad")
	case "left":
		return Reply{Payload: c.Payload}
	case "one":
		if string(c.Payload) == `{"n":3}` {
			return thrown("Three")
		}
		return Reply{Payload: c.Payload}
	case "ask":
		var asked struct{ Token string }
		if err := json.Unmarshal(c.Payload, &asked); err != nil {
			w.t.Error(err)
		}
		f.mu.Lock()
		f.tokens[asked.Token] = true
		f.mu.Unlock()
		f.work(w, asked.Token)
		return says("null")
	case "throws":
		return thrown("Fell")
	default:
		w.t.Errorf("call of %s", name)
		return Reply{}
	}
}

// work answers a token after 50 s, unless the execution is over.
func (f *functions) work(w *world, token string) {
	go func() {
		fire, stop := w.clock.After(50 * time.Second)
		defer stop()
		select {
		case <-fire:
			_ = w.x.Succeed(w.t.Context(), token, json.RawMessage(`"answered"`)) // closed: answered before
		case <-w.over:
		}
	}()
}

// TestResume kills an execution after each of its commits. What goes on must end
// as the undisturbed one did, at the same time, with the same history, and must
// call nothing again whose result was committed.
func TestResume(t *testing.T) {
	e := engine(t)
	m := parse(t, e, everyState)
	f := &functions{tokens: map[string]bool{}}
	whole := play(t, e, m, `{}`, f.answer)
	if want := `{"answer":"answered","problem":"Fell","list":[1,2,3,4,5]}`; string(whole.end.Output) != want {
		t.Fatalf("%s %s %s %s: want %s", whole.end.Status, whole.end.Error, whole.end.Cause, whole.end.Output, want)
	}
	checkHistory(t, whole.events)
	for cut := range len(whole.records) {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			t.Parallel()
			prefix := cloneAll(t, whole.records[:cut])
			at := epoch
			for _, r := range prefix {
				if n := len(r.Events); n > 0 {
					at = r.Events[n-1].Time
				}
			}
			settled := countType(prefix, "TaskScheduled") + countType(prefix, "LambdaFunctionScheduled")
			for _, t := range threadsOf(prefix) {
				if t.Phase == phaseCall {
					settled-- // in flight: called again
				}
			}
			open := openTokens(prefix)
			f := &functions{tokens: map[string]bool{}}
			p := replay(t, e, m, `{}`, prefix, at, f.answer, func(w *world) {
				for _, token := range open {
					f.work(w, token) // the worker that was asked before the crash
				}
			})
			if diff := cmp.Diff(string(whole.end.Output), string(p.end.Output)); diff != "" {
				t.Errorf("output (-whole +resumed):\n%s", diff)
			}
			if late := p.took() - whole.took(); late < 0 || late > 50*time.Second { // the worker begins anew
				t.Errorf("took %v: want %v", p.took(), whole.took())
			}
			checkHistory(t, p.events)
			if diff := cmp.Diff(sortedTypes(whole.events), sortedTypes(p.events)); diff != "" {
				t.Errorf("events (-whole +resumed):\n%s", diff)
			}
			if len(p.calls)+settled != len(whole.calls) {
				t.Errorf("%d calls after %d had settled: want %d in all", len(p.calls), settled, len(whole.calls))
			}
			for token := range f.tokens {
				if len(open) > 0 && !slices.Contains(open, token) {
					t.Errorf("asked with the token %s: want the one given out before, %v", token, open)
				}
			}
		})
	}
}

// TestManyKills kills executions again and again after a random number of commits,
// with a random part of the time until the restart lost.
func TestManyKills(t *testing.T) {
	e := engine(t)
	m := parse(t, e, everyState)
	kills := 0
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 0))
		f := &functions{tokens: map[string]bool{}}
		var records []Record
		at := epoch
		var end *End
		for end == nil {
			open := openTokens(records)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, e, m, "{}", cloneAll(t, records), at, f.answer)
				w.killAfter = 1 + random.IntN(4)
				for _, token := range open {
					f.work(w, token)
				}
				end, _ = w.run(t.Context()) // no end: killed
				records = append(records, w.records...)
				at = time.Now().Add(time.Duration(random.IntN(5000)) * time.Millisecond).Round(0)
			})
			if end == nil {
				kills++
			}
		}
		if string(end.Output) != `{"answer":"answered","problem":"Fell","list":[1,2,3,4,5]}` {
			t.Errorf("seed %d: %+v", seed, end)
		}
		var events []Event
		for _, r := range records {
			events = append(events, r.Events...)
		}
		checkHistory(t, events)
		if scheduled := countType(records, "TaskScheduled"); scheduled != 10 {
			t.Errorf("seed %d: %d tasks were scheduled: want 10", seed, scheduled)
		}
	}
	if kills < 50 {
		t.Errorf("%d kills: want at least 50", kills)
	}
	t.Logf("%d kills", kills)
}

func cloneAll(t *testing.T, records []Record) (list []Record) {
	for _, r := range records {
		list = append(list, clone(t, r))
	}
	return list
}

// threadsOf are the threads that the records leave.
func threadsOf(records []Record) map[int]*Thread {
	threads := map[int]*Thread{}
	for _, r := range records {
		for _, t := range r.Threads {
			threads[t.ID] = t
		}
		for _, id := range r.Dropped {
			delete(threads, id)
		}
	}
	return threads
}

// openTokens are the task tokens that wait for an answer.
func openTokens(records []Record) []string {
	var tokens []string
	for _, t := range threadsOf(records) {
		if t.Task != nil && t.Task.Token != "" {
			tokens = append(tokens, t.Task.Token)
		}
	}
	return tokens
}

func countType(records []Record, kind string) (n int) {
	for _, r := range records {
		for _, e := range r.Events {
			if e.Type == kind {
				n++
			}
		}
	}
	return n
}

func sortedTypes(events []Event) []string {
	var types []string
	for _, e := range events {
		types = append(types, e.Type)
	}
	slices.Sort(types)
	return types
}
