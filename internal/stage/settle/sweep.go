package settle

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"
)

// Bounds of one pass over the open jobs.
const (
	// sweepers is how many jobs are looked at at once. A look costs one read of the
	// record and, for most jobs, at most two calls more, 20 to 60 ms each on AWS: 10,000
	// open jobs at 0.1 s are 1,000 s of waiting, which 16 sweepers do in 63 s of the
	// 300 s that the function has. On one machine the database's only thread is the
	// bound, and more sweepers would gain nothing.
	sweepers = 16
	// lookWithin is how long one job may take. The longest duty, deleting the 20,000
	// slices of a folder one by one, takes longer; the next sweep goes on with it.
	lookWithin = time.Minute
	// sweepReserve is the time kept to write down how far the sweep came.
	sweepReserve = 10 * time.Second
	// saveEvery is the number of jobs after which the place is written, so that at most
	// as many are looked at twice when the function is killed.
	saveEvery = 500
	// maxProblems bounds the error of a sweep; the others are only counted.
	maxProblems = 20
)

// limits are the bounds in time of one sweep.
type limits struct {
	end  time.Time     // when the last look must be over; zero for no end
	look time.Duration // how long one job may take
}

// limitsOf divides the time that a context leaves. One job gets at most half of it,
// so that every sweep brings at least one job to an end: a job that hangs cannot
// keep the others from being looked at, whatever the function's time is.
func limitsOf(ctx context.Context) limits {
	deadline, ok := ctx.Deadline()
	if !ok {
		return limits{look: lookWithin}
	}
	left := time.Until(deadline)
	work := left - min(sweepReserve, left/10)
	return limits{end: deadline.Add(work - left), look: min(lookWithin, work/2)}
}

// eachOpen looks at every open job once, some at a time, in a round that begins behind
// the job from and ends with it. It calls note with the place that the round has
// reached: every job before it is done, has failed, or has used up its own time, and
// the jobs that the end of the sweep cut off lie behind it. The error names the jobs
// that failed; it is nil when only the time ran out.
func (s Stage) eachOpen(ctx context.Context, from string, look func(ctx context.Context, id string) error, note func(place string) error) error {
	within := limitsOf(ctx)
	sweep := ctx
	if !within.end.IsZero() {
		var stop context.CancelFunc
		sweep, stop = context.WithDeadline(ctx, within.end)
		defer stop()
	}
	round := &progress{place: from}
	var failed problems
	var looks sync.WaitGroup
	free := make(chan struct{}, sweepers)
	for id, err := range s.openFrom(sweep, from) {
		if err == nil {
			select {
			case free <- struct{}{}:
				err = sweep.Err()
			case <-sweep.Done():
				err = sweep.Err()
			}
		}
		if err != nil {
			if sweep.Err() == nil {
				failed.add("list open jobs", err)
			}
			break
		}
		n := round.begin(id)
		looks.Go(func() {
			defer func() { <-free }()
			one, done := context.WithTimeout(sweep, within.look)
			defer done()
			err := look(one, id)
			if err != nil && sweep.Err() != nil {
				return // the sweep's end cut it off: the next one begins with it
			}
			failed.add("job "+id, err)
			round.end(n)
		})
		if n%saveEvery == saveEvery-1 {
			failed.add("write how far the sweep came", note(round.reached()))
		}
	}
	looks.Wait()
	failed.add("write how far the sweep came", note(round.reached()))
	if err := ctx.Err(); err != nil {
		failed.add("sweep", err)
	}
	return failed.join()
}

// openFrom yields the open jobs behind the id from, then those up to it.
func (s Stage) openFrom(ctx context.Context, from string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for id, err := range s.Jobs.Open(ctx, from) {
			if !yield(id, err) || err != nil {
				return
			}
		}
		if from == "" {
			return
		}
		for id, err := range s.Jobs.Open(ctx, "") {
			if err == nil && id > from || !yield(id, err) || err != nil {
				return
			}
		}
	}
}

// progress records how far a round has come. Looks end in any order, and the place is
// the last job before which none is unfinished.
type progress struct {
	mu       sync.Mutex
	place    string // the last job of the finished ones, or where the round began
	ids      []string
	finished []bool
	next     int // the first unfinished job
}

func (p *progress) begin(id string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids, p.finished = append(p.ids, id), append(p.finished, false)
	return len(p.ids) - 1
}

func (p *progress) end(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished[n] = true
	for p.next < len(p.ids) && p.finished[p.next] {
		p.place = p.ids[p.next]
		p.next++
	}
}

// reached is where the next sweep goes on.
func (p *progress) reached() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.place
}

// problems collects the errors of many goroutines and keeps the first ones.
type problems struct {
	mu   sync.Mutex
	kept []error
	more int
}

func (p *problems) add(doing string, err error) {
	if err == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) == maxProblems {
		p.more++
		return
	}
	p.kept = append(p.kept, fmt.Errorf("%s: %w", doing, err))
}

func (p *problems) join() error {
	if p.more > 0 {
		p.kept = append(p.kept, fmt.Errorf("%d more jobs could not be finished", p.more))
	}
	return errors.Join(p.kept...)
}
