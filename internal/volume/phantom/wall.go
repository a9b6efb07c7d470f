package phantom

import "math"

// Densities in HU.
const (
	air        = -1000
	lungHU     = -850
	fatHU      = -100
	skinHU     = 20
	muscleHU   = 55
	cortexHU   = 650
	marrowHU   = 230
	bloodHU    = 45
	waterHU    = 10
	gasHU      = -950
	foamHU     = -930
	tableHU    = -80
	tableRimHU = 120
)

// Thickness of the body wall in mm, from the skin inwards.
const (
	skinMM   = 2.2
	fatMM    = 12
	muscleMM = 16
	wallMM   = skinMM + fatMM + muscleMM
)

// outlinePower makes the trunk's cross-section a little squarer than an ellipse.
const outlinePower = 2.4

// profile is half the width and half the depth of the trunk at heights in mm.
var profile = []struct{ z, width, depth float64 }{
	{-200, 168, 108}, {-110, 152, 104}, {-20, 158, 110}, {70, 166, 112}, {125, 158, 104}, {160, 118, 88}, {185, 74, 70}, {230, 62, 62},
}

// trunk is half the width and depth at height z.
func trunk(z float64) (width, depth float64) {
	last := len(profile) - 1
	if z <= profile[0].z {
		return profile[0].width, profile[0].depth
	}
	for n := range last {
		p, q := profile[n], profile[n+1]
		if z < q.z {
			f := (z - p.z) / (q.z - p.z)
			f = f * f * (3 - 2*f)
			return p.width + f*(q.width-p.width), p.depth + f*(q.depth-p.depth)
		}
	}
	return profile[last].width, profile[last].depth
}

// depth is how far p lies within the skin of a trunk of that width and depth, in
// mm along the ray from the axis; negative outside.
func depth(p point, width, deep float64) float64 {
	return within(p, squareness(p[0], width)+squareness(p[1], deep))
}

// squareness is one axis's part of the outline's equation: the parts of x and y
// sum to 1 on the skin.
func squareness(at, half float64) float64 {
	return math.Pow(math.Abs(at)/half, outlinePower)
}

// within is depth from the sum of the squarenesses.
func within(p point, sum float64) float64 {
	if sum == 0 {
		return math.Inf(1)
	}
	return math.Hypot(p[0], p[1]) * (math.Pow(sum, -1/outlinePower) - 1)
}

// Ribs: height of one rib and its gap, how much they fall to the front, and the
// span of heights that they cover at the back.
const (
	ribPitch = 25
	ribFall  = 0.32
	ribsLow  = -40
	ribsHigh = 150
)

// wall is the density of the trunk at a depth below the skin: skin, fat, muscle
// with ribs and breastbone in it, and inside it the fat between the organs.
func wall(p point, below float64) float64 {
	// The belly carries more fat in front and at the flanks.
	fat := fatMM + 8*smooth(-40, -120, p[2])*smooth(-60, 0, p[1])
	switch {
	case below < skinMM:
		return skinHU
	case below < skinMM+fat:
		return fatHU
	case below < skinMM+fat+muscleMM:
		if hu, ok := bone(p, below-skinMM-fat); ok {
			return hu
		}
		return muscleHU
	}
	return fatHU
}

// bone is the rib or breastbone at p, deep mm below the fat.
func bone(p point, deep float64) (float64, bool) {
	if math.Abs(p[0]) < 17 && p[1] > 0 && p[2] > 0 && p[2] < 125 { // breastbone
		return shell(math.Max(math.Abs(deep-7)/5, math.Abs(p[0])/17), 0.7)
	}
	height := p[2] + ribFall*p[1]
	if height < ribsLow || height > ribsHigh || (math.Abs(p[0]) < 26 && p[1] < 0) {
		return 0, false
	}
	at := height - ribPitch*math.Round(height/ribPitch)
	return shell(math.Hypot(at/6.5, (deep-8)/4.8), 0.62)
}

// shell is compact bone around spongy bone: r is 1 at the surface, core where
// the spongy bone begins.
func shell(r, core float64) (float64, bool) {
	switch {
	case r > 1:
		return 0, false
	case r > core:
		return cortexHU, true
	}
	return marrowHU, true
}

// smooth rises from 0 at a to 1 at b, which may lie below a.
func smooth(a, b, v float64) float64 {
	f := max(0, min(1, (v-a)/(b-a)))
	return f * f * (3 - 2*f)
}
