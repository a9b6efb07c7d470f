package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cron is AWS's six fields: minutes, hours, day of month, month, day of week,
// year. One of the two days is "?".
type cron struct {
	minutes, hours, months, years set
	day                           func(date time.Time) bool
}

const firstYear, lastYear = 1970, 2199

var (
	monthNames = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	dayNames   = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

func parseCron(text string) (*cron, error) {
	f := strings.Fields(text)
	if len(f) != 6 {
		return nil, fmt.Errorf("cron has %d fields: want 6", len(f))
	}
	var c cron
	for _, part := range []struct {
		name   string
		text   string
		lo, hi int
		names  []string
		into   *set
	}{
		{"minutes", f[0], 0, 59, nil, &c.minutes},
		{"hours", f[1], 0, 23, nil, &c.hours},
		{"month", f[3], 1, 12, monthNames, &c.months},
		{"year", f[5], firstYear, lastYear, nil, &c.years},
	} {
		s, err := parseSet(part.text, part.lo, part.hi, part.names)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		*part.into = s
	}
	if (f[2] == "?") == (f[4] == "?") {
		return nil, fmt.Errorf("day of month %q, day of week %q: want ? in one of them", f[2], f[4])
	}
	var err error
	if f[4] == "?" {
		c.day, err = dayOfMonth(f[2])
	} else {
		c.day, err = dayOfWeek(f[4])
	}
	return &c, err
}

// next walks days first, then the hours and minutes of a day that counts.
func (c *cron) next(now time.Time) (time.Time, bool) {
	t := now.Truncate(time.Minute).Add(time.Minute)
	for t.Year() <= lastYear {
		date := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
		if !c.years.has(t.Year()) {
			t = time.Date(t.Year()+1, 1, 1, 0, 0, 0, 0, time.UTC)
			continue
		}
		if !c.months.has(int(t.Month())) || !c.day(date) {
			t = date.AddDate(0, 0, 1)
			continue
		}
		for ; t.Day() == date.Day(); t = t.Add(time.Minute) {
			if !c.hours.has(t.Hour()) {
				t = t.Truncate(time.Hour).Add(59 * time.Minute) // the loop adds the last one
				continue
			}
			if c.minutes.has(t.Minute()) {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// set holds the numbers of one field, from lo on.
type set struct {
	lo int
	in []bool
}

func (s set) has(n int) bool { return n >= s.lo && n-s.lo < len(s.in) && s.in[n-s.lo] }

// parseSet reads "*", "5", "1-5", "*/10", "3/10", "MON-FRI" and lists of them.
func parseSet(text string, lo, hi int, names []string) (set, error) {
	s := set{lo, make([]bool, hi-lo+1)}
	for _, item := range strings.Split(text, ",") {
		span, stride, stepped := strings.Cut(item, "/")
		first, last := lo, hi
		if span != "*" {
			a, b, ranged := strings.Cut(span, "-")
			var err error
			if first, err = number(a, lo, hi, names); err != nil {
				return set{}, err
			}
			switch {
			case ranged:
				if last, err = number(b, lo, hi, names); err != nil {
					return set{}, err
				}
			case !stepped:
				last = first
			}
		}
		step := 1
		if stepped {
			n, err := strconv.Atoi(stride)
			if err != nil || n < 1 || n > hi {
				return set{}, fmt.Errorf("step %q: want 1..%d", stride, hi)
			}
			step = n
		}
		if last < first { // FRI-MON goes round
			last += hi - lo + 1
		}
		for n := first; n <= last; n += step {
			s.in[(n-lo)%len(s.in)] = true
		}
	}
	return s, nil
}

func number(text string, lo, hi int, names []string) (int, error) {
	for i, name := range names {
		if strings.EqualFold(text, name) {
			return lo + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < lo || n > hi {
		return 0, fmt.Errorf("%q: want %d..%d", text, lo, hi)
	}
	return n, nil
}

// dayOfMonth reads numbers, L (the last day) and 15W (the weekday nearest the 15th).
func dayOfMonth(text string) (func(time.Time) bool, error) {
	if text == "L" {
		return func(d time.Time) bool { return d.Day() == daysIn(d) }, nil
	}
	if digits, ok := strings.CutSuffix(text, "W"); ok {
		n, err := number(digits, 1, 31, nil)
		if err != nil {
			return nil, fmt.Errorf("day of month: %w", err)
		}
		return func(d time.Time) bool { return n <= daysIn(d) && d.Day() == nearestWeekday(d, n) }, nil
	}
	s, err := parseSet(text, 1, 31, nil)
	if err != nil {
		return nil, fmt.Errorf("day of month: %w", err)
	}
	return func(d time.Time) bool { return s.has(d.Day()) }, nil
}

// dayOfWeek reads 1 (Sunday) to 7 and names, 6L (the last Friday of the month)
// and 3#2 (its second Tuesday).
func dayOfWeek(text string) (func(time.Time) bool, error) {
	if day, ok := strings.CutSuffix(text, "L"); ok {
		n := 7 // L alone is Saturday
		if day != "" {
			var err error
			if n, err = number(day, 1, 7, dayNames); err != nil {
				return nil, fmt.Errorf("day of week: %w", err)
			}
			return func(d time.Time) bool { return weekday(d) == n && d.Day() > daysIn(d)-7 }, nil
		}
		return func(d time.Time) bool { return weekday(d) == n }, nil
	}
	if day, nth, ok := strings.Cut(text, "#"); ok {
		n, err := number(day, 1, 7, dayNames)
		if err != nil {
			return nil, fmt.Errorf("day of week: %w", err)
		}
		k, err := number(nth, 1, 5, nil)
		if err != nil {
			return nil, fmt.Errorf("day of week: %w", err)
		}
		return func(d time.Time) bool { return weekday(d) == n && (d.Day()-1)/7 == k-1 }, nil
	}
	s, err := parseSet(text, 1, 7, dayNames)
	if err != nil {
		return nil, fmt.Errorf("day of week: %w", err)
	}
	return func(d time.Time) bool { return s.has(weekday(d)) }, nil
}

// weekday counts from Sunday = 1, as AWS does.
func weekday(d time.Time) int { return int(d.Weekday()) + 1 }

func daysIn(d time.Time) int { return time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// nearestWeekday stays within d's month.
func nearestWeekday(d time.Time, day int) int {
	switch time.Date(d.Year(), d.Month(), day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day == 1 {
			return 3
		}
		return day - 1
	case time.Sunday:
		if day == daysIn(d) {
			return day - 2
		}
		return day + 1
	}
	return day
}
