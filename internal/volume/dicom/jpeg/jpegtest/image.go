package jpegtest

import (
	"math"
	"math/rand/v2"
)

// Kinds are the names of the images that Picture makes.
var Kinds = []string{"smooth", "noise", "ramp", "zero", "full", "extremes", "steps"}

// Picture makes an image of a kind: a body with organs and noise as on CT, noise, a ramp
// of every value, a constant, the two extremes side by side, and flat areas.
func Picture(kind string, columns, rows, precision int) Image {
	m := Image{Columns: columns, Rows: rows, Precision: precision, Samples: make([]uint16, columns*rows)}
	r := rand.New(rand.NewPCG(uint64(columns), uint64(rows)))
	top := float64(uint32(1)<<precision - 1)
	for i := range m.Samples {
		x, y := i%columns, i/columns
		var v float64
		switch kind {
		case "smooth":
			v = top * body(float64(x)/float64(columns), float64(y)/float64(rows))
			v += r.NormFloat64() * top / 300
		case "noise":
			v = r.Float64() * (top + 1)
		case "ramp":
			v = math.Mod(float64(i), top+1)
		case "full":
			v = top
		case "extremes":
			v = top * float64(r.IntN(2))
		case "steps":
			v = top * float64((x/5+y/3)%4) / 3
		}
		m.Samples[i] = uint16(max(0, min(top, math.Floor(v))))
	}
	return m
}

// body is a section of a body in a unit square, as a part of the highest value.
func body(x, y float64) float64 {
	in := func(cx, cy, rx, ry float64) bool { return math.Hypot((x-cx)/rx, (y-cy)/ry) < 1 }
	switch {
	case !in(.5, .5, .45, .33):
		return .01
	case in(.5, .7, .06, .06):
		return .55 + .1*math.Sin(40*x)
	case in(.3, .45, .15, .2), in(.7, .45, .15, .2):
		return .06
	case !in(.5, .5, .42, .3):
		return .22
	}
	return .26 + .02*math.Sin(9*x)*math.Cos(7*y)
}

// Bytes are the samples as Decode writes them, words of 8, 16 or 32 bits, shifted up by
// what a point transform leaves.
func (m Image) Bytes(bits, point int) []byte {
	out := make([]byte, 0, len(m.Samples)*bits/8)
	for _, v := range m.Samples {
		v = v >> point << point
		out = append(out, byte(v))
		for n := 8; n < bits; n += 8 {
			out = append(out, byte(v>>8))
			v = 0
		}
	}
	return out
}
