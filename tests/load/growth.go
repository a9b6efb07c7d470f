package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// grown is one point: what a scan of so many voxels and structures took.
type grown struct {
	voxels, structures int
	cpu                float64 // processor seconds a job, without the stack's own start
	seconds            float64 // drop → READY, alone, median
}

// sizes are the scans of the two lines: more voxels, then more structures.
var sizes = [][]grown{
	{{voxels: 16, structures: 1}, {voxels: 32, structures: 1}, {voxels: 64, structures: 1}, {voxels: 128, structures: 1}},
	{{voxels: 128, structures: 1}, {voxels: 128, structures: 4}, {voxels: 128, structures: 16}, {voxels: 128, structures: 40}},
}

// growth drops a few scans of each size, one after the other, on a stack of its own.
func growth(ctx context.Context, o options) error {
	idle, err := one(ctx, o, grown{}, 0)
	if err != nil {
		return err
	}
	fmt.Println("| voxels along each axis | structures | processor seconds a job | drop → READY, s, p50 |\n|---|---|---|---|")
	for _, line := range sizes {
		for n := range line {
			r, err := one(ctx, o, line[n], o.drops)
			if err != nil {
				return err
			}
			line[n].cpu, line[n].seconds = (r.cpu-idle.cpu)/float64(max(r.fresh, 1)), at(r.seconds(""), 0.5)
			fmt.Printf("| %d | %d | %.2f | %.2f |\n", line[n].voxels, line[n].structures, line[n].cpu, line[n].seconds)
		}
	}
	if o.out == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(o.out, "growth.svg"), drawGrowth(sizes), 0o644)
}

// one is a run of its own with so many drops.
func one(ctx context.Context, o options, g grown, drops int) (*result, error) {
	state, err := os.MkdirTemp("", "load")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(state)
	o.state, o.drops, o.clients, o.owners, o.voxels, o.structures = state, drops, 1, 1, g.voxels, g.structures
	r, err := run(ctx, o)
	if err == nil {
		err = r.verdict()
	}
	return r, err
}

// drawGrowth draws processor seconds a job over voxels and over structures, on
// logarithmic axes.
func drawGrowth(lines [][]grown) []byte {
	const left, top, panel, plotW = 60, 40, 220, 270
	var b bytes.Buffer
	const title = "Processor seconds a job, whole stack with a model that takes no time"
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 320" font-family="sans-serif" font-size="12" role="img" aria-label="%s">`+"\n", title)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/><text x="%d" y="22" font-size="14">%s</text>`+"\n", left, title)
	const low, high = 0.1, 100
	y := func(v float64) float64 {
		return top + panel*(1-math.Log10(math.Min(math.Max(v, low), high)/low)/math.Log10(high/low))
	}
	for i, line := range lines {
		x0 := float64(left + i*(plotW+60))
		of := func(g grown) float64 {
			if i == 0 {
				return math.Pow(float64(g.voxels), 3)
			}
			return float64(g.structures)
		}
		from, to := of(line[0]), of(line[len(line)-1])
		x := func(g grown) float64 { return x0 + plotW*math.Log(of(g)/from)/math.Log(to/from) }
		for _, mark := range []float64{0.1, 1, 10, 100} {
			fmt.Fprintf(&b, `<path d="M%.0f %.1fh%d" stroke="#ddd"/><text x="%.0f" y="%.1f" text-anchor="end">%g</text>`+"\n", x0, y(mark), plotW, x0-6, y(mark)+4, mark)
		}
		path := ""
		for n, g := range line {
			path += fmt.Sprintf("%s%.1f %.1f", []string{"M", "L"}[min(n, 1)], x(g), y(g.cpu))
			text := fmt.Sprintf("%d³", g.voxels)
			if i == 1 {
				text = fmt.Sprint(g.structures)
			}
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="#2171b5"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(g), y(g.cpu), x(g), top+panel+18, text)
		}
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="#2171b5" stroke-width="2"/><text x="%.0f" y="%d" text-anchor="middle">%s</text>`+"\n", path, x0+plotW/2, top+panel+38, []string{"voxels", "structures, of 128³ voxels"}[i])
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
