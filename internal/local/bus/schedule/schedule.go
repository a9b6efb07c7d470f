// Package schedule reads AWS schedule expressions and says when they fall due:
// rate(5 minutes), cron(0 10 ? * MON-FRI *), at(2026-01-02T03:04:05). Times are
// UTC. The errors name the expression's part and what it wants.
package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Schedule is a parsed expression.
type Schedule struct {
	every time.Duration // rate
	at    time.Time
	cron  *cron
}

var (
	ratePattern = regexp.MustCompile(`^rate\((\d{1,6}) (minute|minutes|hour|hours|day|days)\)$`)
	units       = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}
)

// Parse reads an expression.
func Parse(text string) (Schedule, error) {
	if m := ratePattern.FindStringSubmatch(text); m != nil {
		n, _ := strconv.Atoi(m[1])
		unit := strings.TrimSuffix(m[2], "s")
		if n < 1 || (n == 1) != (unit == m[2]) {
			return Schedule{}, fmt.Errorf("schedule %q: want a positive number, and one minute but several minutes", text)
		}
		return Schedule{every: time.Duration(n) * units[unit]}, nil
	}
	if inside, ok := arguments(text, "at"); ok {
		at, err := time.Parse("2006-01-02T15:04:05", inside)
		if err != nil {
			return Schedule{}, fmt.Errorf("schedule %q: want at(yyyy-mm-ddThh:mm:ss)", text)
		}
		return Schedule{at: at}, nil
	}
	if inside, ok := arguments(text, "cron"); ok {
		c, err := parseCron(inside)
		if err != nil {
			return Schedule{}, fmt.Errorf("schedule %q: %w", text, err)
		}
		return Schedule{cron: c}, nil
	}
	return Schedule{}, fmt.Errorf("schedule %q: want rate(…), cron(…) or at(…)", text)
}

func arguments(text, kind string) (string, bool) {
	inside, ok := strings.CutPrefix(text, kind+"(")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(inside, ")")
}

// Once says whether the schedule falls due at most once.
func (s Schedule) Once() bool { return !s.at.IsZero() }

// Next is the first time after now; false when there is none. from is when the
// schedule was made, or any time when it fell due: a rate counts from there.
func (s Schedule) Next(from, now time.Time) (time.Time, bool) {
	switch {
	case s.every > 0:
		passed := max(now.Sub(from), 0)
		return from.Add((passed/s.every + 1) * s.every), true
	case s.cron != nil:
		return s.cron.next(now.UTC())
	default:
		return s.at, s.at.After(now)
	}
}
