package stack

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/s3/s3test"
)

// role makes this test binary play a part of its own tests: the stack, so that
// it can be killed, or its function.
const role = "IRIS_STACK_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "function":
		function()
	case "stack":
		if err := play(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

// play runs a stack as `iris up` does. Arguments: state folder, template, build.
func play() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := Start(ctx, Config{
		State: os.Args[1], Template: os.Args[2], Build: os.Args[3], HTTP: "127.0.0.1:0", AWS: "127.0.0.1:0",
		Parameters: map[string]string{"Greeting": "good day"},
		Logger:     slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return err
	}
	<-ctx.Done()
	return s.Close()
}

// process is a stack in a process of its own.
type process struct {
	Stack
	cmd *exec.Cmd
	err *strings.Builder
}

// install makes a build folder whose one function is this binary.
func install(t *testing.T) (build string) {
	t.Helper()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	node := filepath.Join(wd, "..", "..", "..", "build", "node")
	if _, err := os.Stat(filepath.Join(node, "node_modules", "dynalite")); err != nil {
		t.Skip("SKIPPED: no build/node: run `make build` first")
	}
	build = t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec '%s'\n", os.Args[0])
	if err := os.MkdirAll(filepath.Join(build, "echo"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(build, "echo", "bootstrap"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(s3test.Program(t), filepath.Join(build, "s3")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(node, filepath.Join(build, "node")); err != nil {
		t.Fatal(err)
	}
	return build
}

// start runs a stack, or says why it did not start.
func start(t *testing.T, state, build string) (*process, error) {
	t.Helper()
	template, err := filepath.Abs("testdata/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(os.Args[0], state, template, build), err: &strings.Builder{}}
	p.cmd.Env = append(os.Environ(), role+"=stack")
	p.cmd.Stderr = p.err
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.kill(t) })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = p.cmd.Wait()
		return nil, fmt.Errorf("the stack did not start: %s", p.err)
	}
	return p, json.Unmarshal([]byte(line), &p.Stack)
}

// kill ends the stack as kill -9 does and checks that no child stays behind.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	family := children(p.cmd.Process.Pid)
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	orphans(t, family)
}

// killStorage ends the process that stores objects, and it alone.
func (p *process) killStorage(t *testing.T) {
	t.Helper()
	for _, pid := range children(p.cmd.Process.Pid) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if program, _, _ := strings.Cut(string(line), "\x00"); filepath.Base(program) == "s3" {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			return
		}
	}
	t.Log("the process that stores objects is not there just now")
}

// end asks the stack to end and waits for it.
func (p *process) end(t *testing.T) {
	t.Helper()
	family := children(p.cmd.Process.Pid)
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the stack ended with %v: %s", err, p.err)
	}
	orphans(t, family)
}

// children are the processes below one, as far as /proc tells.
func children(pid int) (all []int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		more, _ := os.ReadFile(task)
		text = append(append(text, ' '), more...)
	}
	for _, field := range strings.Fields(string(text)) {
		if child, err := strconv.Atoi(field); err == nil {
			all = append(append(all, child), children(child)...)
		}
	}
	return all
}

func orphans(t *testing.T, family []int) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for _, pid := range family {
		for running(pid) {
			if time.Now().After(deadline) {
				t.Errorf("child %d outlived the stack", pid)
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// running says whether a process lives; one that only waits to be reaped does not.
func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
