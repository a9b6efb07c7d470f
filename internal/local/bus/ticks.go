package bus

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/store"
)

// Due is what the store knows of a rule's schedule.
type Due struct {
	Expression string    `json:"expression"`
	Due        time.Time `json:"due"`
}

var (
	ratePattern = regexp.MustCompile(`^rate\((\d{1,6}) (minute|minutes|hour|hours|day|days)\)$`)
	rateUnits   = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
)

// parseRate reads rate(5 minutes), the one kind of schedule that the template has;
// cron and at expressions are refused.
func parseRate(text string) (time.Duration, error) {
	m := ratePattern.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("schedule %q: want rate(…), as rate(5 minutes): one machine keeps no other schedules", text)
	}
	n, unit := number(m[1]), strings.TrimSuffix(m[2], "s")
	if n < 1 || (n == 1) != (unit == m[2]) {
		return 0, fmt.Errorf("schedule %q: want a positive number, and one minute but several minutes", text)
	}
	return time.Duration(n) * rateUnits[unit], nil
}

// number reads the digits that ratePattern has found.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// after is the first time after now at which a rate falls due that is counted
// from a time when it fell due.
func after(from time.Time, every time.Duration, now time.Time) time.Time {
	passed := max(now.Sub(from), 0)
	return from.Add((passed/every + 1) * every)
}

func readDue(s *store.Store) (map[string]Due, error) {
	due := map[string]Due{}
	err := store.Each(s, DueBucket, "", func(rule string, d Due) error {
		due[rule] = d
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read schedules: %w", err)
	}
	return due, nil
}

// tickRetry is the pause after a tick that could not be written down.
const tickRetry = time.Minute

// keepSchedules sleeps until the next tick or a change of the rules.
func (s *Service) keepSchedules() {
	defer s.loop.Done()
	for {
		next, any := s.tick()
		var fire <-chan time.Time
		end := func() {}
		if any {
			fire, end = s.config.Clock.After(next.Sub(s.config.Clock.Now()))
		}
		select {
		case <-s.stop:
			end()
			return
		case <-s.wake:
		case <-fire:
		}
		end()
	}
}

// tick fires what is due, each schedule once however many ticks it missed, and
// says when the next one is.
func (s *Service) tick() (next time.Time, any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Clock.Now()
	for _, name := range s.names() {
		r, due := s.rules[name], s.due[name].Due
		if r.every == 0 {
			continue
		}
		if !due.After(now) {
			var err error
			if due, err = s.fire(r, due, now); err != nil {
				s.config.Logger.Error("schedule", "rule", name, "error", err.Error())
				due = now.Add(tickRetry)
			}
		}
		if !any || due.Before(next) {
			next, any = due, true
		}
	}
	return next, any
}

// fire queues a tick and notes the next one, in one transaction. A disabled rule's
// ticks pass unsent. s.mu is held.
func (s *Service) fire(r *rule, due, now time.Time) (next time.Time, err error) {
	b := &store.Batch{}
	if r.State == Enabled {
		e := s.newEvent("aws.events", "Scheduled Event", []string{s.arn("rule/" + r.Name)}, json.RawMessage("{}"), due)
		text, err := json.Marshal(e)
		if err != nil {
			return time.Time{}, err
		}
		if err := s.deliver(b, r.Rule, text, e.ID); err != nil {
			return time.Time{}, err
		}
	}
	d := Due{r.Schedule, after(due, r.every, now)}
	b.Put(DueBucket, r.Name, d)
	if err := s.config.Store.Write(b); err != nil {
		return time.Time{}, err
	}
	s.due[r.Name] = d
	return d.Due, nil
}
