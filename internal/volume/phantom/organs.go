package phantom

import "math"

// carina is where the windpipe divides; the hila are where the bronchi end.
var (
	carina = point{0, -20, 72}
	hilumR = point{40, -22, 42}
	hilumL = point{-44, -24, 36}
)

// Radii of the airways in mm and their wall.
const (
	tracheaMM  = 8.5
	bronchusMM = 6.5
	airwayWall = 2.2
)

// organs are the solids within the trunk, in the order in which they are painted;
// heart and vessels have the density blood.
func organs(blood float64) []shape {
	var list []shape
	list = append(list, abdomen()...)
	list = append(list, mediastinum()...)
	for _, side := range []float64{1, -1} {
		list = append(list, lung(side))
		list = append(list, vessels(side, blood)...)
	}
	list = append(list, greatVessels(blood)...)
	list = append(list, heart(blood)...)
	list = append(list, spine()...)
	return append(list, airways()...)
}

// lung on the given side (1 right): an ellipsoid that follows the ribs, stands
// on the diaphragm's dome and leaves the middle free.
func lung(side float64) shape {
	return clipped{
		ellipsoid{centre: point{74 * side, -4, 52}, radii: point{66, 88, 112}, hu: lungHU},
		func(p point) bool {
			width, deep := trunk(p[2])
			dome := -38 + 46*(1-sq((p[0]-70*side)/75)-sq((p[1]-5)/95))
			return p[2] > dome && p[0]*side > 19 && depth(p, width, deep) > wallMM+2
		}}
}

func sq(v float64) float64 { return v * v }

// vessels fan out of a hilum into the lung.
func vessels(side, blood float64) []shape {
	hilum := hilumR
	if side < 0 {
		hilum = hilumL
	}
	var list []shape
	for n := range 9 {
		turn := float64(n) * 2 * math.Pi / 9
		reach := 34 + 9*float64(n%3)
		to := point{hilum[0] + side*(18+6*float64(n%2)), hilum[1] + 1.1*reach*math.Cos(turn), hilum[2] + 1.3*reach*math.Sin(turn)}
		list = append(list, clipped{
			tube{from: hilum, to: to, r0: 3.4, r1: 1.4, hu: blood},
			func(p point) bool { _, in := lung(side).at(p); return in }})
	}
	return list
}

// heart is blood and muscle in a sleeve of fat. Its apex points to the patient's left.
func heart(blood float64) []shape {
	return []shape{
		ellipsoid{centre: point{-16, 24, 14}, radii: point{54, 44, 50}, hu: blood, rim: 4, rimHU: fatHU},
		ellipsoid{centre: point{-40, 30, -2}, radii: point{30, 30, 32}, hu: blood + 5},
	}
}

// greatVessels lie beside the lungs, which leave room for them.
func greatVessels(blood float64) []shape {
	return []shape{
		tube{from: point{-20, -36, 100}, to: point{-20, -36, -230}, r0: 12, r1: 9, hu: blood}, // descending aorta
		tube{from: point{12, 6, 40}, to: point{4, 2, 105}, r0: 15, r1: 14, hu: blood},         // ascending aorta
		tube{from: point{4, 2, 105}, to: point{-20, -36, 100}, r0: 13, r1: 12, hu: blood},     // arch
		tube{from: point{22, -16, -230}, to: point{24, 4, 30}, r0: 11, r1: 11, hu: blood},     // lower vena cava
	}
}

// mediastinum is the tissue between the lungs, with gullet and muscles.
func mediastinum() []shape {
	return []shape{
		ellipsoid{centre: point{0, -8, 95}, radii: point{34, 44, 110}, hu: 25},
		tube{from: point{-6, -42, 190}, to: point{-8, -40, -30}, r0: 6, r1: 6, hu: 35},               // gullet
		tube{from: point{30, -58, -230}, to: point{34, -58, -60}, r0: 19, r1: 12, hu: muscleHU},      // psoas
		tube{from: point{-30, -58, -230}, to: point{-34, -58, -60}, r0: 19, r1: 12, hu: muscleHU},    // psoas
		tube{from: point{32, -84, -230}, to: point{32, -80, 180}, r0: 20, r1: 14, hu: muscleHU},      // back muscles
		tube{from: point{-32, -84, -230}, to: point{-32, -80, 180}, r0: 20, r1: 14, hu: muscleHU},    // back muscles
		ellipsoid{centre: point{0, -4, 215}, radii: point{48, 46, 52}, hu: muscleHU},                 // neck
		clipped{ellipsoid{centre: point{0, 0, 175}, radii: point{118, 60, 34}, hu: muscleHU}, under}, // shoulders
	}
}

// under keeps a solid below the skin and fat.
func under(p point) bool {
	width, deep := trunk(p[2])
	return depth(p, width, deep) > skinMM+fatMM
}

// abdomen holds liver, spleen, kidneys, a stomach with an air bubble, and bowel.
func abdomen() []shape {
	inside := func(p point) bool {
		width, deep := trunk(p[2])
		return depth(p, width, deep) > wallMM+1
	}
	list := []shape{
		clipped{ellipsoid{centre: point{62, 8, -52}, radii: point{82, 78, 72}, hu: 60}, inside},
		clipped{ellipsoid{centre: point{-60, 14, -40}, radii: point{52, 56, 52}, hu: 30}, inside},
		ellipsoid{centre: point{-56, 20, -58}, radii: point{36, 34, 34}, hu: waterHU, rim: 4, rimHU: 40},
		ellipsoid{centre: point{-56, 36, -52}, radii: point{22, 14, 20}, hu: gasHU},
		clipped{ellipsoid{centre: point{-88, -36, -62}, radii: point{30, 40, 46}, hu: 52}, inside},
	}
	for _, side := range []float64{1, -1} {
		list = append(list, ellipsoid{centre: point{62 * side, -48, -118}, radii: point{26, 24, 50}, hu: 35})
	}
	for n := range 12 { // loops of bowel, every third with gas
		turn := float64(n) * 2 * math.Pi / 12
		centre := point{64 * math.Cos(turn), 22 + 30*math.Sin(turn), -165 + 10*math.Sin(3*turn)}
		list = append(list, clipped{ellipsoid{centre: centre, radii: point{22, 20, 24}, hu: 30}, inside})
		if n%3 == 0 {
			list = append(list, clipped{ellipsoid{centre: centre, radii: point{11, 9, 12}, hu: gasHU}, inside})
		}
	}
	return list
}

// Vertebrae: height of one with its disc.
const (
	vertebraPitch = 31
	discMM        = 7
)

// spine has vertebral bodies and discs in front of the canal, arches, spinous and
// transverse processes. It reaches from one end of the scan to the other.
func spine() []shape {
	canal := func(p point) bool { return math.Hypot(p[0], p[1]+76) > 8.5 }
	// One rod of disc; the bodies painted over it leave the discs between them.
	list := []shape{tube{from: point{0, -52, -300}, to: point{0, -52, 300}, r0: 17, r1: 17, hu: 85}}
	for n := -8; n <= 8; n++ {
		z := float64(n) * vertebraPitch
		list = append(list,
			body(z),
			clipped{ellipsoid{centre: point{0, -76, z}, radii: point{15, 15, 13}, hu: cortexHU - 150}, canal},
			tube{from: point{0, -86, z}, to: point{0, -94, z - 10}, r0: 4, r1: 4, hu: cortexHU - 150},
			tube{from: point{13, -74, z}, to: point{34, -82, z}, r0: 5, r1: 4, hu: cortexHU - 200},
			tube{from: point{-13, -74, z}, to: point{-34, -82, z}, r0: 5, r1: 4, hu: cortexHU - 200})
	}
	return append(list, tube{from: point{0, -76, -300}, to: point{0, -76, 300}, r0: 6, r1: 6, hu: 35})
}

// body is one vertebral body: a barrel of spongy bone in a compact shell.
func body(z float64) shape {
	const half = (vertebraPitch - discMM) / 2.0
	return clipped{
		ellipsoid{centre: point{0, -52, z}, radii: point{22, 17, 60}, hu: marrowHU, rim: 2, rimHU: cortexHU},
		func(p point) bool { return math.Abs(p[2]-z) < half }}
}

// airways are windpipe and main bronchi. All walls are painted before any lumen, so
// that no wall closes a lumen where two tubes meet.
func airways() []shape {
	top := point{0, -20, 260}
	tubes := []tube{
		{from: top, to: carina, r0: tracheaMM, r1: tracheaMM},
		{from: carina, to: hilumR, r0: bronchusMM, r1: bronchusMM},
		{from: carina, to: hilumL, r0: bronchusMM, r1: bronchusMM - 0.5},
	}
	var list []shape
	for _, lumen := range []bool{false, true} {
		for _, t := range tubes {
			t.hu, t.wall, t.wallHU, t.lumenAlone = -990, airwayWall, 20, lumen
			list = append(list, t)
		}
	}
	return list
}
