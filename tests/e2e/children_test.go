package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestKilledChildrenLoseNothing kills one process after the other of those that the stack
// runs (S3, the job table, functions, the model server) while jobs are on their way. Every
// job ends ready, once, with the bytes of a job that nobody disturbed.
func TestKilledChildrenLoseNothing(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	scan := sample(t, 48)
	if err := drop(t.Context(), s.sdk(t), scan, "undisturbed.nii.gz"); err != nil {
		t.Fatal(err)
	}
	want := s.finish(t, "undisturbed.nii.gz", time.Minute)
	if want.Status != "ready" {
		t.Fatalf("the undisturbed job ended %s: %+v", want.Status, want.Error)
	}

	const jobs, kills = 3, 12
	random := rand.New(rand.NewPCG(2026, 12))
	killed := map[string]int{}
	keys := make([]string, jobs)
	for n := range keys {
		keys[n] = fmt.Sprintf("children-%d.nii.gz", n)
		d := disturbed{key: keys[n], scan: scan, sent: make(chan error, 1)}
		d.send(t, s)
		for range kills / jobs {
			time.Sleep(time.Duration(random.Int64N(int64(300 * time.Millisecond))))
			if name := s.killChild(t, random); name != "" {
				killed[name]++
			}
		}
		d.again(t, s)
		d.wait(t)
	}
	for _, key := range keys {
		got := s.finish(t, key, 2*time.Minute)
		// What the workflow tries again ends ready; a function that was killed outright is
		// no error that it retries, and its job says so and can be tried again.
		if got.Status == "failed" && got.Error != nil && got.Error.Code == "out_of_memory" {
			s.call(t, "POST", "/v1/jobs/"+got.ID+"/retry", "{}", &got)
			s.ends(t, got.ID, "ready", "")
			got = s.job(t, got.ID)
		}
		if got.Status != "ready" {
			t.Errorf("%s ended %s: %+v", key, got.Status, got.Error)
		}
		for name, a := range want.Artifacts {
			if got.Artifacts[name].SHA256 != a.SHA256 {
				t.Errorf("%s: %s differs from the undisturbed job's", key, name)
			}
		}
	}
	s.parked(t)
	t.Logf("killed %v", killed)
}

// killChild ends one process below the stack's as kill -9 does, and says which program.
func (s *stack) killChild(t *testing.T, random *rand.Rand) string {
	t.Helper()
	below := descendants(t, s.process.Process.Pid)
	if len(below) == 0 {
		return ""
	}
	pid := slices.Sorted(maps.Keys(below))[random.IntN(len(below))]
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return "" // it has ended by itself
	}
	return below[pid]
}

// descendants are the processes below one, by their ids, with the names of their programs.
func descendants(t *testing.T, of int) map[int]string {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	parents, names := map[int]int{}, map[int]string{}
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		head, tail, _ := strings.Cut(string(text), ") ")
		id, name, _ := strings.Cut(head, " (")
		fields := strings.Fields(tail)
		pid, err := strconv.Atoi(id)
		if err != nil || len(fields) < 2 {
			continue
		}
		parents[pid], _ = strconv.Atoi(fields[1])
		names[pid] = name
	}
	below := map[int]string{}
	for pid := range parents {
		for p := parents[pid]; p > 1; p = parents[p] {
			if p == of {
				below[pid] = names[pid]
				break
			}
		}
	}
	return below
}
