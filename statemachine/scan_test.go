package statemachine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/statemachine"
)

var substitution = regexp.MustCompile(`\$\{(\w+)FunctionArn\}`)

// definition is the workflow with each function's ARN replaced by its name.
func definition() []byte {
	return substitution.ReplaceAllFunc(statemachine.Scan, func(m []byte) []byte {
		return []byte(strings.ToLower(string(substitution.FindSubmatch(m)[1])))
	})
}

func engine(t *testing.T, now func() time.Time) *asl.Engine {
	t.Helper()
	path := filepath.Join("..", "build", "node", "node_modules", "jsonata", "jsonata-es5.min.js")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Skip("SKIPPED: build/node lacks jsonata: run `make build` first")
	}
	e, err := asl.NewEngine(path, now)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// answer is what a function replies, or the error it throws.
type answer struct {
	reply string // JSON
	fails string // error name
}

// script says what each call answers, by "function" or "function action"; the
// last answer of a list repeats. Anything not listed answers well.
type script map[string][]answer

// run is one execution: who was called, in order within each branch, and its end.
type run struct {
	end   asl.End
	calls []string
	took  time.Duration // virtual
}

var begin = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// well is what functions answer when nothing is wrong; the lease sleeps after 120 s.
func well(call string, now time.Time) string {
	switch call {
	case "prepare":
		return `{"ready":true,"labels":false,"gone":false}`
	case "gpu release":
		return fmt.Sprintf(`{"park_at":%q,"empty":true,"desired":1}`, now.Add(120*time.Second).Format(time.RFC3339))
	case "gpu park":
		return fmt.Sprintf(`{"park_at":%q,"empty":true,"desired":0}`, now.Format(time.RFC3339))
	case "settle settle":
		return `{"status":"rejected"}`
	case "settle publish":
		return `{"status":"ready"}`
	}
	return `{}`
}

// execute runs one execution in time that passes only when nothing else can happen.
func execute(t *testing.T, input string, s script) (out run) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(begin)) // a bubble's time begins with the year 2000
		out = executeNow(t, input, s)
	})
	return out
}

func executeNow(t *testing.T, input string, s script) run {
	e := engine(t, time.Now)
	m, err := asl.Parse(definition(), e.Check)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var out run
	submitted := make(chan struct{})
	used := map[string]int{}
	var x *asl.Execution
	env := asl.Env{
		Engine: e, Clock: clock.Real{}, Commit: func(r asl.Record) error {
			for _, e := range r.Events {
				if e.Type == "TaskSubmitted" {
					close(submitted)
				}
			}
			return nil
		}, Warn: func(err error) { t.Error(err) },
		Token: func() string { return "token-" + fmt.Sprint(rand.Uint64()) }, Random: func() float64 { return 0.5 },
		Invoke: func(ctx context.Context, c asl.Call) asl.Reply {
			var in struct{ Action, Token string }
			if err := json.Unmarshal(c.Payload, &in); err != nil {
				t.Error(err)
			}
			name := strings.TrimSpace(c.Function + " " + in.Action)
			mu.Lock()
			out.calls = append(out.calls, name)
			a := answer{reply: well(name, time.Now())}
			if list := s[name]; len(list) > 0 {
				a = list[min(used[name], len(list)-1)]
				used[name]++
			}
			mu.Unlock()
			if in.Token != "" {
				go func() { // an answer that came before the call returned would spare the history an event
					<-submitted
					complete(t.Context(), x, in.Token, a)
				}()
				return asl.Reply{Payload: []byte(`{}`)}
			}
			if a.fails != "" {
				return asl.Reply{FunctionError: "Unhandled", Payload: []byte(fmt.Sprintf(`{"errorType":%q,"errorMessage":"code: sentence"}`, a.fails))}
			}
			return asl.Reply{Payload: []byte(a.reply)}
		},
	}
	x = asl.New(m, asl.Start{
		ARN: "arn:aws:states:us-east-1:000000000000:execution:scan:01JD0000000000000000000001-1", Name: "01JD0000000000000000000001-1",
		MachineARN: "arn:aws:states:us-east-1:000000000000:stateMachine:scan", MachineName: "scan", Input: json.RawMessage(input), Time: begin,
	}, env)
	end, err := x.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	out.end, out.took = *end, end.Time.Sub(begin)
	return out
}

// never is an answer to Segment that does not come: the endpoint lost it.
const never = "never"

// complete answers Segment's token as segmented would.
func complete(ctx context.Context, x *asl.Execution, token string, a answer) {
	switch a.fails {
	case never:
	case "":
		_ = x.Succeed(ctx, token, json.RawMessage(a.reply))
	default:
		_ = x.Fail(ctx, token, a.fails, `{"errorType":"`+a.fails+`","errorMessage":"code: sentence"}`)
	}
}

const scan = `{"job":"01JD0000000000000000000001","attempt":1,"from":"prepare"}`

func TestEveryPath(t *testing.T) {
	segmented := []answer{{reply: `{"labels":"k"}`}}
	tests := []struct {
		name   string
		input  string
		script script
		calls  []string // Mesh's branch before the GPU's
		status string
		took   time.Duration // 0: not looked at
	}{
		{"a scan becomes a model", scan, script{"segment": segmented},
			[]string{"prepare", "gpu acquire", "segment", "gpu release", "mesh", "settle publish", "gpu park"}, asl.Succeeded, 120 * time.Second},
		{"a remesh needs no GPU", strings.Replace(scan, "prepare", "mesh", 1), script{},
			[]string{"mesh", "settle publish"}, asl.Succeeded, 0},
		{"an uploaded label map needs no GPU", scan, script{"prepare": {{reply: `{"ready":true,"labels":true,"gone":false}`}}},
			[]string{"prepare", "mesh", "settle publish"}, asl.Succeeded, 0},
		{"a folder is waited for", scan, script{"segment": segmented, "prepare": {{reply: `{"ready":false,"labels":false,"gone":false}`}, {reply: `{"ready":false,"labels":false,"gone":false}`}, {reply: `{"ready":true,"labels":false,"gone":false}`}}},
			[]string{"prepare", "prepare", "prepare", "gpu acquire", "segment", "gpu release", "mesh", "settle publish", "gpu park"}, asl.Succeeded, 150 * time.Second},
		{"cancelled before it was prepared", scan, script{"prepare": {{reply: `{"ready":false,"labels":false,"gone":true}`}}},
			[]string{"prepare"}, asl.Succeeded, 0},
		{"cancelled while it was segmented", scan, script{"segment": {{reply: `{"gone":true}`}}},
			[]string{"prepare", "gpu acquire", "segment", "gpu release", "gpu park"}, asl.Succeeded, 0},
		{"a rejected scan is no alarm", scan, script{"prepare": {{fails: "RejectedError"}}},
			[]string{"prepare", "settle settle", "gpu release", "gpu park"}, asl.Succeeded, 0},
		{"a stage that fails is one", scan, script{"prepare": {{fails: "InternalError"}}, "settle settle": {{reply: `{"status":"failed"}`}}},
			[]string{"prepare", "settle settle", "gpu release", "gpu park"}, asl.Failed, 0},
		{"the endpoint is busy for a while", scan, script{"segment": segmented, "gpu acquire": {{fails: "BusyError"}, {fails: "BusyError"}, {reply: `{}`}}},
			[]string{"prepare", "gpu acquire", "gpu acquire", "gpu acquire", "segment", "gpu release", "mesh", "settle publish", "gpu park"}, asl.Succeeded, 150 * time.Second},
		{"a budget stop", scan, script{"gpu acquire": {{fails: "BudgetError"}}, "settle settle": {{reply: `{"status":"failed"}`}}},
			[]string{"prepare", "gpu acquire", "settle settle", "gpu release", "gpu park"}, asl.Failed, 0},
		{"the model server refuses the scan", scan, script{"segment": {{fails: "RejectedError"}}},
			[]string{"prepare", "gpu acquire", "segment", "settle settle", "gpu release", "gpu park"}, asl.Succeeded, 0},
		{"the answer never comes, and is not asked for again", scan, script{"segment": {{fails: never}}, "settle settle": {{reply: `{"status":"failed"}`}}},
			[]string{"prepare", "gpu acquire", "segment", "settle settle", "gpu release", "gpu park"}, asl.Failed, 7620 * time.Second},
		{"the ending cannot be recorded", scan, script{"prepare": {{fails: "RejectedError"}}, "settle settle": {{fails: "InternalError"}}},
			[]string{"prepare", "settle settle", "gpu release", "gpu park"}, asl.Failed, 0},
		{"the lease cannot be released", scan, script{"segment": segmented, "gpu release": {{fails: "InternalError"}}},
			[]string{"prepare", "gpu acquire", "segment", "gpu release", "mesh", "settle publish", "gpu park"}, asl.Succeeded, 0},
		{"meshing fails, parking goes on", scan, script{"segment": segmented, "mesh": {{fails: "RejectedError"}}},
			[]string{"prepare", "gpu acquire", "segment", "gpu release", "mesh", "settle settle", "gpu park"}, asl.Succeeded, 120 * time.Second},
		{"publishing fails", scan, script{"segment": segmented, "settle publish": {{fails: "InternalError"}}, "settle settle": {{reply: `{"status":"failed"}`}}},
			[]string{"prepare", "gpu acquire", "segment", "gpu release", "mesh", "settle publish", "settle settle", "gpu park"}, asl.Failed, 120 * time.Second},
		{"meshing fails and cannot be recorded", scan, script{"segment": segmented, "mesh": {{fails: "X"}}, "settle settle": {{fails: "X"}}},
			[]string{"prepare", "gpu acquire", "segment", "gpu release", "mesh", "settle settle", "gpu park"}, asl.Failed, 120 * time.Second},
		{"parking fails: the janitor parks", scan, script{"segment": segmented, "gpu park": {{fails: "InternalError"}}},
			[]string{"prepare", "gpu acquire", "segment", "gpu release", "mesh", "settle publish", "gpu park"}, asl.Succeeded, 0},
		{"another job lingers: this one goes back to wait", scan, script{"segment": segmented, "gpu park": {
			{reply: `{"park_at":"2026-11-24T12:03:20Z","empty":true,"desired":1}`}, {reply: `{"park_at":"2026-11-24T12:03:20Z","empty":true,"desired":0}`}}},
			[]string{"prepare", "gpu acquire", "segment", "gpu release", "mesh", "settle publish", "gpu park", "gpu park"}, asl.Succeeded, 200 * time.Second},
		{"another job holds the GPU: its own execution parks", scan, script{"segment": segmented, "gpu park": {{reply: `{"park_at":"2026-11-24T12:02:00Z","empty":false,"desired":1}`}}},
			[]string{"prepare", "gpu acquire", "segment", "gpu release", "mesh", "settle publish", "gpu park"}, asl.Succeeded, 120 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := execute(t, test.input, test.script)
			if diff := cmp.Diff(test.calls, inOrder(got.calls)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if got.end.Status != test.status {
				t.Errorf("status = %s (%s: %s), want %s", got.end.Status, got.end.Error, got.end.Cause, test.status)
			}
			if test.took > 0 && got.took != test.took {
				t.Errorf("took %v, want %v", got.took, test.took)
			}
		})
	}
}

// inOrder puts the GPU's branch behind Mesh's: which of the two calls first is chance.
func inOrder(calls []string) []string {
	var first, parks []string
	for _, c := range calls {
		if c == "gpu park" {
			parks = append(parks, c)
		} else {
			first = append(first, c)
		}
	}
	return append(first, parks...)
}
