package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/calls.txt")

var (
	recording sync.Mutex
	recorded  = map[string]bool{}
)

// record keeps the calls of the AWS CLI, with what differs from run to run made the same.
func record(t *testing.T, calls []string) {
	t.Helper()
	recording.Lock()
	defer recording.Unlock()
	for _, call := range calls {
		if strings.HasPrefix(call, "aws ") && !strings.HasPrefix(call, "aws s3 ") && !strings.HasPrefix(call, "aws configure ") {
			recorded[shape(call)] = true
		}
	}
}

// shape is a call's service, operation and options, without their values.
func shape(call string) string {
	words := strings.Fields(call)
	shape := words[:3]
	if words[2] == "wait" {
		shape = words[:4]
	}
	options := regexp.MustCompile(`(?:^| )(--[a-z][a-z-]*)`).FindAllStringSubmatch(strings.Join(words[len(shape):], " "), -1)
	var names []string
	for _, o := range options {
		if !slices.Contains(names, o[1]) {
			names = append(names, o[1])
		}
	}
	slices.Sort(names)
	return strings.Join(append(slices.Clone(shape), names...), " ")
}

// testdata/calls.txt lists every call of the AWS CLI that these tests see; tests/e2e holds
// it against the AWS CLI itself.
func TestZZCalls(t *testing.T) {
	var lines []string
	for call := range recorded {
		lines = append(lines, call)
	}
	if len(lines) < 20 { // only some of the tests were asked for
		t.Logf("%d calls were seen: not compared", len(lines))
		return
	}
	slices.Sort(lines)
	text, path := strings.Join(lines, "\n")+"\n", filepath.Join("testdata", "calls.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != text {
		t.Errorf("%s is not what the tests see: go test ./cmd/deploy -update: %v\n%s", path, err, text)
	}
}
