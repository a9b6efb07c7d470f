package mesh_test

import (
	"fmt"
	"path"
	"slices"
	"syscall"
	"testing"
	"time"
)

// shares tells which part of the stage's time goes into what. It is told of every call
// to the stage's buckets and records: what comes before a call belongs to the step that
// the call before it began.
type shares struct {
	steps []string // in order
	wall  map[string]float64
	cpu   map[string]float64 // seconds of all processors

	step     string
	at       time.Time
	atBefore float64
}

// newShares listens to the calls of a world, of which step is the first.
func newShares(w *world, step string) *shares {
	s := &shares{wall: map[string]float64{}, cpu: map[string]float64{}, at: time.Now(), atBefore: processorSeconds(), step: step}
	w.work.Before = func(call, key string) error {
		if call == "Get" {
			s.begin("read " + path.Base(key))
		} else {
			s.begin(path.Base(key))
		}
		return nil
	}
	w.results.Before = func(_, key string) error {
		s.begin(path.Base(key))
		return nil
	}
	looked := 0
	w.jobs.Before = func(call, _ string) error {
		if call == "Get" { // the stage looks at the job again once it has surfaces
			if looked++; looked == 1 {
				s.begin("preview")
			}
		}
		return nil
	}
	return s
}

// begin ends the step at hand.
func (s *shares) begin(step string) {
	now, cpu := time.Now(), processorSeconds()
	if !slices.Contains(s.steps, s.step) {
		s.steps = append(s.steps, s.step)
	}
	s.wall[s.step] += now.Sub(s.at).Seconds()
	s.cpu[s.step] += cpu - s.atBefore
	s.step, s.at, s.atBefore = step, now, cpu
}

// report ends the last step and prints all of them: a benchmark's log leaves lines out.
func (s *shares) report(b *testing.B) {
	s.begin("")
	cpu := 0.0
	fmt.Println()
	for _, step := range s.steps {
		fmt.Printf("%-24s %6.2f s, %6.2f s of processor time\n", step, s.wall[step], s.cpu[step])
		cpu += s.cpu[step]
	}
	b.ReportMetric(cpu, "cpu-s")
}

// processorSeconds is the user and system time of this process so far.
func processorSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
