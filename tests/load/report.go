package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// at is the value below which a share of a sorted list lies.
func at(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[min(int(math.Ceil(share*float64(len(sorted))))-1, len(sorted)-1)]
}

func quantiles(values []float64) string {
	s := slices.Sorted(slices.Values(values))
	return fmt.Sprintf("%.3f | %.3f | %.3f | %.3f", at(s, 0.50), at(s, 0.95), at(s, 0.99), at(s, 1))
}

func (r *result) seconds(owner string) (all []float64) {
	for _, d := range r.drops {
		if d.Status == "ready" && (owner == "" || d.Owner == owner) {
			all = append(all, d.Seconds)
		}
	}
	return all
}

// print writes the tables of docs/reliability.md.
func (r *result) print(w io.Writer) {
	fmt.Fprintf(w, "%d drops of %d (%d of this run in %.0f s), %d clients, %d³ voxels, %d structures: %.2f jobs a second, %.2f processor seconds a job\n\n",
		len(r.drops), r.o.drops, r.fresh, r.took.Seconds(), r.o.clients, r.o.voxels, r.o.structures, float64(r.fresh)/r.took.Seconds(), r.cpu/float64(max(r.fresh, 1)))
	fmt.Fprintln(w, "| seconds | count | p50 | p95 | p99 | most |\n|---|---|---|---|---|---|")
	var puts []float64
	for _, d := range r.drops {
		puts = append(puts, d.Put)
	}
	fmt.Fprintf(w, "| upload | %d | %s |\n", len(puts), quantiles(puts))
	fmt.Fprintf(w, "| drop → READY | %d | %s |\n", len(r.seconds("")), quantiles(r.seconds("")))
	for n := range r.o.owners {
		if all := r.seconds(fmt.Sprintf("owner-%d", n)); len(all) > 0 {
			fmt.Fprintf(w, "| … of owner %d | %d | %s |\n", n, len(all), quantiles(all))
		}
	}
	for _, route := range slices.Sorted(maps.Keys(r.clients.times)) {
		fmt.Fprintf(w, "| `%s`, %d without an answer | %d | %s |\n", route, r.clients.fails[route], len(r.clients.times[route]), quantiles(r.clients.times[route]))
	}
	fmt.Fprintln(w, "\n| program | processes | most MB of one | most MB together | most files of one |\n|---|---|---|---|---|")
	for _, name := range slices.Sorted(maps.Keys(r.programs)) {
		m := r.programs[name]
		fmt.Fprintf(w, "| %s | %d | %d | %d | %d |\n", name, m.Processes, m.Resident>>20, m.Together>>20, m.Files)
	}
}

// The bounds of what a process may take, whatever the number of jobs. The stack's own
// process keeps a summary of each execution, the job table its pages.
const (
	mostFiles    = 2048
	mostResident = 1 << 30
)

// verdict says what is wrong.
func (r *result) verdict() error {
	errs := []error{r.rest}
	jobs := map[string]int{}
	for _, d := range r.drops {
		if d.Status != "ready" || d.Jobs != 1 {
			errs = append(errs, fmt.Errorf("drop %d ended %s (%s), with %d jobs", d.Number, d.Status, d.Code, d.Jobs))
		}
		if jobs[d.Job]++; jobs[d.Job] > 1 {
			errs = append(errs, fmt.Errorf("drop %d shares its job with another", d.Number))
		}
	}
	if r.o.within == 0 && len(r.drops) != r.o.drops {
		errs = append(errs, fmt.Errorf("%d of %d drops came to an end", len(r.drops), r.o.drops))
	}
	for name, m := range r.programs {
		if m.Files > mostFiles || m.Resident > mostResident {
			errs = append(errs, fmt.Errorf("a process of %s had %d MB and %d files", name, m.Resident>>20, m.Files))
		}
	}
	return errors.Join(errs...)
}

// draw writes load.svg: above how long drops took in the order of their ends, below the
// memory of all processes, both over the drops that had ended.
func (r *result) draw(folder string) error {
	const width, left, plotW, panel, gap, top = 720, 60, 630, 200, 50, 40
	var b bytes.Buffer
	title := fmt.Sprintf("%d drops, %d at once", len(r.drops), r.o.clients)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img" aria-label="%s">`+"\n", width, top+2*panel+gap+40, title)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/><text x="%d" y="22" font-size="14">%s</text>`+"\n", left, title)
	x := func(n int) float64 { return left + plotW*float64(n)/float64(max(len(r.drops), 1)) }
	axis := func(y0 float64, name string, most float64) {
		for n := range 5 {
			y := y0 + panel*(1-float64(n)/4)
			fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.4g</text>`+"\n", left, y, left+plotW, left-6, y+4, most*float64(n)/4)
		}
		fmt.Fprintf(&b, `<text transform="translate(14 %.0f) rotate(-90)" text-anchor="middle">%s</text>`+"\n", y0+panel/2, name)
	}
	line := func(y0, most float64, colour string, points [][2]float64) {
		path := ""
		for n, p := range points {
			path += fmt.Sprintf("%s%.1f %.1f", []string{"M", "L"}[min(n, 1)], x(int(p[0])), y0+panel*(1-math.Min(p[1]/most, 1)))
		}
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", path, colour)
	}
	round := func(v float64) float64 {
		step := math.Pow(10, math.Floor(math.Log10(math.Max(v, 1e-9))))
		return math.Ceil(v/step*2) / 2 * step
	}
	const window = 50
	var median, late [][2]float64
	highest := 0.0
	for n := 0; n+window <= len(r.drops); n += window {
		var all []float64
		for _, d := range r.drops[n : n+window] {
			all = append(all, d.Seconds)
		}
		slices.Sort(all)
		median = append(median, [2]float64{float64(n + window/2), at(all, 0.5)})
		late = append(late, [2]float64{float64(n + window/2), at(all, 0.95)})
		highest = max(highest, at(all, 0.95))
	}
	highest = round(highest)
	axis(top, "drop → READY, s: p50, p95", highest)
	line(top, highest, "#2171b5", median)
	line(top, highest, "#8c2d04", late)
	var memory [][2]float64
	mb := 0.0
	for _, s := range r.samples {
		memory = append(memory, [2]float64{float64(s.Drops), float64(s.Resident >> 20)})
		mb = max(mb, float64(s.Resident>>20))
	}
	mb = round(mb)
	axis(top+panel+gap, "memory of all processes, MB", mb)
	line(top+panel+gap, mb, "#006d2c", memory)
	for n := range 5 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n", x(len(r.drops)*n/4), top+2*panel+gap+18, len(r.drops)*n/4)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">drops that have ended</text></svg>`+"\n", left+plotW/2, top+2*panel+gap+34)
	return os.WriteFile(filepath.Join(folder, "load.svg"), b.Bytes(), 0o644)
}
