package gpu

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// key encodes what of a world its future depends on: times relative to now,
// generations as whether they are the stored one, Runs by what they still use.
func (w *world) key(b []byte) []byte {
	put := func(values ...int) {
		for _, v := range values {
			b = append(b, byte(v))
		}
	}
	flag := func(v bool) int {
		if v {
			return 1
		}
		return 0
	}
	ahead := func(t time.Time) int {
		if !t.After(at(w.tick)) {
			return 0
		}
		return int(t.Sub(at(w.tick)) / time.Minute)
	}
	place := w.places()
	lease := func(l job.Lease) {
		mask := 0
		for _, h := range l.Holders {
			mask |= 1 << (place[h[0]-'a']*2 + int(h[2]-'1'))
		}
		intents := 0 // two bits for each: intentTicks is 2
		for _, i := range l.Intents {
			intents |= ahead(i.Until) << (place[i.Job[0]-'a'] * 2)
		}
		put(intents)
		put(mask, ahead(l.ParkAt), flag(l.Blocked))
	}
	put(w.tick%janitorTicks, w.gpu.desired, w.gpu.current, flag(w.gpu.updating), w.gpu.bound, flag(w.gpu.activity)|flag(w.gpu.owed)<<1,
		w.events, flag(w.sweep), w.idle, w.dirty, w.nevers, w.tracking)
	if w.gpu.updating {
		put(w.tick - w.gpu.since)
	}
	for _, n := range w.used {
		put(n)
	}
	lease(w.lease)
	var order [4]int
	for j, p := range place {
		order[p] = j
	}
	for _, j := range order {
		e := w.jobs[j]
		put(e.pc, e.attempt, e.flags())
		if e.until > 0 {
			put(max(0, e.until-w.tick))
		}
		if e.pc == lingering {
			put(max(0, e.parkAt-w.tick))
		}
	}
	put(len(w.settles))
	settles := 0
	for _, id := range w.settles {
		settles |= 1 << (place[id/2]*2 + id%2)
	}
	put(settles)
	put(len(w.running))
	from := len(b)
	var ends [16]int
	for n, i := range w.running {
		r := i.run
		put(i.owner, place[i.job], i.attempt, flag(i.asked)|flag(i.busy)<<1, int(r.action[0]), int(r.action[2]), int(r.phase), flag(r.lease.Generation == w.lease.Generation))
		switch r.phase {
		case writing:
			lease(r.next)
		case looking:
			lease(r.lease)
		case fencing, setting:
			lease(r.lease)
			put(r.desired)
		case checking:
			put(r.desired)
		}
		ends[n] = len(b)
	}
	return sortParts(b, from, ends[:len(w.running)])
}

func (e execution) flags() (bits int) {
	for n, v := range []bool{e.never, e.again, e.served, e.lost, e.intends, e.forgets} {
		if v {
			bits |= 1 << n
		}
	}
	return bits
}

// places puts jobs in an order that does not depend on their names, as far as
// their own state tells them apart: worlds that differ in names are one.
func (w *world) places() (place [4]int) {
	var rank [4]int
	for j, e := range w.jobs {
		held := 0
		for _, h := range w.lease.Holders {
			if int(h[0]-'a') == j {
				held |= 1 << (h[2] - '1')
			}
		}
		for _, i := range w.lease.Intents {
			if int(i.Job[0]-'a') == j {
				held |= 4
			}
		}
		rank[j] = (((e.pc*4+e.attempt)*64+e.flags())*8+held)*16 + min(3, max(0, e.parkAt-w.tick))*4 + min(3, max(0, e.until-w.tick))
	}
	for j := range rank {
		for k := range rank {
			if rank[k] > rank[j] || rank[k] == rank[j] && k < j {
				place[j]++
			}
		}
	}
	return place
}

// sortParts puts the encodings of invocations in order: which began first does not matter.
func sortParts(b []byte, from int, ends []int) []byte {
	if len(ends) < 2 {
		return b
	}
	parts := make([][]byte, len(ends))
	for n, end := range ends {
		parts[n] = b[from:end]
		from = end
	}
	slices.SortFunc(parts, bytes.Compare)
	sorted := bytes.Join(parts, nil)
	copy(b[len(b)-len(sorted):], sorted)
	return b
}

// found is the shortest way to a world in which a property does not hold.
type found struct {
	err   error
	trace []string
}

// explore walks every world of a scenario, breadth first, up to limit worlds.
func explore(s scenario, limit int) (states int, bad *found, complete bool) {
	type node struct {
		parent int32
		move   int32
	}
	seed := maphash.MakeSeed()
	seen := map[uint64]struct{}{} // of 10⁷ worlds two collide once in 10⁵ runs
	var nodes []node
	type entry struct {
		w  world
		id int32
	}
	var buffer []byte
	visit := func(w *world) bool {
		buffer = w.key(buffer[:0])
		k := maphash.Bytes(seed, buffer)
		if _, found := seen[k]; found {
			return false
		}
		seen[k] = struct{}{}
		return true
	}
	trace := func(id int32) []string {
		var path []int32
		for ; id > 0; id = nodes[id].parent {
			path = append(path, nodes[id].move)
		}
		x := explorer{s: &s, names: true}
		w := s.first()
		var out []string
		for n := len(path) - 1; n >= 0; n-- {
			m := x.expand(&w)[path[n]]
			out, w = append(out, m.label), m.next
		}
		return out
	}
	x := explorer{s: &s}
	first := s.first()
	visit(&first)
	nodes = append(nodes, node{})
	level := []entry{{w: first}}
	for len(level) > 0 {
		var next []entry
		for _, e := range level {
			for n, m := range x.expand(&e.w) {
				if !visit(&m.next) {
					continue
				}
				id := int32(len(nodes))
				nodes = append(nodes, node{parent: e.id, move: int32(n)})
				if err := m.next.check(); err != nil {
					return len(nodes), &found{err, trace(id)}, true
				}
				next = append(next, entry{m.next, id})
			}
			if len(nodes) > limit {
				return len(nodes), nil, false
			}
		}
		level = next
	}
	return len(nodes), nil, true
}

// full asks for the large scenarios, which take minutes and gigabytes.
var full = os.Getenv("IRIS_EXPLORE") == "full"

func TestEveryInterleaving(t *testing.T) {
	if testing.Short() {
		t.Skip("the explorer has one goroutine: nothing for the race detector")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(300)) // the worlds seen are live to the end
	for _, lever := range []string{"bounds", "weights"} {
		t.Run(lever, func(t *testing.T) {
			began, total := time.Now(), 0
			for _, s := range scenarios(lever) {
				from := time.Now()
				states, bad, complete := explore(s, 30_000_000)
				total += states
				t.Logf("%-28s %9d states %6.1f s", s.name, states, time.Since(from).Seconds())
				if bad != nil {
					t.Errorf("%s: %v", s.name, bad)
				}
				if !complete {
					t.Errorf("%s: not explored to its end", s.name)
				}
			}
			t.Logf("lever %s: %d states in %.1f s", lever, total, time.Since(began).Seconds())
		})
	}
}

// String is the property that does not hold, and the way there.
func (f *found) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, f.err)
	for n, line := range f.trace {
		fmt.Fprintf(&b, "%5d  %s\n", n+1, line)
	}
	return b.String()
}

func scenarios(lever string) []scenario {
	list := []scenario{
		{name: "first deployment, a fault", jobs: 1, atOnce: 2, deployed: true, faults: 1},
		{name: "abort and retry", jobs: 1, atOnce: 2, aborts: 1, retries: 1},
		{name: "abort, retry and a fault", jobs: 1, atOnce: 1, aborts: 1, retries: 1, faults: 1},
		{name: "warmed by hand", jobs: 1, atOnce: 2, warms: 1},
		{name: "budget stop", jobs: 1, atOnce: 2, budgets: 1},
		{name: "two faults", jobs: 1, atOnce: 2, faults: 2},
		{name: "two jobs, a fault", jobs: 2, atOnce: 2, faults: 1},
		{name: "four jobs in turn", jobs: 4, atOnce: 1, nevers: 3},
		{name: "an upload is announced", jobs: 1, atOnce: 2, intents: 1},
		{name: "an upload, a fault", jobs: 1, atOnce: 1, intents: 1, faults: 1},
		{name: "an upload beside a job", jobs: 2, atOnce: 1, intents: 1},
	}
	if lever == "bounds" {
		list = append(list, scenario{name: "target tracking", jobs: 1, atOnce: 2, tracking: 2})
	} else {
		list = append(list, scenario{name: "three jobs", jobs: 3, atOnce: 2}, scenario{name: "three at once", jobs: 2, atOnce: 3})
	}
	if full {
		list = append(list,
			scenario{name: "three jobs, two at once", jobs: 3, atOnce: 2},
			scenario{name: "two jobs, three at once", jobs: 2, atOnce: 3},
			scenario{name: "two jobs, first deployment", jobs: 2, atOnce: 2, deployed: true},
			scenario{name: "four jobs", jobs: 4, atOnce: 2},
			scenario{name: "three jobs, two rejected", jobs: 3, atOnce: 2, nevers: 2},
			scenario{name: "two jobs, two faults", jobs: 2, atOnce: 2, faults: 2},
			scenario{name: "two jobs, abort and retry", jobs: 2, atOnce: 2, aborts: 1, retries: 1},
			scenario{name: "two uploads", jobs: 2, atOnce: 1, intents: 2},
			scenario{name: "two uploads, a fault", jobs: 2, atOnce: 1, intents: 2, faults: 1},
			scenario{name: "an upload and a fault at once", jobs: 1, atOnce: 2, intents: 1, faults: 1},
			scenario{name: "two uploads at once", jobs: 2, atOnce: 2, intents: 2},
			scenario{name: "an upload, two faults", jobs: 1, atOnce: 2, intents: 1, faults: 2},
			scenario{name: "an upload and a budget stop", jobs: 1, atOnce: 2, intents: 1, budgets: 1, faults: 1},
			scenario{name: "people and a fault", jobs: 1, atOnce: 2, faults: 1, warms: 1, budgets: 1},
		)
	}
	for n := range list {
		list[n].lever = lever
	}
	return list
}
