package sagemaker

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

// TestCapacityOverTime shows DescribeEndpoint over time, without faults.
func TestCapacityOverTime(t *testing.T) {
	cases := []struct {
		name    string
		plan    func(m *sim, begin func(after time.Duration) string)
		desired []int // each value that DesiredInstanceCount takes, in order
		jobs    map[string]int
	}{
		{"one job", func(_ *sim, begin func(time.Duration) string) {
			begin(0)
		}, []int{0, 1, 0}, map[string]int{"ready": 1}},
		{"two that overlap", func(_ *sim, begin func(time.Duration) string) {
			begin(0)
			begin(2 * time.Minute)
		}, []int{0, 1, 0}, map[string]int{"ready": 2}},
		{"one that arrives during parking", func(m *sim, begin func(time.Duration) string) {
			begin(0)
			m.watch(func() bool {
				return m.s.endpoints[0].Desired == 0 && m.s.endpoints[0].changing && m.tally["ready"] == 1
			}, func() { begin(0) })
		}, []int{0, 1, 0, 1, 0}, map[string]int{"ready": 2}},
		{"a failing job", func(m *sim, begin func(time.Duration) string) {
			m.refused = begin(0)
		}, []int{0, 1, 0}, map[string]int{"failed": 1}},
		{"a cancelled job", func(m *sim, begin func(time.Duration) string) {
			name := begin(0)
			m.after(5*time.Minute, func() { m.abort(m.active[name]) })
		}, []int{0, 1, 0}, map[string]int{"aborted": 1}},
	}
	for _, lever := range []string{"bounds", "weights"} {
		for _, c := range cases {
			t.Run(lever+"/"+c.name, func(t *testing.T) {
				m := newSim(t, lever, 0, 1, false)
				m.calm = true
				m.sweep()
				m.happen() // the first deployment is parked
				m.start = m.now
				n := byte(0)
				begin := func(after time.Duration) string {
					n++
					id := job.NewID(m.now, [10]byte{n})
					m.after(after, func() { m.begin(id, 1) })
					return job.ExecutionName(id, 1)
				}
				c.plan(m, begin)
				m.after(janitorPeriod, m.sweep)

				var desired []int
				last := ""
				for len(m.queue) > 0 {
					e := m.s.endpoints[0]
					line := fmt.Sprintf("%-9s desired %d current %d holders %d", e.status, e.Desired, e.current(), len(m.lease.Holders))
					if line != last {
						t.Logf("%5.0f s  %s", m.now.Sub(m.start).Seconds(), line)
						last = line
					}
					desired = append(desired, e.Desired)
					m.until(m.queue[0].at.Add(time.Nanosecond))
				}
				desired = append(desired, m.s.endpoints[0].Desired)
				if diff := cmp.Diff(c.desired, slices.Compact(desired)); diff != "" {
					t.Errorf("desired over time (-want +got):\n%s", diff)
				}
				for what, want := range c.jobs {
					if m.tally[what] != want {
						t.Errorf("%d jobs %s: want %d", m.tally[what], what, want)
					}
				}
				if m.worst() > simLinger+janitorPeriod {
					t.Errorf("idle for %v", m.worst())
				}
			})
		}
	}
}

// watch does something once a condition holds, looked at every second.
func (m *sim) watch(holds func() bool, do func()) {
	m.after(time.Second, func() {
		if holds() {
			do()
			return
		}
		m.watch(holds, do)
	})
}
