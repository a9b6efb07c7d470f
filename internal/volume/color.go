package volume

import (
	"fmt"
	"math"
)

// ColorOf is a colour for a label that has none. It spreads hues: neighbouring ids
// differ by the golden angle, as seeds of a sunflower do, in six steps of a colour
// wheel at fixed lightness.
func ColorOf(id int64) string {
	hue := float64(id) * 0.6180339887498949
	hue = 6 * (hue - math.Floor(hue))
	const low, high = 90, 220
	sector, part := int(hue), hue-float64(int(hue))
	if sector%2 == 1 {
		part = 1 - part
	}
	middle := low + int(part*(high-low))
	wheel := [6][3]int{{high, middle, low}, {middle, high, low}, {low, high, middle}, {low, middle, high}, {middle, low, high}, {high, low, middle}}
	c := wheel[sector%6]
	return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2])
}
