package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iris-oculus/iris/internal/local/metrics"
)

// sample is what one look at the processes found: the most of each program so far is kept.
type sample struct {
	Drops     int   // that had ended
	Resident  int64 // bytes, of all processes
	Processes int
}

// most is the most that a program's single process had, and that all of them had together.
type most struct {
	Resident, Together int64
	Files, Processes   int
}

// result is what a run found.
type result struct {
	o        options
	drops    []drop // all, those of earlier runs too
	fresh    int    // of this run
	took     time.Duration
	clients  *clients
	samples  []sample
	programs map[string]most
	rest     error   // why the stack did not come to rest
	cpu      float64 // processor seconds of the stack, its start too
}

// before are the drops of earlier runs on the state folder.
func before(path string) (all []drop, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var d drop
		if json.Unmarshal(lines.Bytes(), &d) == nil { // the last line may be cut off
			all = append(all, d)
		}
	}
	return all, nil
}

func run(ctx context.Context, o options) (*result, error) {
	log := filepath.Join(o.state, "load.jsonl")
	all, err := before(log)
	if err != nil {
		return nil, err
	}
	done := map[int]bool{}
	for _, d := range all {
		done[d.Number] = true
	}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s, err := up(o)
	if err != nil {
		return nil, err
	}
	r := &result{o: o, drops: all, programs: map[string]most{}}
	defer func() {
		r.rest = errors.Join(r.rest, s.end())
		if p := s.process.ProcessState; p != nil { // with all processes below it, which it has waited for
			r.cpu = (p.UserTime() + p.SystemTime()).Seconds()
		}
	}()
	if r.clients, err = newClients(ctx, o, s); err != nil {
		return nil, err
	}
	began := time.Now()
	var mu sync.Mutex
	var last atomic.Value
	last.Store("")
	background, stop := context.WithCancel(ctx)
	var others sync.WaitGroup
	others.Go(func() { r.watch(background, s.process.Process.Pid, &mu) })
	others.Go(func() { r.clients.probe(background, func() string { return last.Load().(string) }) })

	numbers := make(chan int)
	go func() {
		defer close(numbers)
		for n := range o.drops {
			if done[n] {
				continue
			}
			if o.within > 0 && time.Since(began) > o.within {
				return
			}
			select {
			case numbers <- n:
			case <-ctx.Done():
				return
			}
		}
	}()
	var working sync.WaitGroup
	for c := range o.clients {
		owner := fmt.Sprintf("owner-%d", c%max(o.owners-1, 1))
		if c == o.clients-1 {
			owner = fmt.Sprintf("owner-%d", o.owners-1)
		}
		working.Go(func() {
			for n := range numbers {
				d, err := r.clients.one(ctx, owner, n)
				if err != nil {
					if ctx.Err() == nil {
						fmt.Fprintln(os.Stderr, err)
					}
					continue
				}
				last.Store(d.Job)
				line, _ := json.Marshal(d)
				mu.Lock()
				_, err = file.Write(append(line, '\n'))
				r.drops, r.fresh = append(r.drops, d), r.fresh+1
				mu.Unlock()
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
			}
		})
	}
	working.Wait()
	r.took = time.Since(began)
	stop()
	others.Wait()
	r.rest = r.rests(ctx)
	return r, ctx.Err()
}

// watch looks at every process of the stack until ctx ends.
func (r *result) watch(ctx context.Context, root int, mu *sync.Mutex) {
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(2 * time.Second):
		}
		all := metrics.Processes(root)
		now, sums := sample{Processes: len(all)}, map[string]most{}
		for _, p := range all {
			m := sums[p.Name]
			m.Resident, m.Files = max(m.Resident, p.Resident), max(m.Files, p.Files)
			m.Together += p.Resident
			m.Processes++
			sums[p.Name] = m
			now.Resident += p.Resident
		}
		mu.Lock()
		now.Drops = len(r.drops)
		r.samples = append(r.samples, now)
		for name, m := range sums {
			old := r.programs[name]
			r.programs[name] = most{max(old.Resident, m.Resident), max(old.Together, m.Together), max(old.Files, m.Files), max(old.Processes, m.Processes)}
		}
		if r.o.verbose && n%5 == 0 {
			fmt.Fprintf(os.Stderr, "%d drops, %d MB in %d processes\n", now.Drops, now.Resident>>20, now.Processes)
		}
		mu.Unlock()
	}
}

// rests waits until no execution runs, nothing is on its way and the model sleeps.
func (r *result) rests(ctx context.Context) error {
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Second) {
		got, err := r.clients.metrics(ctx)
		if err == nil && got["iris_executions_running"] == 0 && got[`iris_model_instances{endpoint="iris-model"}`] == 0 && got[`iris_queued{queue="functions"}`] == 0 {
			for _, queue := range []string{"events", "functions", "topics"} {
				if n := got[fmt.Sprintf("iris_dead_letters{queue=%q}", queue)]; n > 0 {
					err = errors.Join(err, fmt.Errorf("%.0f dead letters of the %s", n, queue))
				}
			}
			return err
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("the stack does not rest: %w", errors.Join(err, ctx.Err()))
		}
	}
}

// metrics are the values of /metrics by their names and labels.
func (c *clients) metrics(ctx context.Context) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.s.HTTP+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	all := map[string]float64{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, text, found := strings.Cut(lines.Text(), " ")
		if value, err := strconv.ParseFloat(text, 64); found && err == nil {
			all[name] = value
		}
	}
	return all, nil
}
