package gpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

// Whoever comes to the GPU has as many ahead of him as came before and still hold it.
func TestTheLeaseKnowsWhoCameFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	now := time.Unix(1_000, 0)
	var l job.Lease
	var came []string
	for step := range 4000 {
		name := fmt.Sprintf("job%02d-1", random.IntN(12))
		before := l
		kept := slices.Clone(l.Order)
		switch random.IntN(3) {
		case 0:
			l, _, _ = Acquire(l, name)
			if !slices.Contains(came, name) {
				came = append(came, name)
			}
		case 1:
			l, _ = Release(l, name, now, time.Minute)
			came = slices.DeleteFunc(came, func(n string) bool { return n == name })
		case 2:
			other := fmt.Sprintf("job%02d-1", random.IntN(12))
			l, _ = Drop(l, []string{name, other})
			came = slices.DeleteFunc(came, func(n string) bool { return n == name || n == other })
		}
		if diff := cmp.Diff(kept, before.Order); diff != "" {
			t.Fatalf("step %d: the order that was read has changed (-was +is): %s", step, diff)
		}
		if len(l.Order) != len(l.Holders) {
			t.Fatalf("step %d: order %v of holders %v", step, l.Order, l.Holders)
		}
		for i, name := range came {
			if n, holds := l.Ahead(name); n != i || !holds {
				t.Fatalf("step %d: %d ahead of %s, want %d of %v", step, n, name, i, came)
			}
		}
	}
}
