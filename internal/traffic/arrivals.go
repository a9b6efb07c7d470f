package traffic

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Month is a month of the bill.
const Month = 730 * time.Hour

// Pattern is how scans arrive.
type Pattern struct {
	Name   string
	Office bool // Monday to Friday, 8 to 18 o'clock, only
	Group  int  // so many at once, within a minute; 1: each by itself
}

// Patterns are those that are compared.
var Patterns = []Pattern{
	{Name: "at any time", Group: 1},
	{Name: "in office hours", Office: true, Group: 1},
	{Name: "ten at once", Group: 10},
}

// openHours is the part of the week that is in office hours.
const openHours = 50.0 / 168

// Arrivals are so many scans a month on average, over some months: groups arrive as a
// Poisson process.
func (p Pattern) Arrivals(perMonth float64, months int, seed uint64) (all []time.Duration) {
	rng := rand.New(rand.NewPCG(seed, 2))
	rate := perMonth / float64(p.Group) / float64(Month)
	if p.Office {
		rate /= openHours
	}
	for at, end := time.Duration(0), time.Duration(months)*Month; ; {
		at += time.Duration(rng.ExpFloat64() / rate)
		if at >= end {
			slices.Sort(all)
			return all
		}
		if p.Office && !open(at) {
			continue
		}
		for range p.Group {
			all = append(all, at+time.Duration(rng.Int64N(int64(time.Minute))))
		}
	}
}

// open says whether a moment lies in office hours; every simulation begins on a Monday.
func open(at time.Duration) bool {
	day, hour := int(at/(24*time.Hour))%7, int(at/time.Hour)%24
	return day < 5 && hour >= 8 && hour < 18
}
