package bus

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/iris-oculus/iris/internal/local/outbox"
)

// dueState is what the disk knows of a schedule. Due is zero once it never
// falls due again.
type dueState struct {
	Expression string    `json:"expression"`
	Due        time.Time `json:"due"`
}

func (s *Service) dueFile() string { return filepath.Join(s.config.Dir, "schedules.json") }

func (s *Service) readDue() (map[string]dueState, error) {
	due := map[string]dueState{}
	if err := readJSON(s.dueFile(), &due); err != nil {
		return nil, fmt.Errorf("read schedules: %w", err)
	}
	return due, nil
}

// plan notes when a rule's schedule falls due first, unless that is known
// already; s.mu is held.
func (s *Service) plan(r *rule) error {
	known, planned := s.due[r.Name]
	if r.schedule == nil {
		if !planned {
			return nil
		}
		delete(s.due, r.Name)
		return writeJSON(s.dueFile(), s.due)
	}
	if planned && known.Expression == r.Schedule {
		return nil
	}
	now := s.config.Clock.Now()
	next, _ := r.schedule.Next(now, now)
	s.due[r.Name] = dueState{r.Schedule, next}
	return writeJSON(s.dueFile(), s.due)
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
		r, state := s.rules[name], s.due[name]
		if r.schedule == nil || state.Due.IsZero() {
			continue
		}
		due := state.Due
		if !due.After(now) {
			var err error
			if due, err = s.fire(r, due, now); err != nil {
				s.config.Logger.Error("schedule", "rule", name, "error", err.Error())
				due = now.Add(tickRetry)
			}
		}
		if !due.IsZero() && (!any || due.Before(next)) {
			next, any = due, true
		}
	}
	return next, any
}

// fire queues a tick, then notes the next one: a crash between the two repeats
// the tick. A disabled rule's ticks pass unsent. s.mu is held.
func (s *Service) fire(r *rule, due, now time.Time) (next time.Time, err error) {
	if r.State == Enabled {
		e := s.newEvent("aws.events", "Scheduled Event", []string{s.arn("rule/" + r.Name)}, json.RawMessage("{}"), due)
		text, err := json.Marshal(e)
		if err != nil {
			return time.Time{}, err
		}
		letters, err := s.address([]outbox.Letter(nil), r.Rule, text, e.ID)
		if err != nil {
			return time.Time{}, err
		}
		if len(letters) > 0 {
			if err := s.queue.Put(letters...); err != nil {
				return time.Time{}, err
			}
		}
	}
	next, _ = r.schedule.Next(due, now)
	if r.schedule.Once() {
		next = time.Time{}
	}
	s.due[r.Name] = dueState{r.Schedule, next}
	return next, writeJSON(s.dueFile(), s.due)
}
