package sagemaker

import (
	"bytes"
	"fmt"
	"math"
	"time"
)

// plot draws how long the GPU was up with an empty lease: a histogram over
// periods, the count on a logarithmic axis.
func plot(m *sim) []byte {
	const (
		width, height  = 720, 360
		left, top      = 64, 48
		right, bottom  = 16, 56
		bin            = 10 * time.Second
		limit          = simLinger + janitorPeriod
		columns        = int(limit/bin) + 1
		plotW, plotH   = width - left - right, height - top - bottom
		colour, stroke = "#2a6f97", "#444"
	)
	counts, most := make([]int, columns), 1
	for _, p := range m.periods {
		n := min(int(p/bin), columns-1)
		counts[n]++
		most = max(most, counts[n])
	}
	span := 1.05 * math.Log10(float64(most)+1)
	y := func(n int) float64 { return top + plotH*(1-math.Log10(float64(n)+1)/span) }
	x := func(d time.Duration) float64 { return left + plotW*float64(d)/float64(bin*time.Duration(columns)) }

	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="20" font-size="14">GPU up with an empty lease: %d jobs, %d periods, longest %.0f s (limit %.0f s)</text>`+"\n",
		left, m.total, len(m.periods), m.worst().Seconds(), limit.Seconds())
	for n := 1; n <= most; n *= 10 {
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%d</text>`+"\n", left, y(n), width-right, left-6, y(n)+4, n)
	}
	for n, count := range counts {
		if count > 0 {
			from := x(time.Duration(n) * bin)
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n",
				from+0.5, y(count), x(bin)-left-1, top+plotH-y(count), colour)
		}
	}
	for s := time.Duration(0); s <= limit; s += time.Minute {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%.0f</text>`+"\n", x(s), top+plotH+18, s.Seconds())
	}
	for _, mark := range []struct {
		at   time.Duration
		name string
	}{{simLinger, "linger"}, {limit, "linger + janitor"}} {
		fmt.Fprintf(&b, `<path d="M%.1f %dV%d" stroke="%s" stroke-dasharray="4 3"/><text x="%.1f" y="%d" text-anchor="end" fill="%s">%s</text>`+"\n",
			x(mark.at), top, top+plotH, stroke, x(mark.at)-4, top+12, stroke, mark.name)
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">seconds up with nobody holding the lease</text>`+"\n", left+plotW/2, height-14)
	fmt.Fprintf(&b, `<text transform="translate(16 %d) rotate(-90)" text-anchor="middle">periods</text>`+"\n</svg>\n", top+plotH/2)
	return b.Bytes()
}
