package outbox_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/outbox"
)

// With one in Send at a time letters are sent in the order of Put, however many wait.
func TestManyLettersKeepTheirOrder(t *testing.T) {
	var mu sync.Mutex
	var got []string
	o := open(t, outbox.Config{
		Bucket: "b", Clock: clock.Real{}, Parallel: 1, // without a store: only memory is asked
		Send: func(_ context.Context, l outbox.Letter) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, l.ID)
			return nil
		},
	})
	var want []string
	for n := range 2000 {
		want = append(want, fmt.Sprint(n))
		if err := o.Put(letter(want[n])); err != nil {
			t.Fatal(err)
		}
	}
	o.Start()
	o.Drain()
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(got, want) {
		t.Errorf("%d letters, not in the order of Put", len(got))
	}
}

// Letters that wait for another try hold up nobody, and come back in the order in which
// they fall due.
func TestRetriesComeBackInTheirOrder(t *testing.T) {
	const many = 300
	var mu sync.Mutex
	var first, again []string
	o := open(t, outbox.Config{
		Bucket: "b", Clock: clock.Real{}, Parallel: 1,
		Send: func(_ context.Context, l outbox.Letter) error {
			mu.Lock()
			defer mu.Unlock()
			if l.Attempts == 0 {
				first = append(first, l.ID)
				return fmt.Errorf("not yet")
			}
			again = append(again, l.ID)
			return nil
		},
		Again: func(outbox.Letter, error) (time.Duration, bool) { return time.Millisecond, true },
	})
	for n := range many {
		if err := o.Put(letter(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	o.Start()
	o.Drain()
	mu.Lock()
	defer mu.Unlock()
	if len(first) != many || !slices.Equal(first, again) {
		t.Errorf("%d sent, %d sent again, in another order", len(first), len(again))
	}
}

// BenchmarkDrain empties queues of different lengths: what a letter takes must not grow
// with how many wait.
func BenchmarkDrain(b *testing.B) {
	for _, many := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			letters := make([]outbox.Letter, many)
			for n := range letters {
				letters[n] = letter("a")
			}
			for b.Loop() {
				o, err := outbox.Open(outbox.Config{Bucket: "b", Clock: clock.Real{}, Parallel: 8, Send: func(context.Context, outbox.Letter) error { return nil }})
				if err != nil {
					b.Fatal(err)
				}
				if err := o.Put(letters...); err != nil {
					b.Fatal(err)
				}
				o.Start()
				o.Drain()
				if err := o.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*many), "ns/letter")
		})
	}
}
