package settle

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Every kind of record that can be open is decided on, for every age and for all that
// can be known of its execution.
func TestTheJanitorsDecisions(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	statuses := []job.Status{job.AwaitingUpload, job.Received, job.Preparing, job.Warming, job.Segmenting, job.Meshing,
		job.Ready, job.Rejected, job.Failed, job.Cancelled, job.Expired}
	for _, status := range statuses {
		for _, age := range []time.Duration{0, startWithin - 1, startWithin, time.Hour, uploadWithin - 1, uploadWithin, 30 * 24 * time.Hour} {
			for _, started := range []bool{false, true} {
				for _, erased := range []bool{false, true} {
					for _, x := range []execution{unasked, runs, closed, absent} {
						r := job.Record{Status: status, Execution: started, Erased: erased, UpdatedAt: now.Add(-age)}
						got := decide(r, x, now)
						if broken := breaks(r, x, age, got); broken != "" {
							t.Errorf("%s, started %v, erased %v, %v old, execution %d → duty %d: %s", status, started, erased, age, x, got, broken)
						}
					}
				}
			}
		}
	}
}

// breaks names the rule that a decision breaks.
func breaks(r job.Record, x execution, age time.Duration, got duty) string {
	waitsForFile := r.Status == job.AwaitingUpload
	patient := age < startWithin || waitsForFile && age < uploadWithin
	switch {
	case r.Erased != (got == eraseObjects):
		return "what is erased is deleted, and nothing else"
	case r.Erased:
		return ""
	case got == ask && x != unasked:
		return "the answer of the workflow leads to a duty"
	case got == ask && (r.Status.Ended() || waitsForFile || !r.Execution):
		return "the workflow is asked about executions that should run, not about others"
	case got == leave && !patient:
		return "a job stays as it is for ever"
	case got != leave && got != ask && patient && (r.Status.Ended() || waitsForFile || !r.Execution):
		return "whoever wrote the record is disturbed"
	case (got == endRun || got == startRun || got == closeJob || got == abandonRun) && r.Execution && x == runs && !r.Status.Ended() && !waitsForFile:
		return "a job whose execution runs is taken from it"
	case got == endRun && (!r.Execution || x == absent && age < startWithin):
		return "a job is ended whose execution may yet run"
	case (got == closeJob || got == abandonRun) && !r.Status.Ended():
		return "a job that goes on leaves the open ones"
	case got == closeJob && r.Status == job.Cancelled:
		return "the execution of a cancelled job goes on"
	}
	return ""
}

// However little time a sweep has, one job gets at most half of what comes before the
// note of its place, and the longest never more than lookWithin.
func TestLimits(t *testing.T) {
	if l := limitsOf(t.Context()); !l.end.IsZero() || l.look != lookWithin {
		t.Errorf("without a deadline: %+v", l)
	}
	for _, length := range []time.Duration{time.Second, time.Minute, 5 * time.Minute, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			ctx, done := context.WithTimeout(t.Context(), length)
			defer done()
			l := limitsOf(ctx)
			if work := time.Until(l.end); work >= length || work < length*9/10-1 && work < length-sweepReserve || l.look > work/2 || l.look > lookWithin {
				t.Errorf("of %v: %v for looks, %v for one", length, work, l.look)
			}
		})
	}
}
