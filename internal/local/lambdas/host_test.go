package lambdas_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/lambdas"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
)

// probe is the binary of testdata/probe, built once as SAM builds ours.
var probe = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "probe")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bootstrap")
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", path, "./testdata/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := probe(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

func function(t *testing.T, name string) lambdas.Function {
	t.Helper()
	path, err := probe()
	if err != nil {
		t.Fatal(err)
	}
	return lambdas.Function{Name: name, Command: []string{path}, Timeout: 20 * time.Second, MemoryMB: 256}
}

func newHost(t *testing.T, c lambdas.Config) *lambdas.Host {
	t.Helper()
	if c.Store == nil {
		c.Store = storetest.Open(t, t.TempDir())
	}
	if c.LogDir == "" {
		c.LogDir = t.TempDir()
	}
	h, err := lambdas.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	h.Start()
	return h
}

type reply struct {
	Calls, Pid   int
	ID, ARN      string
	LeftMS       int64 `json:"left_ms"`
	Env          []string
	Name         string
	ErrorType    string `json:"errorType"`
	ErrorMessage string `json:"errorMessage"`
	StackTrace   []any  `json:"stackTrace"`
}

func invoke(t *testing.T, h *lambdas.Host, name, payload string) (reply, string) {
	t.Helper()
	b, functionError, err := h.Invoke(t.Context(), name, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	var r reply
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatalf("reply %.100q: %v", b, err)
	}
	return r, functionError
}

func TestWarmProcessIsUsedAgain(t *testing.T) {
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{function(t, "f")}})
	first, _ := invoke(t, h, "f", `{"name":"ü"}`)
	second, functionError := invoke(t, h, first.ARN, ``)
	if functionError != "" || first.Pid != second.Pid || second.Calls != 2 || first.Name != "ü" {
		t.Errorf("first %+v, second %+v: want one process", first, second)
	}
	if first.ID == second.ID || first.ARN != "arn:aws:lambda:us-east-1:000000000000:function:f" {
		t.Errorf("ids %s, %s, ARN %s", first.ID, second.ID, first.ARN)
	}
	if second.LeftMS < 15000 || second.LeftMS > 20000 {
		t.Errorf("deadline in %d ms: want just under 20 s", second.LeftMS)
	}
}

func TestEnvironmentIsLambdasAndTheFunctionsAlone(t *testing.T) {
	t.Setenv("OF_THE_PARENT", "secret")
	f := function(t, "f")
	f.Env = map[string]string{"MINE": "1"}
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{f}})
	r, _ := invoke(t, h, "f", `{}`)
	for _, want := range []string{"MINE=1", "AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_REGION=us-east-1"} {
		if !slices.Contains(r.Env, want) {
			t.Errorf("%s is missing", want)
		}
	}
	all := strings.Join(r.Env, "\n")
	if strings.Contains(all, "OF_THE_PARENT") || strings.Contains(all, "GOMEMLIMIT") || !strings.Contains(all, "_X_AMZN_TRACE_ID=Root=1-") || !strings.Contains(all, "AWS_LAMBDA_RUNTIME_API=127.0.0.1:") {
		t.Errorf("environment: %s", all)
	}
}

// Each way in which a function fails, with AWS's error document, and what
// becomes of its process.
func TestFailures(t *testing.T) {
	slow := function(t, "slow")
	slow.Timeout = 300 * time.Millisecond
	small := function(t, "small")
	small.MemoryMB = 64
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{function(t, "f"), slow, small}})
	for _, c := range []struct {
		name, function, payload, kind, message string
		ends                                   bool
	}{
		{"typed error", "f", `{"do":"typed"}`, "RejectedError", "too small", false},
		{"wrapped error: the outermost type", "f", `{"do":"wrapped"}`, "wrapError", "stage: too small", false},
		{"plain error", "f", `{"do":"plain"}`, "errorString", "plain", false},
		{"an event of another type", "f", `[]`, "UnmarshalTypeError", "cannot unmarshal", false},
		{"panic", "f", `{"do":"panic"}`, "string", "at the disco", true},
		{"exit 7", "f", `{"do":"exit","bytes":7}`, "Runtime.ExitError", "Error: Runtime exited with error: exit status 7", true},
		{"exit 0", "f", `{"do":"exit"}`, "Runtime.ExitError", "Error: Runtime exited without providing a reason", true},
		{"timeout", "slow", `{"do":"hang"}`, "Sandbox.Timedout", "Error: Task timed out after 0.30 seconds", true},
		{"memory", "small", `{"do":"hog"}`, "Runtime.ExitError", "Error: Runtime exited with error: signal: killed", true},
		{"reply one byte too large", "f", fmt.Sprintf(`{"do":"huge","bytes":%d}`, 6291556-1), "Function.ResponseSizeTooLarge", "(6291556 bytes)", true},
		{"stream that breaks", "f", `{"do":"stream"}`, "RejectedError", "half-way", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _ := invoke(t, h, c.function, `{}`)
			r, functionError := invoke(t, h, c.function, c.payload)
			if functionError != "Unhandled" || r.ErrorType != c.kind || !strings.Contains(r.ErrorMessage, c.message) {
				t.Errorf("got %q, %s: %s; want %s: %s", functionError, r.ErrorType, r.ErrorMessage, c.kind, c.message)
			}
			after, functionError := invoke(t, h, c.function, `{}`)
			if functionError != "" || (after.Pid != before.Pid) != c.ends {
				t.Errorf("afterwards %q, process ended: %v; want %v", functionError, after.Pid != before.Pid, c.ends)
			}
		})
	}
}

func TestReplyOfExactlyTheLimit(t *testing.T) {
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{function(t, "f")}})
	b, functionError, err := h.Invoke(t.Context(), "f", fmt.Appendf(nil, `{"do":"huge","bytes":%d}`, 6291556-2))
	if err != nil || functionError != "" || len(b) != 6291556 {
		t.Errorf("%d bytes, %q, %v", len(b), functionError, err)
	}
}

func TestStartFailures(t *testing.T) {
	exits := function(t, "exits")
	exits.Env = map[string]string{"PROBE_INIT": "exit"}
	missing := function(t, "missing")
	missing.Command = []string{"/nowhere/bootstrap"}
	never := function(t, "never")
	never.Command, never.Timeout = []string{"/bin/sh", "-c", "exit 0"}, time.Second
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{exits, missing, never}})
	for name, want := range map[string]string{"exits": "exit status 3", "missing": "Couldn't find valid bootstrap", "never": "without providing a reason"} {
		if r, functionError := invoke(t, h, name, `{}`); functionError != "Unhandled" || !strings.Contains(r.ErrorMessage, want) {
			t.Errorf("%s: %q %s", name, functionError, r.ErrorMessage)
		}
	}
}

func TestRefusedRequests(t *testing.T) {
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{function(t, "f")}})
	for _, c := range []struct{ name, payload, code string }{
		{"unknown", `{}`, "ResourceNotFoundException"},
		{"f:7", `{}`, "ResourceNotFoundException"},
		{"f", `{`, "InvalidRequestContentException"},
		{"f", `"` + strings.Repeat("x", 6<<20) + `"`, "RequestTooLargeException"},
	} {
		_, _, err := h.Invoke(t.Context(), c.name, []byte(c.payload))
		var api *lambdas.APIError
		if !errors.As(err, &api) || api.Code != c.code {
			t.Errorf("%s: %v: want %s", c.name, err, c.code)
		}
	}
	err := h.InvokeAsync(t.Context(), "f", []byte(`"`+strings.Repeat("x", 1<<20)+`"`))
	var api *lambdas.APIError
	if !errors.As(err, &api) || api.Code != "RequestTooLargeException" {
		t.Errorf("large event: %v", err)
	}
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	one, none := 1, 0
	f, closed := function(t, "f"), function(t, "closed")
	f.ReservedConcurrency, closed.ReservedConcurrency = &one, &none
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{f, closed}})
	for range 20 { // one after another there is always room
		if _, functionError := invoke(t, h, "f", `{}`); functionError != "" {
			t.Fatal(functionError)
		}
	}
	begun, free := filepath.Join(t.TempDir(), "begun"), filepath.Join(t.TempDir(), "free")
	ended := make(chan error)
	go func() {
		_, _, err := h.Invoke(context.WithoutCancel(t.Context()), "f", []byte(`{"do":"await","file":"`+begun+`","until":"`+free+`"}`))
		ended <- err
	}()
	waitFor(t, func() bool { _, err := os.Stat(begun); return err == nil })
	for _, name := range []string{"f", "closed"} {
		_, _, err := h.Invoke(t.Context(), name, nil)
		var api *lambdas.APIError
		if !errors.As(err, &api) || api.Code != "TooManyRequestsException" || api.Reason != "ReservedFunctionConcurrentInvocationLimitExceeded" {
			t.Errorf("%s: %v: want a throttle", name, err)
		}
	}
	if err := os.WriteFile(free, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestBoundWithoutReserveWaits(t *testing.T) {
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{function(t, "f")}, Concurrency: 2})
	var mu sync.Mutex
	pids := map[int]bool{}
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			r, functionError := invoke(t, h, "f", `{"do":"sleep","bytes":50}`)
			mu.Lock()
			defer mu.Unlock()
			if pids[r.Pid] = true; functionError != "" {
				t.Error(functionError)
			}
		}()
	}
	all.Wait()
	if len(pids) != 2 {
		t.Errorf("%d processes: want 2", len(pids))
	}
}

func TestIdleProcessEnds(t *testing.T) {
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{function(t, "f")}, IdleAfter: 50 * time.Millisecond})
	first, _ := invoke(t, h, "f", `{}`)
	waitFor(t, func() bool { return !running(first.Pid) })
	second, functionError := invoke(t, h, "f", `{}`)
	if functionError != "" || second.Pid == first.Pid {
		t.Errorf("second: %q, process %d after %d", functionError, second.Pid, first.Pid)
	}
}

func TestAnInvocationOutlivesItsCaller(t *testing.T) {
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{function(t, "f")}})
	file := filepath.Join(t.TempDir(), "done")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := h.Invoke(ctx, "f", []byte(`{"do":"append","file":"`+file+`"}`)); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	waitFor(t, func() bool { _, err := os.Stat(file); return err == nil })
}

func TestCloseEndsProcesses(t *testing.T) {
	f := function(t, "f")
	h, err := lambdas.New(lambdas.Config{Store: storetest.Open(t, t.TempDir()), LogDir: t.TempDir(), Clock: clock.Real{}, Functions: []lambdas.Function{f}})
	if err != nil {
		t.Fatal(err)
	}
	idle, _ := invoke(t, h, "f", `{}`)
	hanging := make(chan string)
	begun := filepath.Join(t.TempDir(), "begun")
	go func() {
		b, _, _ := h.Invoke(context.WithoutCancel(t.Context()), "f", []byte(`{"do":"await","file":"`+begun+`","until":"/never"}`))
		hanging <- string(b)
	}()
	waitFor(t, func() bool { _, err := os.Stat(begun); return err == nil })
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if got := <-hanging; !strings.Contains(got, "Runtime.ExitError") {
		t.Errorf("the invocation under way ended with %q", got)
	}
	if running(idle.Pid) {
		t.Error("the idle process still runs")
	}
	if _, _, err := h.Invoke(t.Context(), "f", nil); err == nil {
		t.Error("invoked after close")
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := function(t, "f")
	for name, change := range map[string]func(*lambdas.Function){
		"no name":      func(f *lambdas.Function) { f.Name = "" },
		"path as name": func(f *lambdas.Function) { f.Name = "../f" },
		"no program":   func(f *lambdas.Function) { f.Command = nil },
		"relative":     func(f *lambdas.Function) { f.Command = []string{"bootstrap"} },
	} {
		f := good
		change(&f)
		if h, err := lambdas.New(lambdas.Config{Store: storetest.Open(t, t.TempDir()), LogDir: t.TempDir(), Functions: []lambdas.Function{f}}); err == nil {
			t.Errorf("%s: accepted", name)
			_ = h.Close()
		}
	}
	if h, err := lambdas.New(lambdas.Config{Store: storetest.Open(t, t.TempDir()), LogDir: t.TempDir(), Functions: []lambdas.Function{good, good}}); err == nil {
		t.Error("the same name twice: accepted")
		_ = h.Close()
	}
}

func BenchmarkInvoke(b *testing.B) {
	path, err := probe()
	if err != nil {
		b.Fatal(err)
	}
	for _, idle := range []struct {
		name  string
		after time.Duration
	}{{"warm", time.Minute}, {"cold", time.Nanosecond}} {
		b.Run(idle.name, func(b *testing.B) {
			h, err := lambdas.New(lambdas.Config{Store: storetest.Open(b, b.TempDir()), LogDir: b.TempDir(), IdleAfter: idle.after, Functions: []lambdas.Function{{Name: "f", Command: []string{path}}}})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = h.Close() }()
			for b.Loop() {
				if _, functionError, err := h.Invoke(b.Context(), "f", nil); err != nil || functionError != "" {
					b.Fatal(functionError, err)
				}
			}
		})
	}
}

func running(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(b), ") Z ")
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	// As long as the slowest machine needs: only what never comes ends here.
	for range 24_000 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("waited two minutes in vain")
}
