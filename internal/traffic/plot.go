package traffic

import (
	"bytes"
	"fmt"
	"math"
)

// colours are told apart by people who see few colours, and the lines differ in dashes, too.
var (
	colours = []string{"#8c2d04", "#2171b5", "#6baed6", "#08306b", "#41ab5d", "#006d2c", "#6a51a3", "#636363"}
	dashes  = []string{"6 3", "", "2 2", "", "8 2", "4 4", "1 3", "10 4"}
)

// Plot draws the rows of one pattern: above the GPU's cost of a scan, below the mean wait,
// both over the scans a month, all axes logarithmic.
func Plot(rows []Row, usdPerHour float64, title string) []byte {
	const (
		width, panel     = 760, 300
		left, right, top = 64, 250, 44
		gap              = 56
		plotW            = width - left - right
		height           = top + 2*panel + gap + 48
	)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12" role="img" aria-label="%s">`+"\n", width, height, title)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/><text x="%d" y="22" font-size="14">%s</text>`+"\n", width, height, left, title)
	low, high := math.Log10(rows[0].PerMonth), math.Log10(rows[len(rows)-1].PerMonth)
	x := func(n float64) float64 { return left + plotW*(math.Log10(n)-low)/(high-low) }
	for _, p := range []struct {
		from, to float64
		marks    []float64
		name     string
		of       func(Outcome) float64
		y        float64
	}{
		{0.01, 3, []float64{0.01, 0.03, 0.1, 0.3, 1, 3}, "USD of GPU a scan", func(o Outcome) float64 { return o.PerScan(usdPerHour) }, top},
		{1, 1000, []float64{1, 3, 10, 30, 100, 300, 1000}, "seconds until the GPU begins, mean", func(o Outcome) float64 { return o.MeanWait.Seconds() }, top + panel + gap},
	} {
		y := func(v float64) float64 {
			v = math.Min(math.Max(v, p.from), p.to)
			return p.y + panel*(1-(math.Log10(v)-math.Log10(p.from))/(math.Log10(p.to)-math.Log10(p.from)))
		}
		for _, m := range p.marks {
			fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", left, y(m), left+plotW, left-6, y(m)+4, m)
		}
		fmt.Fprintf(&b, `<text transform="translate(16 %.0f) rotate(-90)" text-anchor="middle">%s</text>`+"\n", p.y+panel/2, p.name)
		for i, policy := range Compared() {
			path := ""
			for n, r := range rows {
				command := "L"
				if n == 0 {
					command = "M"
				}
				path += fmt.Sprintf("%s%.1f %.1f", command, x(r.PerMonth), y(p.of(r.Outcomes[i])))
			}
			fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`+"\n", path, colours[i], dashes[i])
			if p.y == top {
				at := float64(top + 14 + 20*i)
				fmt.Fprintf(&b, `<path d="M%d %.0fh28" stroke="%s" stroke-width="2" stroke-dasharray="%s"/><text x="%d" y="%.0f">%s</text>`+"\n", left+plotW+12, at-4, colours[i], dashes[i], left+plotW+46, at, policy.Name)
			}
		}
		for _, r := range rows {
			fmt.Fprintf(&b, `<text x="%.1f" y="%.0f" text-anchor="middle">%g</text>`+"\n", x(r.PerMonth), p.y+panel+16, r.PerMonth)
		}
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">scans a month, which come at any time</text>`+"\n</svg>\n", left+plotW/2, height-10)
	return b.Bytes()
}
