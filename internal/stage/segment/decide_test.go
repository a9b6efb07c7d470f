package segment

import (
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// situation is one point of everything that decide can be asked.
type situation struct {
	r job.Record
	f facts
}

// situations are all of them: every status, whether somebody waits, what was sent
// and when, why one looks, what was found and with which HTTP status.
func situations(now time.Time, each func(situation)) {
	bools := []bool{false, true}
	statuses := []job.Status{job.Preparing, job.Warming, job.Segmenting, job.Meshing}
	for _, status := range statuses {
		for _, token := range []string{"", "token"} {
			for sent := range 4 {
				for _, age := range []time.Duration{0, sendWithin, resendWithin} {
					for _, outstanding := range bools {
						for why := started; why <= stopped; why++ {
							for _, moved := range bools {
								for _, result := range bools {
									for http := range 600 {
										f := facts{result: result, failed: http > 0, moved: moved, why: why, failure: failure{Status: http - 1}}
										r := job.Record{Status: status, Token: token, UpdatedAt: now.Add(-age),
											Request: job.Request{Outstanding: outstanding, Sent: sent, At: now.Add(-age)}}
										each(situation{r, f})
									}
								}
							}
						}
					}
				}
			}
		}
	}
}

func TestDecisions(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	count, faults := 0, 0
	situations(now, func(x situation) {
		count++
		got, f, r := decide(x.r, x.f, now), x.f, x.r
		s := f.failure.Status
		completes := got == succeed || got == reject || got == giveUp || got == stop
		for _, rule := range []struct {
			name string
			ok   bool
		}{
			{"only a 4xx but 408 and 429 is a rejection", got != reject || f.failed && s >= 400 && s < 500 && s != 408 && s != 429},
			{"a 4xx is one, when somebody waits and no result is there", f.moved || r.Token == "" || f.result || f.why == stopped || !f.failed || !f.failure.scanAtFault() || got == reject},
			{"a result that is there wins over everything", f.moved || r.Token == "" || !f.result || got == succeed},
			{"no task is completed that does not wait", !completes || r.Token != "" && !f.moved},
			{"a job that has moved on loses its result, by its message only", (got == discard) == (f.moved && f.why == answered)},
			{"a budget stop sends nothing", f.why != stopped || got != send && got != sendMore},
			{"a failure is tried once more, and soon", got != sendMore || f.failed && r.Request.Sent < maxSends && now.Sub(r.Request.At) < resendWithin},
			{"nothing is sent beside a request under way", got != send || !r.Request.Outstanding},
			{"a failure is never passed over while somebody waits", !f.failed || f.moved || r.Token == "" || got != nothing},
			{"the task's own start always leads on", f.why != started || f.moved || r.Token == "" || r.Request.Outstanding || got != nothing},
		} {
			if !rule.ok {
				if faults++; faults < 10 {
					t.Errorf("%s: %+v of %+v leads to action %d", rule.name, f, r.Request, got)
				}
			}
		}
	})
	if count < 400_000 {
		t.Errorf("%d situations", count)
	}
}
