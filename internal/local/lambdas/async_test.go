package lambdas_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/clock/clocktest"
	"github.com/iris-oculus/iris/internal/local/lambdas"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func lines(t *testing.T, file string) []string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Fields(string(b))
}

func TestAsyncArrives(t *testing.T) {
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{function(t, "f")}, Concurrency: 2})
	file := filepath.Join(t.TempDir(), "done")
	for i := range 20 {
		payload := `{"do":"append","file":"` + file + `","name":"n` + strconv.Itoa(i) + `"}`
		if err := h.InvokeAsync(t.Context(), "f", []byte(payload)); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, func() bool { return h.Queued() == 0 })
	if got := lines(t, file); len(got) != 20 {
		t.Errorf("%d of 20 arrived: %v", len(got), got)
	}
}

// AWS: after the first failure one minute, after the second two, then the queue of
// dead letters that is the destination.
func TestAsyncRetriesThenDeadLetter(t *testing.T) {
	v := clocktest.New(start)
	f := function(t, "f")
	f.OnFailure = "arn:aws:sqs:us-east-1:000000000000:failures"
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{f}, Clock: v})
	if err := h.InvokeAsync(t.Context(), "f", []byte(`{"do":"typed"}`)); err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute} {
		waitFor(t, func() bool { _, any := v.Next(); return any })
		if next, _ := v.Next(); next.Sub(v.Now()) != wait {
			t.Errorf("waits %v: want %v", next.Sub(v.Now()), wait)
		}
		v.Advance(wait)
	}
	var record struct {
		RequestContext struct {
			Condition              string
			ApproximateInvokeCount int
			FunctionArn            string
		}
		RequestPayload  map[string]string
		ResponseContext struct{ FunctionError string }
		ResponsePayload reply
	}
	waitFor(t, func() bool { return h.Queued() == 0 })
	dead := h.DeadLetters()
	if len(dead) != 1 {
		t.Fatalf("%d dead letters: want 1", len(dead))
	}
	if err := json.Unmarshal(dead[0].Body, &record); err != nil {
		t.Fatal(err)
	}
	rc := record.RequestContext
	if rc.Condition != "RetriesExhausted" || rc.ApproximateInvokeCount != 3 || !strings.HasSuffix(rc.FunctionArn, ":f:$LATEST") {
		t.Errorf("request context %+v", rc)
	}
	if record.RequestPayload["do"] != "typed" || record.ResponseContext.FunctionError != "Unhandled" || record.ResponsePayload.ErrorType != "RejectedError" {
		t.Errorf("record %+v", record)
	}
}

func TestAsyncWithoutDestinationIsKept(t *testing.T) {
	none := 0
	f := function(t, "f")
	f.MaxRetries = &none
	h := newHost(t, lambdas.Config{Functions: []lambdas.Function{f}})
	if err := h.InvokeAsync(t.Context(), "f", []byte(`{"do":"exit","bytes":1}`)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return h.Queued() == 0 })
	if n := len(h.DeadLetters()); n != 1 {
		t.Errorf("%d dead letters: want 1", n)
	}
}

func TestAsyncFailureGoesToAFunction(t *testing.T) {
	none := 0
	f, other := function(t, "f"), function(t, "other")
	f.MaxRetries, f.OnFailure = &none, "arn:aws:lambda:us-east-1:000000000000:function:other"
	logs := t.TempDir()
	h := newHost(t, lambdas.Config{LogDir: logs, Functions: []lambdas.Function{f, other}})
	if err := h.InvokeAsync(t.Context(), "f", []byte(`{"do":"plain"}`)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return h.Queued() == 0 })
	b, err := os.ReadFile(filepath.Join(logs, "other.log"))
	if err != nil || !strings.Contains(string(b), "START RequestId") || len(h.DeadLetters()) != 0 {
		t.Errorf("the other function did not run: %q, %v; %d dead letters", b, err, len(h.DeadLetters()))
	}
}

func TestTooOldEventIsNotRun(t *testing.T) {
	dir, v := t.TempDir(), clocktest.New(start)
	f := function(t, "f")
	f.MaxEventAge = time.Hour
	c := lambdas.Config{Store: storetest.Open(t, dir), LogDir: dir, Clock: v, Functions: []lambdas.Function{f}}
	stopped, err := lambdas.New(c)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "ran")
	if err := stopped.InvokeAsync(t.Context(), "f", []byte(`{"do":"append","file":"`+file+`"}`)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stopped.Close(), c.Store.Close()); err != nil {
		t.Fatal(err)
	}
	c.Store = storetest.Open(t, dir)
	v.Advance(2 * time.Hour)
	h := newHost(t, c)
	waitFor(t, func() bool { return h.Queued() == 0 })
	dead := h.DeadLetters()
	if len(dead) != 1 || !strings.Contains(string(dead[0].Body), "EventAgeExceeded") {
		t.Errorf("dead letters: %+v", dead)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("it was run")
	}
}

// TestKillLosesNothing runs a host in another process, kills it with SIGKILL
// while an asynchronous invocation is under way and others wait, and opens its
// state again: all of them run, and no function process outlived the host.
func TestKillLosesNothing(t *testing.T) {
	dir := t.TempDir()
	if os.Getenv("LAMBDAS_HOST_DIR") != "" {
		t.Skip("the child")
	}
	path, err := probe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run", "TestHostProcess")
	cmd.Env = append(os.Environ(), "LAMBDAS_HOST_DIR="+dir, "LAMBDAS_PROBE="+path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids := filepath.Join(dir, "pids")
	waitFor(t, func() bool { return len(lines(t, filepath.Join(dir, "accepted"))) == 5 && len(lines(t, pids)) == 1 })
	pid, err := strconv.Atoi(lines(t, pids)[0])
	if err != nil || !running(pid) {
		t.Fatalf("function process %d: %v", pid, err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	waitFor(t, func() bool { return !running(pid) })

	h := newHost(t, lambdas.Config{Store: storetest.Open(t, dir), LogDir: dir, Functions: []lambdas.Function{hostProcessFunction(path)}})
	waitFor(t, func() bool { return h.Queued() == 0 })
	ran := map[string]bool{}
	for _, name := range lines(t, filepath.Join(dir, "ran")) {
		ran[name] = true
	}
	for _, name := range lines(t, filepath.Join(dir, "accepted")) {
		if !ran[name] {
			t.Errorf("%s was accepted and never run", name)
		}
	}
}

// hostProcessFunction writes its process id, then takes its time with each event.
func hostProcessFunction(probe string) lambdas.Function {
	one := 1
	return lambdas.Function{Name: "f", Command: []string{probe}, Timeout: time.Minute, MemoryMB: 256, ReservedConcurrency: &one}
}

// TestHostProcess is the host that TestKillLosesNothing kills.
func TestHostProcess(t *testing.T) {
	dir := os.Getenv("LAMBDAS_HOST_DIR")
	if dir == "" {
		t.Skip("runs only as the child of TestKillLosesNothing")
	}
	h, err := lambdas.New(lambdas.Config{Store: storetest.Open(t, dir), LogDir: dir, Functions: []lambdas.Function{hostProcessFunction(os.Getenv("LAMBDAS_PROBE"))}})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := invoke(t, h, "f", `{}`)
	if err := os.WriteFile(filepath.Join(dir, "pids"), []byte(strconv.Itoa(r.Pid)), 0o600); err != nil {
		t.Fatal(err)
	}
	h.Start()
	accepted, err := os.Create(filepath.Join(dir, "accepted"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		name := "n" + strconv.Itoa(i)
		payload := `{"do":"append","file":"` + filepath.Join(dir, "ran") + `","bytes":300,"name":"` + name + `"}`
		if err := h.InvokeAsync(t.Context(), "f", []byte(payload)); err != nil {
			t.Fatal(err)
		}
		if _, err := accepted.WriteString(name + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Minute)
}
