package schedule_test

import (
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/bus/schedule"
)

// Times of a Friday, the second of January 2026.
const now = "2026-01-02T03:04:05Z"

func parse(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The cron cases are those of AWS's page "Cron expressions reference".
func TestNext(t *testing.T) {
	for _, c := range []struct{ expression, want string }{
		{"rate(1 minute)", "2026-01-02T03:05:05Z"},
		{"rate(5 minutes)", "2026-01-02T03:09:05Z"},
		{"rate(1 hour)", "2026-01-02T04:04:05Z"},
		{"rate(2 days)", "2026-01-04T03:04:05Z"},
		{"at(2026-02-03T04:05:06)", "2026-02-03T04:05:06Z"},
		{"cron(0 10 * * ? *)", "2026-01-02T10:00:00Z"},
		{"cron(15 12 * * ? *)", "2026-01-02T12:15:00Z"},
		{"cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00Z"},
		{"cron(0 3 ? * MON-FRI *)", "2026-01-05T03:00:00Z"},
		{"cron(0 8 1 * ? *)", "2026-02-01T08:00:00Z"},
		{"cron(0/15 * * * ? *)", "2026-01-02T03:15:00Z"},
		{"cron(0/5 8-17 ? * MON-FRI *)", "2026-01-02T08:00:00Z"},
		{"cron(0/30 20-2 ? * MON-FRI *)", "2026-01-02T20:00:00Z"},
		{"cron(4 3 * * ? *)", "2026-01-03T03:04:00Z"},
		{"cron(5 3 * * ? *)", "2026-01-02T03:05:00Z"},
		{"cron(0 0 L * ? *)", "2026-01-31T00:00:00Z"},
		{"cron(0 0 L 2 ? *)", "2026-02-28T00:00:00Z"},
		{"cron(0 0 29 2 ? *)", "2028-02-29T00:00:00Z"},
		{"cron(0 0 31W * ? *)", "2026-01-30T00:00:00Z"},
		{"cron(0 0 1W 2 ? *)", "2026-02-02T00:00:00Z"},
		{"cron(0 0 1W 8 ? *)", "2026-08-03T00:00:00Z"},
		{"cron(0 0 ? * 6L *)", "2026-01-30T00:00:00Z"},
		{"cron(0 0 ? * L *)", "2026-01-03T00:00:00Z"},
		{"cron(0 0 ? * 3#2 *)", "2026-01-13T00:00:00Z"},
		{"cron(0 0 ? * SAT-SUN *)", "2026-01-03T00:00:00Z"},
		{"cron(0 0 ? JUN,DEC mon 2027)", "2027-06-07T00:00:00Z"},
	} {
		s, err := schedule.Parse(c.expression)
		if err != nil {
			t.Error(err)
			continue
		}
		got, ok := s.Next(parse(t, now), parse(t, now))
		if !ok || !got.Equal(parse(t, c.want)) {
			t.Errorf("%s: %v, %v: want %s", c.expression, got, ok, c.want)
		}
		if again, ok := s.Next(got, got); ok && !again.After(got) {
			t.Errorf("%s: after %v comes %v", c.expression, got, again)
		}
	}
}

func TestRateKeepsItsPhase(t *testing.T) {
	s, err := schedule.Parse("rate(10 minutes)")
	if err != nil {
		t.Fatal(err)
	}
	from := parse(t, now)
	for _, late := range []time.Duration{0, time.Second, 10*time.Minute - 1, 10 * time.Minute, 25 * time.Hour} {
		next, _ := s.Next(from, from.Add(late))
		if d := next.Sub(from); d%(10*time.Minute) != 0 || d <= late || d > late+10*time.Minute {
			t.Errorf("%v late: next after %v", late, d)
		}
	}
}

func TestPastOnesNeverComeAgain(t *testing.T) {
	for _, expression := range []string{"at(2025-01-01T00:00:00)", "cron(0 0 1 1 ? 2020)", "cron(0 0 31 2 ? *)"} {
		s, err := schedule.Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		if next, ok := s.Next(parse(t, now), parse(t, now)); ok {
			t.Errorf("%s: %v", expression, next)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, expression := range []string{
		"", "rate()", "rate(0 minutes)", "rate(1 minutes)", "rate(5 minute)", "rate(5 seconds)", "rate(-5 minutes)", "rate(5  minutes)",
		"at(2026-01-02)", "at(2026-13-02T03:04:05)", "cron(* * * * *)", "cron(* * * * * *)", "cron(* * ? * ? *)", "cron(60 * * * ? *)",
		"cron(* 24 * * ? *)", "cron(* * 0 * ? *)", "cron(* * * 13 ? *)", "cron(* * ? * 8 *)", "cron(* * ? * XYZ *)", "cron(* * * * ? 1969)",
		"cron(*/0 * * * ? *)", "cron(1- * * * ? *)", "cron(* * 32W * ? *)", "cron(* * ? * 2#6 *)", "cron(* * ? * 9L *)", "cron(0 0 * * ? *",
	} {
		if _, err := schedule.Parse(expression); err == nil {
			t.Errorf("%q is accepted", expression)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"rate(5 minutes)", "cron(0/5 8-17 ? * MON-FRI *)", "cron(0 0 31W * ? *)", "at(2026-02-03T04:05:06)"} {
		f.Add(seed)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := schedule.Parse(text)
		if err != nil {
			return
		}
		if next, ok := s.Next(at, at); ok && !next.After(at) {
			t.Errorf("%q: next is %v", text, next)
		}
	})
}
