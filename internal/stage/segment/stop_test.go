package segment

import (
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// A budget stop ends whoever waits, by name, and sends nothing again: not even
// the request that was lost when its instance went.
func TestABudgetStopFailsWhoWaits(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*testing.T, *world)
		want   string // the beginning of the one answer; empty: none
	}{
		{"queued", func(*testing.T, *world) {}, "BudgetError {"},
		{"lost with its instance", func(_ *testing.T, w *world) { w.failedWith(lost, lost) }, "BudgetError {"},
		{"answered, and the message is lost", func(_ *testing.T, w *world) { w.succeeded() }, "/1/labels.bin"},
		{"before anybody waits", func(t *testing.T, w *world) { w.amend(t, func(r *job.Record) { r.Token = "" }) }, ""},
		{"cancelled", func(t *testing.T, w *world) { w.amend(t, func(r *job.Record) { r.Status = job.Cancelled }) }, ""},
		{"erased", func(t *testing.T, w *world) { w.amend(t, func(r *job.Record) { r.Erased = true }) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			must(t, w.start(t, token))
			c.before(t, w)
			for range 2 {
				must(t, w.stage().Stop(t.Context(), w.record(t)))
			}
			got := w.answers[token]
			if len(w.sent) != 1 || (c.want == "") != (len(got) == 0) || len(got) > 0 && !strings.HasPrefix(strings.TrimPrefix(got[0], w.id), c.want) {
				t.Errorf("%d requests sent, answered %q, want %q", len(w.sent), got, c.want)
			}
		})
	}
}
