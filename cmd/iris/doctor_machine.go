//go:build !windows

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/iris-oculus/iris/internal/local/stack"
)

// What README.md promises to be enough.
var (
	wantNode   = []int{20}
	wantGo     = []int{1, 26}
	wantPython = []int{3, 11}
)

// leastDescriptors are what 50 clients that read at once need (300 drops at once were
// measured at 2,068).
const leastDescriptors = 4096

// leastMemory is what preparing or meshing one scan may take (template.yaml, StageMemory),
// beside the model and the services.
const leastMemory = 4 << 30

// machine looks at what iris up and make build need.
func machine(ctx context.Context, state, install string) []finding {
	exists := func(parts ...string) bool {
		_, err := os.Stat(filepath.Join(append([]string{install}, parts...)...))
		return err == nil
	}
	// Whoever has the command alone, out of an archive of make dist, wants no stack here.
	worst, template := missing, finding{"template", good, "template.yaml", ""}
	if !exists("template.yaml") {
		worst = note
		template = finding{"template", note, "template.yaml is not in " + quote(install) + ": `iris up` needs the sources, every other command does not",
			"git clone the sources, make build, and run iris there or name their folder with --install"}
	}
	all := []finding{
		program(ctx, "node", "Node.js, which runs the job table (dynalite)", worst, wantNode, "apt-get install nodejs npm (or nodejs.org)", "node", "--version"),
		program(ctx, "go", "Go, which make build needs", note, wantGo, "see go.dev/dl", "go", "version"),
		program(ctx, "python", "Python, which TotalSegmentator and make test need", note, wantPython, "apt-get install python3 python3-venv (or python.org)", "python3", "--version"),
		template,
	}
	if exists("template.yaml") {
		for _, part := range []struct{ check, what, path, second string }{
			{"packages", "jsonata and dynalite from npm, in build/node", "build/node/node_modules/dynalite", "build/node/node_modules/jsonata"},
			{"functions", "the Lambda functions, in build/", "build/intake/bootstrap", "build/mesh/bootstrap"},
			{"storage", "the storage of objects, build/s3", "build/s3", "build/s3"},
			{"model", "the embedded model, build/tissue", "build/tissue", "build/tissue"},
		} {
			all = append(all, found(part.check, exists(part.path) && exists(part.second), part.what, "not built: "+part.what, "make build"))
		}
		all = append(all, weights(install)...)
	}
	held, running := holder(ctx, state)
	all = append(all, held)
	if !running {
		all = append(all, port("http", "127.0.0.1:8000"), port("aws", "127.0.0.1:4566"))
	}
	return append(all, disk(nearest(state), "the state folder"), disk(os.TempDir(), "the folder for temporary files"), memory(), descriptors(), processors())
}

func processors() finding {
	if runtime.NumCPU() < 2 {
		return finding{"processors", note, "there is one processor: everything works on it, slowly", "a larger machine"}
	}
	return finding{"processors", good, fmt.Sprintf("%d processors", runtime.NumCPU()), ""}
}

// program says whether a program is there in the version that is wanted; worst is the
// verdict where it is not.
func program(ctx context.Context, check, what string, worst verdict, want []int, cure, name string, args ...string) finding {
	if _, err := exec.LookPath(name); err != nil {
		return finding{check, worst, "there is no " + what, cure}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	got := versionIn(string(out))
	wanted := strings.Trim(strings.ReplaceAll(fmt.Sprint(want), " ", "."), "[]")
	switch {
	case err != nil || got == nil:
		return finding{check, worst, fmt.Sprintf("%s does not say its version: %s", name, what), cure}
	case !atLeast(got, want):
		return finding{check, worst, fmt.Sprintf("%s, is of version %s: %s or later is wanted", what, dotted(got), wanted), cure}
	}
	return finding{check, good, fmt.Sprintf("%s: version %s", what, dotted(got)), ""}
}

var versionNumber = regexp.MustCompile(`\d+(\.\d+)+`)

// versionIn is the first version in a text; nil for none.
func versionIn(text string) (version []int) {
	for part := range strings.SplitSeq(versionNumber.FindString(text), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		version = append(version, n)
	}
	return version
}

func dotted(version []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(version), " ", "."), "[]")
}

// atLeast compares versions number by number.
func atLeast(got, want []int) bool {
	for i, n := range want {
		if i == len(got) || got[i] != n {
			return i < len(got) && got[i] > n
		}
	}
	return true
}

// holder looks for a stack on the state folder.
func holder(ctx context.Context, state string) (_ finding, running bool) {
	pid, held, err := stack.Holder(state)
	r, unread := readReady(state)
	who := "a process"
	if pid != "" {
		who = "process " + pid
	}
	switch {
	case err != nil:
		return finding{"state", missing, withoutPath("the state folder cannot be read", err).Error(), "chown -R \"$(id -un)\" " + quote(state) + ", or give --state another folder"}, false
	case !held && unread == nil:
		return finding{"state", note, "the state folder names a stack that ended without saying so; its jobs go on at the next start", "iris up --state " + quote(state)}, false
	case !held:
		return finding{"state", good, "no stack runs on the state folder " + quote(state), ""}, false
	case unread != nil:
		return finding{"state", note, fmt.Sprintf("%s holds the state folder and is starting or ending", who), "wait a moment; then kill " + pid}, true
	}
	if err := answers(ctx, r.HTTP); err != nil {
		return finding{"state", missing, fmt.Sprintf("%s holds the state folder, and its API at %s does not answer: %v", who, r.HTTP, err), "kill " + pid + ", then iris up --state " + quote(state)}, true
	}
	return finding{"state", good, fmt.Sprintf("a stack runs (%s): jobs at %s, AWS endpoint at %s", who, r.HTTP, r.AWS), ""}, true
}

// answers asks an API whether everything it stands on answers.
func answers(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return errors.New("its address cannot be used")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

// port says whether iris up could listen on an address by default.
func port(flag, address string) finding {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return finding{"port_" + flag, missing, fmt.Sprintf("another program listens on %s, where iris up would", address), fmt.Sprintf("iris up --%s 127.0.0.1:0 (any free port), or end it: lsof -i tcp:%s", flag, address[strings.LastIndex(address, ":")+1:])}
	}
	_ = listener.Close()
	return finding{"port_" + flag, good, address + " is free", ""}
}

// nearest is the folder, or the nearest one above it that is there.
func nearest(folder string) string {
	whole, err := filepath.Abs(folder)
	if err != nil {
		return "."
	}
	for {
		if _, err := os.Stat(whole); err == nil || whole == filepath.Dir(whole) {
			return whole
		}
		whole = filepath.Dir(whole)
	}
}

// freeBytes is the room on the disk that holds a folder.
func freeBytes(folder string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

func memory() finding {
	bytes, err := memoryBytes()
	switch {
	case err != nil:
		return finding{"memory", note, "how much memory there is cannot be seen", ""}
	case bytes < leastMemory:
		return finding{"memory", note, fmt.Sprintf("%.1f GB of memory: scans of more than some 150 million voxels need %.0f GB", float64(bytes)/1e9, float64(leastMemory)/1e9), "close other programs, or iris up --parameter StageMemory=… on a larger machine"}
	}
	return finding{"memory", good, fmt.Sprintf("%.1f GB of memory", float64(bytes)/1e9), ""}
}

func descriptors() finding {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return finding{"descriptors", note, "the limit of open files cannot be seen", ""}
	}
	// Go raises its own soft limit to the hard one at the start, so that the soft one says nothing.
	return found("descriptors", limit.Max >= leastDescriptors, fmt.Sprintf("%d files may be open at a time", limit.Max),
		fmt.Sprintf("only %d files may be open at a time: many uploads at once need %d", limit.Max, leastDescriptors),
		fmt.Sprintf("raise the hard limit: ulimit -Hn %d as root, or LimitNOFILE=%d of the systemd unit", leastDescriptors, leastDescriptors))
}

// weights looks for those of TotalSegmentator, which only --model totalsegmentator needs.
func weights(install string) []finding {
	if _, err := os.Stat(filepath.Join(install, "containers", "totalsegmentator")); err != nil {
		return nil
	}
	folder, err := weightsFolder()
	if err != nil {
		return nil
	}
	if sets, _ := filepath.Glob(filepath.Join(folder, "Dataset*")); len(sets) > 0 {
		return []finding{{"weights", good, fmt.Sprintf("%d sets of TotalSegmentator's weights", len(sets)), ""}}
	}
	return []finding{{"weights", note, "no weights of TotalSegmentator in " + quote(folder) + ": only `iris up --model totalsegmentator` needs them", "totalseg_download_weights, then export IRIS_WEIGHTS=~/.totalsegmentator/nnunet/results"}}
}
