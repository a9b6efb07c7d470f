package child

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// role makes this test binary play a part of its own tests.
const role = "IRIS_CHILD_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "parent": // starts a sleeper from a short-lived thread, prints its pid, waits to be killed
		p := make(chan *Process)
		go func() {
			runtime.LockOSThread() // this thread ends with the goroutine
			c, err := Start(Spec{Path: "sleep", Args: []string{"60"}, Lifeline: true})
			if err != nil {
				os.Exit(1)
			}
			p <- c
		}()
		c := <-p
		time.Sleep(100 * time.Millisecond)
		select {
		case <-c.Done():
			fmt.Println("0")
		default:
			fmt.Println(c.Pid())
		}
		time.Sleep(time.Minute)
	case "lifeline": // says when the pipe at fd 3 ends
		_, _ = bufio.NewReader(os.NewFile(3, "lifeline")).ReadByte()
		fmt.Println("parent gone")
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func gone(t *testing.T, pid int) {
	t.Helper()
	for range 3000 { // as long as the slowest machine needs
		if !alive(pid) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("process %d still runs", pid)
}

func TestChildDiesWithAKilledParentButNotWithAThread(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("PR_SET_PDEATHSIG is Linux's")
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), role+"=parent")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid == 0 || !alive(pid) {
		t.Fatalf("the child ended with the thread that asked for it: %q", line)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	gone(t, pid)
}

func TestLifelineEndsWithTheProcessObject(t *testing.T) {
	var out bytes.Buffer
	p, err := Start(Spec{Path: os.Args[0], Env: append(os.Environ(), role+"=lifeline"), Stdout: &out, Lifeline: true})
	if err != nil {
		t.Fatal(err)
	}
	p.cut() // what the kernel does when the parent dies
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "parent gone\n" {
		t.Errorf("child said %q", got)
	}
}

func TestEndings(t *testing.T) {
	cases := []struct {
		name, script string
		end          func(*Process) error
		ok           bool
	}{
		{"exits by itself", "exit 0", (*Process).Wait, true},
		{"exits with a code", "exit 3", (*Process).Wait, false},
		{"obeys SIGTERM", "trap 'exit 0' TERM; echo up; while :; do sleep 0.02; done", func(p *Process) error { return p.Terminate(time.Minute) }, true},
		{"ignores SIGTERM", "trap '' TERM; echo up; while :; do sleep 0.02; done", func(p *Process) error { return p.Terminate(200 * time.Millisecond) }, false},
		{"is killed", "echo up; sleep 60", (*Process).Kill, false},
		{"leaves a grandchild with the pipe", "sleep 60 & echo up; exit 0", func(p *Process) error { time.Sleep(50 * time.Millisecond); return p.Kill() }, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			p, err := Start(Spec{Path: "sh", Args: []string{"-c", c.script}, Stdout: w})
			if err != nil {
				t.Fatal(err)
			}
			_ = w.Close()
			if strings.Contains(c.script, "echo up") {
				if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			err = c.end(p)
			var exit *exec.ExitError
			if (err == nil) != c.ok && !(c.ok && !errors.As(err, &exit)) {
				t.Errorf("ended with %v, want ok %v", err, c.ok)
			}
			gone(t, p.Pid())
			if again := p.Wait(); again != err {
				t.Errorf("a second Wait says %v, the first %v", again, err)
			}
		})
	}
}

func TestStartNamesTheProgramOnly(t *testing.T) {
	_, err := Start(Spec{Path: "/nowhere/at-all", Args: []string{"secret"}, Lifeline: true})
	if err == nil || !strings.Contains(err.Error(), "at-all") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}
