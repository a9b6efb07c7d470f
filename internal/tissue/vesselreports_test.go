package tissue

import "math"

// arch is a tube of radius r along half a circle of radius R in the plane x = at, and
// down behind it.
func arch(at, y, z, R, r float64) func(spot) float64 {
	return func(p spot) float64 {
		x, dy, dz := p.x-at, p.y-y, p.z-z
		if dz < 0 {
			return r - math.Hypot(x, math.Abs(dy)-R)
		}
		return r - math.Hypot(x, math.Hypot(dy, dz)-R)
	}
}

// turnedOver is a scene seen from behind: an image stored the other way around.
func turnedOver(sc *scene) *scene {
	for n := range sc.solids {
		of := sc.solids[n].depth
		sc.solids[n].depth = func(p spot) float64 { return of(spot{p.x, -p.y, p.z}) }
	}
	return sc
}

// cutOff is a scene of which the field of view shows what lies from low on, along x.
func cutOff(sc *scene, shift float64) *scene {
	for n := range sc.solids {
		of := sc.solids[n].depth
		sc.solids[n].depth = func(p spot) float64 { return of(spot{p.x + shift, p.y, p.z}) }
	}
	sc.half[0] -= math.Abs(shift)
	return sc
}

// vesselReports are what people told of bone beside vessels, of metal and of bodies that
// the field of view cuts; the shares are as for reports.
var vesselReports = []report{
	{
		"growing from a vessel takes the spine along", "https://github.com/FAST-Imaging/FAST/issues/125",
		spine(boneOf{280, 900, 1.2}, solid{blood, column(6, 29, 12, 12, -1e3, 1e3), even(300)}),
		scanner{mm: 1.5, noise: 20, seed: 31}, 0.95, 0, 13, nil,
	},
	{
		"an artery in its hole through bone takes no bone away", "https://github.com/gzq17/Weakly-Supervised-by-MIP/issues/2",
		spine(boneOf{250, 900, 1.5}, solid{blood, rod(14, -22, 2.2), even(400)}, solid{blood, rod(-14, -22, 2.2), even(400)}),
		scanner{mm: 1, noise: 20, seed: 32}, 0.95, 0, 12, nil,
	},
	{
		"an aortic arch before the spine is one vessel and no bone", "https://github.com/wasserth/TotalSegmentator/issues/514",
		spine(boneOf{200, 800, 1.5}, solid{blood, arch(4, 41, 12, 13, 10), even(380)}),
		scanner{mm: 2, noise: 20, seed: 33}, 0.95, 0, 14, nil,
	},
	{
		"the edge of the field cuts a hip, not what is before it", "https://github.com/wasserth/TotalSegmentator/issues/220",
		cutOff(pelvisSide(boneOf{250, 900, 1.5}, solid{blood, ellipsoid(11, -8, 4, 26, 26, 26), even(300)}), -30),
		scanner{mm: 1.5, noise: 20, seed: 34}, 0.94, 0, 9, nil,
	},
	{
		"legs alone are bodies too", "https://github.com/wasserth/TotalSegmentator/issues/187",
		&scene{[3]float64{92, 50, 36}, []solid{
			{marrow, column(44, 0, 7, 7, -1e3, 1e3), even(-40)}, {marrow, column(-44, 0, 7, 7, -1e3, 1e3), even(-40)},
			{hard, column(44, 0, 13, 13, -1e3, 1e3), even(1300)}, {hard, column(-44, 0, 13, 13, -1e3, 1e3), even(1300)},
			{soft, column(44, 0, 34, 38, -1e3, 1e3), even(50)}, {soft, column(-44, 0, 34, 38, -1e3, 1e3), even(50)},
			{soft, column(44, 0, 43, 46, -1e3, 1e3), even(-100)}, {soft, column(-44, 0, 43, 46, -1e3, 1e3), even(-100)},
		}},
		scanner{mm: 1.5, noise: 20, seed: 35}, 0.95, 0, 5, nil,
	},
	{
		"vertebrae of a low dose, stored the other way around", "https://github.com/wasserth/TotalSegmentator/issues/144",
		turnedOver(spine(boneOf{220, 900, 1.5})),
		scanner{mm: 2, noise: 60, seed: 36}, 0.94, 0, 16, nil,
	},
	{
		"the lumen of an aneurysm in its clot beside a vertebra", "https://github.com/lassoan/SlicerSegmentEditorExtraEffects/issues/44",
		spine(boneOf{250, 900, 1.5},
			solid{blood, column(0, 34, 12, 10, -1e3, 1e3), even(340)}, solid{soft, column(0, 33, 22, 15, -1e3, 1e3), even(45)}),
		scanner{mm: 1.5, noise: 20, seed: 37}, 0.95, 0, 13, nil,
	},
	{
		"bone so loose that no threshold finds it", "https://github.com/invesalius/invesalius3/issues/152",
		// A tenth is lost: spongy bone of 120 HU that the canal opens is as loose as muscle.
		spine(boneOf{120, 500, 1.2}), scanner{mm: 1.5, noise: 20, seed: 38}, 0.9, 0, 12, nil,
	},
	{
		"vessels and bone of one density in one mask", "Computational Modeling in Biomedical Engineering, figure 3.6",
		thigh(boneOf{260, 1000, 1.5}, solid{blood, column(32, 0, 9, 9, -1e3, 1e3), even(270)}),
		scanner{mm: 1.5, noise: 20, seed: 39}, 0.95, 0, 8, nil,
	},
	{
		"a knee of metal is kept with its bone", "https://github.com/harshitAgr/AI-MAR-CT/pull/36",
		&scene{[3]float64{56, 52, 40}, append([]solid{
			{metal, without(ellipsoid(0, 0, 14, 30, 24, 16), ellipsoid(0, 0, 18, 27, 21, 15)), even(3071)},
			{metal, plate(0, 0, -10, 28, 20, 2), even(3071)}, {metal, rod(0, 0, 5), even(3071)},
			{hard, ellipsoid(0, 0, 18, 27, 21, 15), shelled(250, 900, 1.5)},
			{hard, column(0, 0, 26, 18, -1e3, -12), shelled(250, 900, 1.5)},
		}, flesh(55, 51)...)},
		scanner{mm: 1.5, noise: 25, seed: 40}, 0.95, 0.97, 12, []string{"metal"},
	},
}
