package child

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// state is the letter by which the kernel says what a process does.
func state(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return rest[:1]
}

func TestPause(t *testing.T) {
	p, err := Start(Spec{Path: "sh", Args: []string{"-c", "while :; do :; done"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Kill() }()
	for range 3 {
		resume, err := p.Pause()
		if err != nil {
			t.Fatal(err)
		}
		if got := state(t, p.Pid()); got != "T" {
			t.Fatalf("it is %s and does not stand still", got)
		}
		resume()
		for state(t, p.Pid()) == "T" { // until the kernel has woken it
			continue
		}
	}
	if _, err := p.Pause(); err != nil {
		t.Fatal(err)
	}
	_ = p.Kill() // a process that stands still ends, too
	if _, err := p.Pause(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("of one that has ended: %v", err)
	}
}
