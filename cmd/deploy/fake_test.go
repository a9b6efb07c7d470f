package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The tests put fakes of aws, sam, docker, npm and iris first on the PATH: links to this
// test program, which under one of those names answers from a list of replies and writes
// down what it was asked.

// reply answers a call whose words contain all of When, in this order.
type reply struct {
	When string // "aws cloudformation describe-stacks"
	Out  string
	Err  string
	Code int
	Once bool // then the next one that matches
}

const (
	fakeReplies = "IRIS_FAKE_REPLIES"
	fakeCalls   = "IRIS_FAKE_CALLS"
)

var programs = []string{"aws", "sam", "docker", "npm", "iris"}

func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); slices.Contains(programs, name) {
		os.Exit(fake(name, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func fake(name string, args []string) int {
	var replies []reply
	text, err := os.ReadFile(os.Getenv(fakeReplies))
	if err == nil {
		err = json.Unmarshal(text, &replies)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the fake has no replies:", err)
		return 99
	}
	said, _ := os.ReadFile(os.Getenv(fakeCalls))
	call := strings.Join(append([]string{name}, args...), " ")
	for _, arg := range args { // what a file says that is gone when the call is over
		if path, ok := strings.CutPrefix(arg, "file://"); ok {
			text, err := os.ReadFile(path)
			if info, _ := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				fmt.Fprintln(os.Stderr, "the fake cannot read", path, "or others can")
				return 97
			}
			call += " " + string(text)
		}
	}
	for i, r := range replies {
		mark := fmt.Sprintf("#%d ", i)
		if !matches(call, r.When) || r.Once && bytes.Contains(said, []byte("\n"+mark)) {
			continue
		}
		line := append(said, []byte("\n"+mark+strings.ReplaceAll(call, "\n", "⏎"))...)
		if err := os.WriteFile(os.Getenv(fakeCalls), line, 0o600); err != nil {
			return 99
		}
		fmt.Fprint(os.Stdout, r.Out)
		fmt.Fprint(os.Stderr, r.Err)
		return r.Code
	}
	fmt.Fprintf(os.Stderr, "the fake has no answer to: %s\n", call)
	return 98
}

func matches(call, when string) bool {
	if program, _, _ := strings.Cut(when, " "); slices.Contains(programs, program) && !strings.HasPrefix(call, program+" ") {
		return false
	}
	for _, word := range strings.Fields(when) {
		at := strings.Index(call, word)
		if at < 0 {
			return false
		}
		call = call[at+len(word):]
	}
	return true
}

// world is a call of deploy among the fakes.
type world struct {
	t       *testing.T
	dir     string
	replies []reply
	answers string // typed at a terminal; empty: there is none
	environ []string
	said    string   // what deploy printed
	calls   []string // what the fakes were asked
}

func newWorld(t *testing.T, replies ...reply) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), replies: replies}
	w.pack("arm64")
	return w
}

// machineBytes are the ELF machine's two bytes.
var machineBytes = map[string][2]byte{"arm64": {0xb7, 0}, "amd64": {0x3e, 0}, "386": {3, 0}}

// pack writes what `make package` would, with an ELF header for one processor.
func (w *world) pack(arch string) {
	w.t.Helper()
	header := make([]byte, 64)
	copy(header, "\x7fELF\x02\x01\x01")
	header[16], header[20], header[52] = 2, 1, 64
	machine := machineBytes[arch]
	header[18], header[19] = machine[0], machine[1]
	for path, text := range map[string][]byte{
		"template.yaml": []byte("Parameters:\n  LingerSeconds:\n    Type: Number\n    Default: 120\n  Tasks:\n    Type: String\n    Default: \"tissue\"\n    Description: what it can do\n  MaxInstances:\n    Type: Number\n    Default: 1\n\nResources:\n  X:\n    Default: y\n"), "statemachine/scan.asl.json": []byte("{}"),
		"build/api/bootstrap": header, "build/gpu/bootstrap": header,
	} {
		w.write("aws/"+path, text)
	}
}

func (w *world) write(path string, text []byte) {
	w.t.Helper()
	path = filepath.Join(w.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// run calls deploy with the fakes called names on the PATH and nothing else.
func (w *world) run(args ...string) int {
	return w.runWith(programs, args...)
}

func (w *world) runWith(names []string, args ...string) int {
	w.t.Helper()
	bin := w.t.TempDir()
	for _, name := range names {
		if err := os.Symlink(os.Args[0], filepath.Join(bin, name)); err != nil {
			w.t.Fatal(err)
		}
	}
	text, err := json.Marshal(w.replies)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("replies.json", text)
	w.write("calls", nil)
	w.t.Setenv("PATH", bin)
	environ := append([]string{
		"PATH=" + bin, "AWS_REGION=us-east-1", "HOME=" + w.dir,
		fakeReplies + "=" + filepath.Join(w.dir, "replies.json"), fakeCalls + "=" + filepath.Join(w.dir, "calls"),
	}, w.environ...)
	var out bytes.Buffer
	c := &command{ctx: context.Background(), out: &out, answers: strings.NewReader(w.answers), terminal: w.answers != "", environ: environ}
	code := run(c, args)
	w.said = out.String()
	calls, err := os.ReadFile(filepath.Join(w.dir, "calls"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.calls = nil
	for line := range strings.Lines(string(calls)) {
		if _, call, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			w.calls = append(w.calls, call)
		}
	}
	record(w.t, w.calls)
	return code
}

// asked says whether some call has these words in this order.
func (w *world) asked(when string) bool {
	return slices.ContainsFunc(w.calls, func(call string) bool { return matches(call, when) })
}

// wants holds the output and the calls against what is wanted of them.
func (w *world) wants(code, got int, words, calls, never []string) {
	w.t.Helper()
	if got != code {
		w.t.Errorf("ended with %d, want %d", got, code)
	}
	for _, text := range words {
		if !strings.Contains(strings.ToLower(w.said), strings.ToLower(text)) {
			w.t.Errorf("it does not say %q", text)
		}
	}
	for _, call := range calls {
		if !w.asked(call) {
			w.t.Errorf("it did not call %q", call)
		}
	}
	for _, call := range never {
		if w.asked(call) {
			w.t.Errorf("it called %q", call)
		}
	}
	if w.t.Failed() {
		w.t.Logf("it said:\n%s\nand called:\n%s", w.said, strings.Join(w.calls, "\n"))
	}
}

// Replies as AWS gives them.
var (
	who = reply{When: "aws sts get-caller-identity", Out: `{"UserId":"AIDA","Account":"123456789012","Arn":"arn:aws:iam::123456789012:user/ops"}`}
	// what the AWS CLI says of a stack that is not there
	noStack  = reply{When: "aws cloudformation describe-stacks", Err: "\nAn error occurred (ValidationError) when calling the DescribeStacks operation: Stack with id iris does not exist\n", Code: 254}
	proposed = reply{When: "sam deploy", Out: "Waiting for changeset to be created..\n\nChangeset created successfully. arn:aws:cloudformation:us-east-1:123456789012:changeSet/samcli-deploy1764576000/2f1e0c5a-8a5e-4b5e-9a44-6d1b2a0c9f11\n"}
	executed = reply{When: "aws cloudformation execute-change-set", Out: ""}
	waited   = reply{When: "aws cloudformation wait stack", Out: ""}
	quotaOne = reply{When: "aws service-quotas list-service-quotas", Out: `[{"QuotaCode":"L-E2B7A5C4","QuotaName":"ml.g4dn.xlarge for endpoint usage","Value":1.0}]`}
)

const theChangeSet = "arn:aws:cloudformation:us-east-1:123456789012:changeSet/samcli-deploy1764576000/2f1e0c5a-8a5e-4b5e-9a44-6d1b2a0c9f11"

// stands is a stack in a state, with parameters and outputs KEY=VALUE; outputs begin with >.
func stands(status string, words ...string) reply {
	s := map[string]any{"StackName": "iris", "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/iris/1", "StackStatus": status}
	var parameters, outputs []map[string]string
	set := func(list *[]map[string]string, key, value, name string) {
		*list = slices.DeleteFunc(*list, func(m map[string]string) bool { return m[name+"Key"] == key })
		*list = append(*list, map[string]string{name + "Key": key, name + "Value": value})
	}
	for _, word := range append([]string{">ApiUrl=https://a1.execute-api.us-east-1.amazonaws.com", ">Uploads=iris-uploads-1", ">Results=iris-results-1",
		">Repository=123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator"}, words...) {
		key, value, _ := strings.Cut(word, "=")
		if strings.HasPrefix(key, ">") {
			set(&outputs, key[1:], value, "Output")
		} else {
			set(&parameters, key, value, "Parameter")
		}
	}
	s["Parameters"], s["Outputs"] = parameters, outputs
	text, err := json.Marshal(map[string]any{"Stacks": []any{s}})
	if err != nil {
		panic(err)
	}
	return reply{When: "aws cloudformation describe-stacks", Out: string(text)}
}

// changes is a change set: "Action Id Type Replacement".
func changes(lines ...string) reply {
	var all []any
	for _, line := range lines {
		f := append(strings.Fields(line), "")
		all = append(all, map[string]any{"Type": "Resource", "ResourceChange": map[string]string{"Action": f[0], "LogicalResourceId": f[1], "ResourceType": f[2], "Replacement": f[3]}})
	}
	text, err := json.Marshal(map[string]any{"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "Changes": all})
	if err != nil {
		panic(err)
	}
	return reply{When: "aws cloudformation describe-change-set", Out: string(text)}
}

func once(r reply) reply { r.Once = true; return r }
