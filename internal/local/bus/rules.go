package bus

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/local/bus/pattern"
	"github.com/iris-oculus/iris/internal/local/store"
)

// States of a rule.
const (
	Enabled  = "ENABLED"
	Disabled = "DISABLED"
)

// Rule sends events that match its pattern, or its schedule's ticks, to its
// targets. Field names are those of EventBridge's API.
type Rule struct {
	Name        string   `json:"Name"`
	Description string   `json:"Description,omitempty"`
	Pattern     string   `json:"EventPattern,omitempty"`       // JSON
	Schedule    string   `json:"ScheduleExpression,omitempty"` // rate(5 minutes)
	State       string   `json:"State,omitempty"`              // default Enabled
	Targets     []Target `json:"Targets,omitempty"`
}

// Target is where a rule delivers events to.
type Target struct {
	ID         string     `json:"Id"`
	ARN        string     `json:"Arn"`
	Role       string     `json:"RoleArn,omitempty"` // without effect on one machine
	DeadLetter *DeadQueue `json:"DeadLetterConfig,omitempty"`
	Retry      *Retry     `json:"RetryPolicy,omitempty"`
}

// DeadQueue names the queue for what could not be delivered. On one machine all
// of them are Service.DeadLetters.
type DeadQueue struct {
	ARN string `json:"Arn,omitempty"`
}

// Retry bounds redelivery; nil fields are AWS's defaults: 185 attempts, 24 hours.
type Retry struct {
	Attempts *int `json:"MaximumRetryAttempts,omitempty"`
	Seconds  *int `json:"MaximumEventAgeInSeconds,omitempty"`
}

// rule is a rule with what was compiled from it.
type rule struct {
	Rule
	pattern *pattern.Pattern
	every   time.Duration // of the schedule; 0: it has none
}

var ruleName = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)

// maxTargets is AWS's quota of one rule.
const maxTargets = 5

// AddRule makes or replaces a rule of the stack itself, which declares it again
// at each start. A schedule goes on from where it stood, if its expression is
// the same.
func (s *Service) AddRule(r Rule) error {
	compiled, err := s.compile(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(&store.Batch{}, compiled)
}

// keep writes a batch, together with when the rule's schedule falls due first unless
// that is known, and takes the rule; s.mu is held.
func (s *Service) keep(b *store.Batch, r *rule) error {
	due := s.due[r.Name]
	if r.every > 0 && due.Expression != r.Schedule {
		now := s.config.Clock.Now()
		due = Due{r.Schedule, after(now, r.every, now)}
		b.Put(DueBucket, r.Name, due)
	}
	if err := s.config.Store.Write(b); err != nil {
		return fmt.Errorf("keep rule %s: %w", r.Name, err)
	}
	s.due[r.Name], s.rules[r.Name] = due, r
	s.stir()
	return nil
}

// readRules reads the rules that clients made.
func (s *Service) readRules() error {
	return store.Each(s.config.Store, RulesBucket, "", func(name string, r Rule) error {
		compiled, err := s.compile(r)
		if err != nil {
			return err
		}
		s.rules[name] = compiled
		return nil
	})
}

func (s *Service) compile(r Rule) (*rule, error) {
	if !ruleName.MatchString(r.Name) {
		return nil, fmt.Errorf("rule %q: name: want 1 to 64 of . - _ A-Z a-z 0-9", r.Name)
	}
	if r.State == "" {
		r.State = Enabled
	}
	if r.State != Enabled && r.State != Disabled {
		return nil, fmt.Errorf("rule %s: state %q: want %s or %s", r.Name, r.State, Enabled, Disabled)
	}
	if r.Pattern == "" && r.Schedule == "" {
		return nil, fmt.Errorf("rule %s: want an event pattern or a schedule expression", r.Name)
	}
	out := &rule{Rule: r}
	if r.Pattern != "" {
		p, err := pattern.Compile([]byte(r.Pattern))
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.Name, err)
		}
		out.pattern = p
	}
	if r.Schedule != "" {
		every, err := parseRate(r.Schedule)
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", r.Name, err)
		}
		out.every = every
	}
	if len(r.Targets) > maxTargets {
		return nil, fmt.Errorf("rule %s: %d targets: want at most %d", r.Name, len(r.Targets), maxTargets)
	}
	ids := map[string]bool{}
	for _, t := range r.Targets {
		if err := s.checkTarget(t); err != nil {
			return nil, fmt.Errorf("rule %s: target %q: %w", r.Name, t.ID, err)
		}
		if ids[t.ID] {
			return nil, fmt.Errorf("rule %s: target %q: the id is used twice", r.Name, t.ID)
		}
		ids[t.ID] = true
	}
	return out, nil
}

func (s *Service) checkTarget(t Target) error {
	if !ruleName.MatchString(t.ID) {
		return errors.New("id: want 1 to 64 of . - _ A-Z a-z 0-9")
	}
	service, err := serviceOf(t.ARN)
	if err != nil {
		return fmt.Errorf("ARN: %w", err)
	}
	if s.config.Deliver[service] == nil {
		return fmt.Errorf("ARN: nothing is delivered to %q on one machine", service)
	}
	return nil
}

// names of all rules in order; s.mu is held.
func (s *Service) names() []string {
	var names []string
	for name := range s.rules {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (t Target) maxAge() time.Duration {
	if t.Retry != nil && t.Retry.Seconds != nil {
		return time.Duration(*t.Retry.Seconds) * time.Second
	}
	return 24 * time.Hour
}

func (t Target) maxAttempts() int {
	if t.Retry != nil && t.Retry.Attempts != nil {
		return *t.Retry.Attempts
	}
	return 185
}
