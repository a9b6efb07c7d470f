package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded is one execution of shared/asl/cases.json.
type recorded struct {
	Test       string
	Definition json.RawMessage
	Input      string
	Events     []map[string]json.RawMessage
}

func cases(t *testing.T) []recorded {
	t.Helper()
	shared := os.Getenv("IRIS_SHARED")
	if shared == "" {
		shared = filepath.Join(root(t), "../shared")
	}
	text, err := os.ReadFile(filepath.Join(shared, "asl/cases.json"))
	if err != nil {
		t.Skipf("SKIPPED: no recorded executions: %v (set IRIS_SHARED)", err)
	}
	var list []recorded
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// TestRecorded replays what AWS recorded: the same replies must give the same
// status, output, error name and event types. A machine with a JSONPath state must
// be refused by the name of such a state.
func TestRecorded(t *testing.T) {
	list := cases(t)
	e := engine(t)
	ran, refused := 0, 0
	for _, c := range list {
		t.Run(c.Test[strings.LastIndex(c.Test, ":")+1:], func(t *testing.T) {
			m, err := Parse(c.Definition, e.Check)
			if name := jsonPathState(c.Definition); name != "" {
				refused++
				if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "JSON") {
					t.Fatalf("error %v: want a refusal that names state %q", err, name)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ran++
			run := play(t, e, m, c.Input, repliesOf(t, c.Events).answer)
			last := c.Events[len(c.Events)-1]
			compare(t, last, run)
			want := typesOf(c.Events, func(e map[string]json.RawMessage) string { return text(e["type"]) })
			got := typesOf(run.events, func(e Event) string { return e.Type })
			if strings.Contains(string(c.Definition), `"Parallel"`) || strings.Contains(string(c.Definition), `"Map"`) {
				slices.Sort(want)
				slices.Sort(got)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("event types (-AWS +here):\n%s", diff)
			}
		})
	}
	t.Logf("%d executions replayed, %d machines with JSONPath refused", ran, refused)
}

// jsonPathState is a state that is not JSONata, by AWS's rule: the state's own
// QueryLanguage, else the machine's, else JSONPath.
func jsonPathState(definition json.RawMessage) string {
	type machine struct {
		QueryLanguage string
		States        map[string]json.RawMessage
	}
	var walk func(text json.RawMessage, language string) string
	walk = func(text json.RawMessage, language string) string {
		var m machine
		if json.Unmarshal(text, &m) != nil {
			return ""
		}
		if m.QueryLanguage != "" {
			language = m.QueryLanguage
		}
		for name, state := range m.States {
			var s struct {
				QueryLanguage string
				Branches      []json.RawMessage
				ItemProcessor json.RawMessage
			}
			if json.Unmarshal(state, &s) != nil {
				return name
			}
			if s.QueryLanguage == "JSONPath" || s.QueryLanguage == "" && language != "JSONata" {
				return name
			}
			for _, b := range append(s.Branches, s.ItemProcessor) {
				if inner := walk(b, language); inner != "" {
					return inner
				}
			}
		}
		return ""
	}
	return walk(definition, "")
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	return s
}

func typesOf[E any](events []E, of func(E) string) []string {
	var types []string
	for _, e := range events {
		if kind := of(e); kind != "EvaluationFailed" {
			types = append(types, kind)
		}
	}
	return types
}

// script is what the functions gave, each reply with the payload it answered.
type script struct {
	t  *testing.T
	mu sync.Mutex

	payloads []string
	replies  []Reply
}

// errHangs stands for a run that AWS timed out.
var errHangs = errors.New("no reply")

// answer gives the first reply left to this payload. Payloads may hold what differs
// from run to run: then it is the first reply left.
func (s *script) answer(w *world, c Call) Reply {
	s.mu.Lock()
	i := max(0, slices.Index(s.payloads, canonical(c.Payload)))
	if len(s.replies) == 0 {
		s.mu.Unlock()
		s.t.Error("more calls than were recorded")
		return Reply{Err: errHangs}
	}
	r := s.replies[i]
	s.payloads, s.replies = slices.Delete(s.payloads, i, i+1), slices.Delete(s.replies, i, i+1)
	s.mu.Unlock()
	if errors.Is(r.Err, errHangs) {
		return w.hang()
	}
	return r
}

func canonical(payload json.RawMessage) string {
	var v any
	if json.Unmarshal(payload, &v) != nil {
		return string(payload)
	}
	return string(encode(v))
}

// repliesOf is what the functions gave, as the history tells it. The nth run that
// was scheduled is taken to be the nth that ended: in the recordings runs end in
// the order in which they began.
func repliesOf(t *testing.T, events []map[string]json.RawMessage) *script {
	s := &script{t: t}
	for _, e := range events {
		kind := text(e["type"])
		var d struct {
			Output, Parameters, Input json.RawMessage
			Error                     string
			Cause                     json.RawMessage
		}
		if raw := e[Event{Type: kind}.DetailsName()]; raw != nil {
			details(t, raw, &d)
		}
		switch kind {
		case "TaskScheduled":
			var arguments struct{ Payload json.RawMessage }
			details(t, asJSON(d.Parameters), &arguments)
			s.payloads = append(s.payloads, canonical(arguments.Payload))
		case "LambdaFunctionScheduled":
			s.payloads = append(s.payloads, canonical(asJSON(d.Input)))
		case "TaskSucceeded":
			var result struct{ Payload json.RawMessage }
			details(t, asJSON(d.Output), &result)
			s.replies = append(s.replies, Reply{Payload: result.Payload})
		case "LambdaFunctionSucceeded":
			s.replies = append(s.replies, Reply{Payload: asJSON(d.Output)})
		case "TaskFailed", "LambdaFunctionFailed":
			s.replies = append(s.replies, failed(d.Error, d.Cause))
		case "TaskTimedOut", "LambdaFunctionTimedOut":
			s.replies = append(s.replies, Reply{Err: errHangs})
		}
	}
	for len(s.replies) < len(s.payloads) { // ended with the execution
		s.replies = append(s.replies, Reply{Err: errHangs})
	}
	return s
}

// failed is the reply behind a recorded failure: a function's own error has its
// JSON as the cause, any other is an error of the call.
func failed(name string, cause json.RawMessage) Reply {
	cause = asJSON(cause)
	var told struct{ ErrorType string }
	if json.Unmarshal(cause, &told) == nil && (told.ErrorType == name || name == "Lambda.Unknown") {
		return Reply{Payload: compact(cause), FunctionError: "Unhandled"}
	}
	return Reply{Err: &CallError{name, text(cause)}}
}

func details(t *testing.T, raw json.RawMessage, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("recorded details: %v", err)
	}
}

// asJSON undoes the recording's text form: values are JSON or JSON as text.
func asJSON(raw json.RawMessage) json.RawMessage {
	var s string
	if json.Unmarshal(raw, &s) == nil && json.Valid([]byte(s)) {
		return json.RawMessage(s)
	}
	return raw
}

// compare checks how the execution ended. In recorded outputs, what differs from
// run to run is a placeholder.
func compare(t *testing.T, last map[string]json.RawMessage, run played) {
	t.Helper()
	status := map[string]string{"ExecutionSucceeded": Succeeded, "ExecutionFailed": Failed, "ExecutionAborted": Aborted, "ExecutionTimedOut": TimedOut}[text(last["type"])]
	if run.end.Status != status {
		t.Fatalf("%s %s %s: want %s", run.end.Status, run.end.Error, run.end.Cause, status)
	}
	var d struct {
		Output json.RawMessage
		Error  string
	}
	if status != Succeeded {
		if raw := last[Event{Type: text(last["type"])}.DetailsName()]; raw != nil {
			details(t, raw, &d)
		}
		if run.end.Error != d.Error {
			t.Errorf("error %q (%s): want %q", run.end.Error, run.end.Cause, d.Error)
		}
		return
	}
	details(t, last["executionSucceededEventDetails"], &d)
	var want, got any
	for _, v := range []struct {
		raw  json.RawMessage
		into *any
	}{{asJSON(d.Output), &want}, {run.end.Output, &got}} {
		decoder := json.NewDecoder(bytes.NewReader(v.raw))
		if err := decoder.Decode(v.into); err != nil {
			t.Fatalf("output %s: %v", v.raw, err)
		}
	}
	if diff := cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool {
		index, ok := p.Last().(cmp.MapIndex)
		return ok && (index.Key().String() == "SdkHttpMetadata" || index.Key().String() == "SdkResponseMetadata")
	}, cmp.Ignore()), cmp.Comparer(func(a, b string) bool {
		return a == b || placeholder(a) || placeholder(b)
	})); diff != "" {
		t.Errorf("output (-AWS +here):\n%s", diff)
	}
}

func placeholder(s string) bool {
	return s == "date" || s == "timestamp" || s == "snf_role_arn" || strings.Contains(s, "<") || s == "lambda_function_name"
}
