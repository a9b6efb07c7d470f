package picture

import (
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
)

// Light is a colour in linear light, 0…1 a channel.
type light [3]float32

func linear(c scene.RGB) light {
	l := c.Linear()
	return light{float32(l[0]), float32(l[1]), float32(l[2])}
}

func (l light) scaled(by float32) light { return light{l[0] * by, l[1] * by, l[2] * by} }

// over mixes l, as a layer with an opacity, with the light below it.
func (l light) over(below light, opacity float32) light {
	for k := range l {
		l[k] = opacity*l[k] + (1-opacity)*below[k]
	}
	return l
}

// sRGB encodes in steps fine enough for every one of the 256 codes: the steepest
// part of the curve, 12.92 × 255 codes over the unit, needs 3,295.
var sRGB = func() (table [4096]uint8) {
	for i := range table {
		x := float64(i) / float64(len(table)-1)
		if x <= 0.0031308 {
			x *= 12.92
		} else {
			x = 1.055*math.Pow(x, 1/2.4) - 0.055
		}
		table[i] = uint8(255*x + 0.5)
	}
	return table
}()

func (l light) encode() color.NRGBA {
	var c [3]uint8
	for k, x := range l {
		c[k] = sRGB[int(min(max(x, 0), 1)*float32(len(sRGB)-1)+0.5)]
	}
	return color.NRGBA{R: c[0], G: c[1], B: c[2], A: 255}
}

// Colours of both pictures.
var (
	background = linear(scene.RGB{0x14, 0x18, 0x1e})
	ink        = linear(scene.RGB{0x8a, 0x94, 0xa3})
)

// newCanvas is an image filled with the background.
func newCanvas(width, height int) *image.NRGBA {
	canvas := image.NewNRGBA(image.Rect(0, 0, width, height))
	fill := background.encode()
	for y := range height {
		for x := range width {
			canvas.SetNRGBA(x, y, fill)
		}
	}
	return canvas
}

func encode(w io.Writer, canvas *image.NRGBA) error { return png.Encode(w, canvas) }

// glyphs are the capital letters of the captions, drawn in 5×7 dots. Each element is
// one row, with the leftmost dot in bit 4.
var glyphs = map[rune][7]uint8{
	'A': {14, 17, 17, 31, 17, 17, 17},
	'C': {14, 17, 16, 16, 16, 17, 14},
	'E': {31, 16, 16, 30, 16, 16, 31},
	'F': {31, 16, 16, 30, 16, 16, 16},
	'G': {14, 17, 16, 23, 17, 17, 15},
	'I': {14, 4, 4, 4, 4, 4, 14},
	'L': {16, 16, 16, 16, 16, 16, 31},
	'N': {17, 25, 21, 19, 17, 17, 17},
	'O': {14, 17, 17, 17, 17, 17, 14},
	'P': {30, 17, 17, 30, 16, 16, 16},
	'R': {30, 17, 17, 30, 20, 18, 17},
	'S': {15, 16, 16, 14, 1, 1, 30},
	'T': {31, 4, 4, 4, 4, 4, 4},
	'X': {17, 10, 4, 4, 4, 10, 17},
}

// Sizes of captions in pixels.
const (
	dot       = 2
	letter    = 6 * dot // width with the space after it
	capHeight = 7 * dot
)

// caption writes text centred at x, its top at y.
func caption(canvas *image.NRGBA, text string, x, y int) {
	x -= (letter*len(text) - dot) / 2
	fill := ink.encode()
	for i, r := range text {
		for row, bits := range glyphs[r] {
			for column := range 5 {
				if bits>>(4-column)&1 == 0 {
					continue
				}
				for d := range dot * dot {
					canvas.SetNRGBA(x+i*letter+column*dot+d%dot, y+row*dot+d/dot, fill)
				}
			}
		}
	}
}
