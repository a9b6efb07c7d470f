package traffic

import (
	"fmt"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/cost"
)

// Compared are the policies of the report.
func Compared() []Policy {
	all := []Policy{{Name: "autoscaling only", Auto: true}}
	for _, linger := range []time.Duration{0, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute} {
		all = append(all, Policy{Name: fmt.Sprintf("linger %.0f s", linger.Seconds()), Linger: linger})
	}
	return append(all, Policy{Name: "linger 120 s, announced 60 s before", Linger: 2 * time.Minute, Upload: time.Minute}, Policy{Name: "always on", Always: true})
}

// Rates are the scans a month of the report.
var Rates = []float64{10, 30, 100, 300, 1000, 3000, 10000}

// Row is one pattern and rate under every policy.
type Row struct {
	Pattern  Pattern
	PerMonth float64
	Outcomes []Outcome // as in Compared
	Months   int
}

// leastScans is how many scans a row simulates, so that chance moves its mean by little,
// and mostMonths bounds how long that may take.
const (
	leastScans = 2000
	mostMonths = 12
)

// Simulate runs every policy over one pattern and rate.
func Simulate(w World, p Pattern, perMonth float64) Row {
	months := int(min(max(leastScans/perMonth, 2), mostMonths))
	arrivals := p.Arrivals(perMonth, months, w.Seed)
	r := Row{Pattern: p, PerMonth: perMonth, Months: months}
	for _, policy := range Compared() {
		r.Outcomes = append(r.Outcomes, Run(w, policy, arrivals, time.Duration(months)*Month))
	}
	return r
}

// Report simulates every pattern at every rate. Groups of ten at a rate of ten a month would
// be one a month: they begin at 100.
func Report(w World) (all []Row) {
	for _, p := range Patterns {
		for _, n := range Rates {
			if p.Group > 1 && n < 100 {
				continue
			}
			all = append(all, Simulate(w, p, n))
		}
	}
	return all
}

// Base is the world of internal/cost's assumptions.
func Base() World {
	u := cost.Base()
	return World{WarmUp: u.WarmUp, Stop: time.Minute, Segment: u.Segment, Spread: 0.4, Instances: 1, Seed: 1}
}

// Table writes rows as Markdown: the GPU's USD a scan, and the mean time from the wish for
// the GPU to the scan's start on it.
func Table(rows []Row, usdPerHour float64) string {
	var b strings.Builder
	b.WriteString("| scans | a month |")
	for _, p := range Compared() {
		fmt.Fprintf(&b, " %s |", p.Name)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(Compared())) + "\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %g |", r.Pattern.Name, r.PerMonth)
		for _, o := range r.Outcomes {
			fmt.Fprintf(&b, " %s, %s |", dollars(o.PerScan(usdPerHour)), short(o.MeanWait))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func dollars(usd float64) string {
	if usd >= 1 {
		return fmt.Sprintf("%.1f", usd)
	}
	return fmt.Sprintf("%.3f", usd)
}

func short(d time.Duration) string {
	if d >= 10*time.Minute {
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// Engine is a way of segmenting a cohort: many scans at once that nobody waits for.
type Engine struct {
	Name       string
	USDPerHour float64
	Start      time.Duration // billed before an instance's first scan, a guess but for the endpoint's
	Each       int           // scans an instance does before it ends
	Instances  int
	Linger     time.Duration
}

// Engines are those of decision 36, for a cohort of so many scans.
func Engines(scans int) []Engine {
	u, spot := cost.Base(), 0.4
	share := (scans + 3) / 4
	return []Engine{
		{"the endpoint, four instances", u.USDPerHour, u.WarmUp, share, 4, u.Linger},
		{"Processing jobs, one scan each", u.USDPerHour, 3 * time.Minute, 1, scans, 0},
		{"managed Spot training jobs, one scan each", u.USDPerHour * spot, 3 * time.Minute, 1, scans, 0},
		{"managed Spot training jobs, 50 scans each", u.USDPerHour * spot, 3 * time.Minute, min(50, share), 4, 0},
		{"AWS Batch, EC2 Spot, four instances", usdOf("EC2 g4dn.xlarge Spot"), 4 * time.Minute, share, 4, 0},
	}
}

func usdOf(name string) float64 {
	for _, p := range cost.Prices {
		if p.Name == name {
			return p.USD
		}
	}
	return 0
}

// Cohort is the GPU's cost of a cohort on an engine, and how long it takes where the
// engine's instances are all granted.
func (e Engine) Cohort(scans int) (usd float64, took time.Duration) {
	segment := cost.Base().Segment
	starts := (scans + e.Each - 1) / e.Each
	billed := time.Duration(starts)*(e.Start+e.Linger) + time.Duration(scans)*segment
	side := min(e.Instances, starts)
	rounds := (starts + side - 1) / side
	took = time.Duration(rounds) * (e.Start + time.Duration(e.Each)*segment)
	return billed.Hours() * e.USDPerHour, took
}

// EngineTable writes what cohorts cost on each engine.
func EngineTable(sizes []int) string {
	var b strings.Builder
	b.WriteString("| engine |")
	for _, n := range sizes {
		fmt.Fprintf(&b, " %d scans |", n)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(sizes)) + "\n")
	for i, e := range Engines(1) {
		fmt.Fprintf(&b, "| %s |", e.Name)
		for _, n := range sizes {
			usd, _ := Engines(n)[i].Cohort(n)
			fmt.Fprintf(&b, " %.2f USD, %.4f each |", usd, usd/float64(n))
		}
		b.WriteString("\n")
	}
	return b.String()
}
