package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/clock/clocktest"
	"github.com/iris-oculus/iris/internal/local/outbox"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// recipient fails the first refusals sends of each letter.
type recipient struct {
	mu       sync.Mutex
	refusals int
	seen     map[string]int
	got      []string
	given    []outbox.Letter
	sent     chan string
}

func newRecipient(refusals int) *recipient {
	return &recipient{refusals: refusals, seen: map[string]int{}, sent: make(chan string, 1000)}
}

func (r *recipient) send(_ context.Context, l outbox.Letter) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { r.sent <- l.ID }()
	if r.seen[l.ID]++; r.seen[l.ID] <= r.refusals {
		return errors.New("not now")
	}
	r.got = append(r.got, l.ID)
	return nil
}

const bucket = "letters"

func (r *recipient) config(s *store.Store, c clock.Clock) outbox.Config {
	return outbox.Config{
		Store: s, Bucket: bucket, Clock: c, Send: r.send,
		Again: func(l outbox.Letter, _ error) (time.Duration, bool) { return time.Minute, l.Attempts < 3 },
		GiveUp: func(_ context.Context, _ *store.Batch, l outbox.Letter, _ error) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.given = append(r.given, l)
			return nil
		},
	}
}

func open(t *testing.T, c outbox.Config) *outbox.Outbox {
	t.Helper()
	o, err := outbox.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func letter(id string) outbox.Letter {
	return outbox.Letter{ID: id, Body: json.RawMessage(`{"for":"you"}`)}
}

func TestEveryLetterArrivesOnceAndLeavesNothing(t *testing.T) {
	dir, r := t.TempDir(), newRecipient(0)
	s := storetest.Open(t, dir)
	o := open(t, r.config(s, clock.Real{}))
	o.Start()
	var all sync.WaitGroup
	for i := range 50 {
		all.Add(1)
		go func() {
			defer all.Done()
			if err := o.Put(letter(fmt.Sprint("a", i)), letter(fmt.Sprint("b", i))); err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
	o.Drain()
	slices.Sort(r.got)
	if len(r.got) != 100 || len(slices.Compact(r.got)) != 100 {
		t.Errorf("%d sends: want each of 100 letters once", len(r.got))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left := storetest.Count(t, storetest.Open(t, dir), bucket); left != 0 {
		t.Errorf("%d letters left", left)
	}
}

func TestRetriesWaitOnTheClockThenGiveUp(t *testing.T) {
	v, r := clocktest.New(start), newRecipient(99)
	o := open(t, r.config(storetest.Open(t, t.TempDir()), v))
	o.Start()
	if err := o.Put(letter("a")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		<-r.sent
		waitFor(t, func() bool { _, any := v.Next(); return any || o.Len() == 0 })
		v.Advance(time.Minute)
	}
	o.Drain()
	if len(r.given) != 1 || r.given[0].Attempts != 3 || r.given[0].Failure != "not now" {
		t.Errorf("given up: %+v: want one letter after 3 attempts", r.given)
	}
}

func TestGiveUpThatFailsIsTriedAgain(t *testing.T) {
	v, r := clocktest.New(start), newRecipient(99)
	c := r.config(storetest.Open(t, t.TempDir()), v)
	full := true
	c.Again = func(outbox.Letter, error) (time.Duration, bool) { return 0, false }
	give := c.GiveUp
	c.GiveUp = func(ctx context.Context, b *store.Batch, l outbox.Letter, err error) error {
		if full {
			full = false
			return errors.New("disk full")
		}
		return give(ctx, b, l, err)
	}
	o := open(t, c)
	o.Start()
	if err := o.Put(letter("a")); err != nil {
		t.Fatal(err)
	}
	<-r.sent
	waitFor(t, func() bool { _, any := v.Next(); return any })
	v.Advance(time.Minute)
	o.Drain()
	if len(r.given) != 1 {
		t.Errorf("given up %d letters: want 1", len(r.given))
	}
}

func TestReopenGoesOn(t *testing.T) {
	dir, v, r := t.TempDir(), clocktest.New(start), newRecipient(1)
	s := storetest.Open(t, dir)
	first := open(t, r.config(s, v))
	if err := first.Put(letter("a"), letter("b")); err != nil {
		t.Fatal(err)
	}
	first.Start()
	<-r.sent
	<-r.sent
	waitFor(t, func() bool { _, any := v.Next(); return any })
	_ = first.Close()
	_ = s.Close()

	second := open(t, r.config(storetest.Open(t, dir), v))
	if second.Len() != 2 {
		t.Fatalf("%d letters after reopening: want 2", second.Len())
	}
	second.Start()
	waitFor(t, func() bool { _, any := v.Next(); return any })
	if len(r.got) != 0 {
		t.Fatal("a letter came before it was due")
	}
	v.Advance(time.Minute)
	second.Drain()
	slices.Sort(r.got)
	if !slices.Equal(r.got, []string{"a", "b"}) {
		t.Errorf("arrived: %v", r.got)
	}
}

// What kill -9 leaves behind is what is on the disk while a send is under way.
func TestALetterInSendIsStillOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	under, free := make(chan struct{}), make(chan struct{})
	r := newRecipient(0)
	c := r.config(storetest.Open(t, dir), clock.Real{})
	c.Send = func(ctx context.Context, l outbox.Letter) error {
		close(under)
		select {
		case <-free:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	o := open(t, c)
	o.Start()
	if err := o.Put(letter("a")); err != nil {
		t.Fatal(err)
	}
	<-under
	copied := storetest.Crashed(t, dir)
	close(free)
	o.Drain()
	again := open(t, r.config(storetest.Open(t, copied), clock.Real{}))
	if again.Len() != 1 {
		t.Errorf("%d letters on the disk during a send: want 1", again.Len())
	}
}

// A letter that is given up and what takes its place are one transaction: both
// are on the disk when the letter is gone, and neither before.
func TestGiveUpIsOneTransaction(t *testing.T) {
	dir, r := t.TempDir(), newRecipient(99)
	s := storetest.Open(t, dir)
	dead, err := outbox.OpenDead(s, "dead")
	if err != nil {
		t.Fatal(err)
	}
	c := r.config(s, clock.Real{})
	c.Again = func(outbox.Letter, error) (time.Duration, bool) { return 0, false }
	var before string
	c.GiveUp = func(_ context.Context, b *store.Batch, l outbox.Letter, _ error) error {
		before = storetest.Crashed(t, dir)
		dead.Add(b, l)
		return nil
	}
	o := open(t, c)
	o.Start()
	if err := o.Put(letter("a")); err != nil {
		t.Fatal(err)
	}
	o.Drain()
	for name, state := range map[string]struct {
		dir            string
		waiting, given int
	}{"before": {before, 1, 0}, "after": {storetest.Crashed(t, dir), 0, 1}} {
		s := storetest.Open(t, state.dir)
		if w, d := storetest.Count(t, s, bucket), storetest.Count(t, s, "dead"); w != state.waiting || d != state.given {
			t.Errorf("%s: %d letters wait, %d are dead: want %d and %d", name, w, d, state.waiting, state.given)
		}
	}
	if held := dead.List(); len(held) != 1 || held[0].ID != "a" || held[0].Attempts != 1 {
		t.Errorf("dead letters %+v", held)
	}
}

func TestCloseDoesNotCountAsAnAttempt(t *testing.T) {
	r := newRecipient(0)
	c := r.config(storetest.Open(t, t.TempDir()), clock.Real{})
	under := make(chan struct{})
	c.Send = func(ctx context.Context, _ outbox.Letter) error {
		close(under)
		<-ctx.Done()
		return ctx.Err()
	}
	o := open(t, c)
	o.Start()
	if err := o.Put(letter("a")); err != nil {
		t.Fatal(err)
	}
	<-under
	_ = o.Close()
	if err := o.Put(letter("b")); !errors.Is(err, outbox.ErrClosed) {
		t.Errorf("put after close: %v", err)
	}
	attempts := -1
	c.Send = func(_ context.Context, l outbox.Letter) error { attempts = l.Attempts; return nil }
	again := open(t, c)
	again.Start()
	again.Drain()
	if attempts != 0 {
		t.Errorf("attempts after close: %d: want 0", attempts)
	}
}

func TestPutFailsWithoutItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "q")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o := open(t, newRecipient(0).config(storetest.Open(t, dir), clock.Real{}))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := o.Put(letter("a")); err == nil || o.Len() != 0 {
		t.Errorf("put: %v, %d letters: want an error and none", err, o.Len())
	}
}

func TestABrokenLetterIsAnError(t *testing.T) {
	s := storetest.Open(t, t.TempDir())
	for key, record := range map[string]any{outbox.Key(7): "no letter", "seven": outbox.Letter{}} {
		b := &store.Batch{}
		b.Put(bucket, key, record)
		if err := s.Write(b); err != nil {
			t.Fatal(err)
		}
		if _, err := outbox.Open(newRecipient(0).config(s, clock.Real{})); err == nil {
			t.Errorf("%s: opened", key)
		}
		b = &store.Batch{}
		b.Delete(bucket, key)
		if err := s.Write(b); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	o, err := outbox.Open(newRecipient(0).config(storetest.Open(b, b.TempDir()), clock.Real{}))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			if err := o.Put(letter("a")); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ten at once", func(b *testing.B) {
		b.SetParallelism(5) // times GOMAXPROCS
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := o.Put(letter("a")); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func TestDeadLetters(t *testing.T) {
	dir := t.TempDir()
	s := storetest.Open(t, dir)
	d, err := outbox.OpenDead(s, "dead")
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", "a"} {
		b := &store.Batch{}
		d.Add(b, letter(id))
		if err := s.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if d, err = outbox.OpenDead(storetest.Open(t, dir), "dead"); err != nil || len(d.List()) != 3 || d.List()[1].ID != "b" {
		t.Fatalf("after reopening: %+v, %v", d.List(), err)
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	// As long as the slowest machine needs: only what never comes ends here.
	for range 120_000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("waited two minutes in vain")
}
