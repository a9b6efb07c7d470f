package object

import (
	"math"
	"strconv"
)

// Lab is an sRGB colour "#rrggbb" as DICOM recommends colours (PS3.3 C.10.7.1.1): CIELab
// of the white D65, L* of 0 to 100 and a*, b* of -128 to 127, each on 0 to 65,535. Grey
// for what is no colour.
func Lab(color string) [3]int {
	var rgb [3]float64
	for i, v := range RGB(color) {
		rgb[i] = float64(v) / 255
	}
	for i, v := range rgb { // to linear light, IEC 61966-2-1
		if v > 0.04045 {
			rgb[i] = math.Pow((v+0.055)/1.055, 2.4)
		} else {
			rgb[i] = v / 12.92
		}
	}
	root := func(white, r, g, b float64) float64 {
		t := (float64(r*rgb[0]) + float64(g*rgb[1]) + float64(b*rgb[2])) / white
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x, y, z := root(0.95047, 0.4124, 0.3576, 0.1805), root(1, 0.2126, 0.7152, 0.0722), root(1.08883, 0.0193, 0.1192, 0.9505)
	scaled := func(v, low, high float64) int {
		return int(math.Round(65535 * (math.Max(low, math.Min(high, v)) - low) / (high - low)))
	}
	return [3]int{scaled(116*y-16, 0, 100), scaled(500*(x-y), -128, 127), scaled(200*(y-z), -128, 127)}
}

// RGB is an sRGB colour "#rrggbb", each part of 0 to 255; grey for what is no colour.
func RGB(color string) [3]int {
	if len(color) == 7 && color[0] == '#' {
		if n, err := strconv.ParseUint(color[1:], 16, 32); err == nil {
			return [3]int{int(n >> 16), int(n >> 8 & 255), int(n & 255)}
		}
	}
	return [3]int{128, 128, 128}
}
