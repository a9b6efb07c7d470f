// Package outbox is a durable queue for letters that must arrive: events on
// their way to targets, messages to subscribers, asynchronous invocations.
//
// In: letters, which are on the disk when Put returns, or when a store.Batch is
// written to which Add has added them. Out: at least one successful Send for each,
// or one GiveUp, whose changes and the letter's removal are one transaction. A
// crash between loses nothing: Open goes on with the letters of the store. Letters
// are sent in the order of Put as long as Parallel and retries allow; nobody may
// rely on it. Errors are those of the store.
//
// Nothing polls: an outbox without letters that are due sleeps.
package outbox

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// Letter is one thing to deliver. The sender sets ID (for its own use and for
// logs) and Body; the rest is the outbox's.
type Letter struct {
	ID       string          `json:"id"`
	Body     json.RawMessage `json:"body"`
	Accepted time.Time       `json:"accepted"`
	Due      time.Time       `json:"due"`                // not sent before
	Attempts int             `json:"attempts,omitempty"` // that failed
	Failure  string          `json:"failure,omitempty"`  // of the last attempt
	Trace    string          `json:"trace,omitempty"`    // of the batch that it came with

	number uint64 // follows from its key
}

// Config says where letters lie and how they are sent.
type Config struct {
	Store  *store.Store
	Bucket string // of the store, for this queue alone
	Clock  clock.Clock
	// Send delivers. It may be called again for a letter that it has delivered.
	// When ctx has ended, the error does not count as an attempt.
	Send func(ctx context.Context, l Letter) error
	// Again decides after a failed attempt, which l.Attempts counts already.
	Again func(l Letter, err error) (wait time.Duration, again bool)
	// GiveUp takes over a letter for good, by changes that it adds to b; an error
	// makes the letter come again later.
	GiveUp func(ctx context.Context, b *store.Batch, l Letter, err error) error
	// Parallel bounds the letters in Send at once; default 8.
	Parallel int
	Logger   *slog.Logger
}

// giveUpWait is the pause before GiveUp is tried again.
const giveUpWait = time.Minute

// ErrClosed is answered by Put after Close.
var ErrClosed = errors.New("the queue is closed")

// Outbox is an open queue. Make one with Open.
type Outbox struct {
	config Config
	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{}
	work   sync.WaitGroup

	mu      sync.Mutex
	next    uint64   // number of the next letter
	due     []Letter // that are to be sent now, in order
	later   byDue    // that are to be sent at a later time
	busy    int
	started bool
	closed  bool
	idle    *sync.Cond // no letter is left
}

// Open reads the letters of the bucket. Nothing is sent before Start.
func Open(c Config) (*Outbox, error) {
	if c.Parallel == 0 {
		c.Parallel = 8
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	o := &Outbox{config: c, wake: make(chan struct{}, 1)}
	o.idle = sync.NewCond(&o.mu)
	o.ctx, o.cancel = context.WithCancel(context.Background())
	var err error
	var all []Letter
	if all, o.next, err = letters(c.Store, c.Bucket); err != nil {
		return nil, fmt.Errorf("open queue: %w", err)
	}
	for _, l := range all {
		o.keep(l)
	}
	return o, nil
}

// letters reads a bucket in the order of Put, and says which number is free next.
func letters(s *store.Store, bucket string) (list []Letter, next uint64, err error) {
	err = store.Each(s, bucket, "", func(key string, l Letter) (err error) {
		if l.number, err = strconv.ParseUint(key, 10, 64); err != nil {
			return fmt.Errorf("a letter's key is no number: %w", err)
		}
		list = append(list, l)
		next = l.number + 1
		return nil
	})
	return list, next, err
}

// Key is the key of a letter by its number: keys order as numbers do.
func Key(number uint64) string { return fmt.Sprintf("%020d", number) }

// Start begins to send. Call it once everything that Send reaches is up.
func (o *Outbox) Start() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.started || o.closed {
		return
	}
	o.started = true
	o.work.Add(1)
	go o.run()
}

// Put accepts letters: when it returns nil, all of them are on the disk.
func (o *Outbox) Put(letters ...Letter) error { return o.PutUnder("", letters...) }

// PutUnder is Put for letters of a trace.
func (o *Outbox) PutUnder(trace string, letters ...Letter) error {
	b := &store.Batch{Trace: trace}
	if err := o.Add(b, letters...); err != nil {
		return err
	}
	return o.config.Store.Write(b)
}

// Add makes letters part of a batch: they are accepted once it is written.
func (o *Outbox) Add(b *store.Batch, letters ...Letter) error {
	now := o.config.Clock.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return ErrClosed
	}
	for i := range letters {
		l := &letters[i]
		l.number, l.Accepted, l.Due, l.Attempts, l.Failure, l.Trace = o.next, now, now, 0, "", b.Trace
		o.next++
		b.Put(o.config.Bucket, Key(l.number), l)
	}
	b.Then(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, l := range letters {
			o.keep(l)
		}
		o.stir()
	})
	return nil
}

// Len counts the letters that have not arrived yet.
func (o *Outbox) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.left()
}

// Drain waits until no letter is left; the clock must go on for those that wait.
func (o *Outbox) Drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.left() > 0 && !o.closed {
		o.idle.Wait()
	}
}

// Close ends sends under way and returns when they have ended. Letters stay.
func (o *Outbox) Close() error {
	o.mu.Lock()
	o.closed = true
	o.idle.Broadcast()
	o.mu.Unlock()
	o.cancel()
	o.work.Wait()
	return nil
}

func (o *Outbox) stir() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// run hands out letters as they fall due and sleeps in between.
func (o *Outbox) run() {
	defer o.work.Done()
	for {
		next, any := o.hand()
		var fire <-chan time.Time
		stop := func() {}
		if any {
			fire, stop = o.config.Clock.After(next.Sub(o.config.Clock.Now()))
		}
		select {
		case <-o.ctx.Done():
			stop()
			return
		case <-o.wake:
		case <-fire:
		}
		stop()
	}
}

// hand starts a send for each letter that is due, as far as Parallel allows,
// and says when the next one falls due; a send that ends stirs the loop. It looks at what
// it hands out and at what falls due, never at all that wait: ten thousand letters are
// handed out in ten thousand steps.
func (o *Outbox) hand() (next time.Time, any bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.config.Clock.Now()
	for len(o.later) > 0 && !o.later[0].Due.After(now) {
		o.due = append(o.due, heap.Pop(&o.later).(Letter))
	}
	for len(o.due) > 0 && o.busy < o.config.Parallel && !o.closed {
		l := o.due[0]
		o.due[0] = Letter{} // its body may be large
		o.due = o.due[1:]
		o.busy++
		o.work.Add(1)
		go o.deliver(l)
	}
	if len(o.later) > 0 {
		return o.later[0].Due, true
	}
	return next, false
}

// keep takes a letter that is not in Send; o.mu is held.
func (o *Outbox) keep(l Letter) {
	if l.Due.After(o.config.Clock.Now()) {
		heap.Push(&o.later, l)
	} else {
		o.due = append(o.due, l)
	}
}

// left counts the letters that have not arrived; o.mu is held.
func (o *Outbox) left() int { return len(o.due) + len(o.later) + o.busy }

// byDue is a heap whose first letter falls due first, and of those that fall due together
// the one that was put first.
type byDue []Letter

func (q byDue) Len() int { return len(q) }
func (q byDue) Less(i, j int) bool {
	if !q[i].Due.Equal(q[j].Due) {
		return q[i].Due.Before(q[j].Due)
	}
	return q[i].number < q[j].number
}
func (q byDue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *byDue) Push(l any)   { *q = append(*q, l.(Letter)) }
func (q *byDue) Pop() any {
	old := *q
	l := old[len(old)-1]
	old[len(old)-1] = Letter{}
	*q = old[:len(old)-1]
	return l
}

func (o *Outbox) deliver(l Letter) {
	defer o.work.Done()
	err := o.config.Send(trace.With(o.ctx, trace.Parse(l.Trace)), l)
	switch {
	case err == nil:
		o.config.Store.Later(o.removal(l)) // a crash before that delivers it once more
	case o.ctx.Err() == nil:
		l, err = o.failed(l, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy--
	if err != nil {
		o.keep(l)
	}
	if o.left() == 0 {
		o.idle.Broadcast()
	}
	o.stir()
}

// removal is a batch that forgets a letter.
func (o *Outbox) removal(l Letter) *store.Batch {
	b := &store.Batch{}
	b.Delete(o.config.Bucket, Key(l.number))
	return b
}

// failed notes a failed attempt. A nil error says that the letter is done with.
func (o *Outbox) failed(l Letter, err error) (Letter, error) {
	l.Attempts++
	l.Failure = err.Error()
	wait, again := o.config.Again(l, err)
	if !again {
		b := o.removal(l)
		refused := o.config.GiveUp(o.ctx, b, l, err)
		if refused == nil {
			refused = o.config.Store.Write(b)
		}
		if refused == nil {
			return l, nil
		}
		o.config.Logger.Error("give up a letter", "letter", l.ID, "error", refused.Error())
		wait = giveUpWait
	}
	l.Due = o.config.Clock.Now().Add(wait)
	b := &store.Batch{}
	b.Put(o.config.Bucket, Key(l.number), l)
	o.config.Store.Later(b) // a crash before that is an attempt more
	return l, err
}
