package scene

import (
	"math"
	"strconv"

	"github.com/iris-oculus/iris/internal/volume"
)

// RGB is an sRGB colour, 8 bits a channel.
type RGB [3]uint8

// Color is a label's colour. A label whose colour does not read "#rrggbb" gets one
// that follows from its number.
func Color(l volume.Label) RGB {
	if len(l.Color) == 7 && l.Color[0] == '#' {
		if n, err := strconv.ParseUint(l.Color[1:], 16, 32); err == nil {
			return RGB{uint8(n >> 16), uint8(n >> 8), uint8(n)}
		}
	}
	return numbered(l.ID)
}

// numbered makes a colour for a label's number. It steps around the circle of hues by
// the golden angle, so that labels with close numbers get distant hues.
func numbered(id int) RGB {
	const low, high = 90, 220
	hue := 6 * math.Mod(float64(id)*0.6180339887498949, 1)
	sector, part := int(hue), math.Mod(hue, 1)
	if sector%2 == 1 {
		part = 1 - part
	}
	middle := low + uint8(part*(high-low))
	return [6]RGB{{high, middle, low}, {middle, high, low}, {low, high, middle}, {low, middle, high}, {middle, low, high}, {high, low, middle}}[sector%6]
}

// Linear is the colour with the sRGB transfer curve undone (IEC 61966-2-1), as
// glTF and USD want it.
func (c RGB) Linear() [3]float64 {
	var out [3]float64
	for k, v := range c {
		if s := float64(v) / 255; s <= 0.04045 {
			out[k] = s / 12.92
		} else {
			out[k] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return out
}

// Hex is the colour as "#RRGGBB".
func (c RGB) Hex() string {
	const digits = "0123456789ABCDEF"
	out := []byte{'#'}
	for _, v := range c {
		out = append(out, digits[v>>4], digits[v&15])
	}
	return string(out)
}
