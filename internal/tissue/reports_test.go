package tissue

import (
	"math"
	"slices"
	"testing"
)

// rod is a round rod along z at (x, y).
func rod(x, y, r float64) func(spot) float64 {
	return func(p spot) float64 { return r - math.Hypot(p.x-x, p.y-y) }
}

// ball3 is a ball around (x, y, z).
func ball3(x, y, z, r float64) func(spot) float64 {
	return func(p spot) float64 { return r - math.Sqrt((p.x-x)*(p.x-x)+(p.y-y)*(p.y-y)+(p.z-z)*(p.z-z)) }
}

// without is a solid less another.
func without(a, b func(spot) float64) func(spot) float64 {
	return func(p spot) float64 { return min(a(p), -b(p)) }
}

// dryRing is the wall of a skull between two radii, with a gap through which the air
// inside is that of the room.
func dryRing(outer, inner float64) func(spot) float64 {
	return without(without(column(0, 0, outer, outer, -1e3, 1e3), column(0, 0, inner, inner, -1e3, 1e3)), plate(72, 30, 0, 16, 8, 90))
}

// report is an input that people told another tool's authors about, made anew: at least
// most of the bone and the metal is found, and little else.
type report struct {
	name, source string
	scene        *scene
	by           scanner
	bone, metal  float64 // least shares that are bone
	otherML      float64 // most ml of what is neither
	warns        []string
}

var reports = []report{
	{
		"a sacrum whose marrow is fat has no hole", "https://github.com/wasserth/TotalSegmentator/issues/249",
		&scene{[3]float64{56, 48, 40}, append([]solid{
			{hard, ellipsoid(0, 0, 0, 40, 14, 30), shelled(-20, 700, 1.5)},
		}, flesh(55, 47)...)},
		scanner{mm: 1.5, noise: 20, seed: 11}, 0.95, 0, 4, nil,
	},
	{
		"the thin fossa of a shoulder blade is kept", "https://github.com/wasserth/TotalSegmentator/issues/317",
		&scene{[3]float64{56, 48, 40}, append([]solid{
			{hard, plate(0, 0, 0, 36, 0.9, 30), even(900)}, {hard, plate(0, 0, 30, 36, 4, 4), shelled(250, 900, 1.5)},
		}, flesh(55, 47)...)},
		scanner{mm: 1, noise: 20, seed: 12}, 0.95, 0, 3, nil,
	},
	{
		"rods and screws of a spine are kept with its vertebrae", "https://github.com/wasserth/TotalSegmentator/issues/489",
		spine(boneOf{250, 900, 1.5},
			solid{metal, rod(14, -34, 2.5), even(3071)}, solid{metal, rod(-14, -34, 2.5), even(3071)},
			solid{metal, plate(14, -12, -18, 2, 22, 2), even(3071)}, solid{metal, plate(-14, -12, -18, 2, 22, 2), even(3071)}),
		scanner{mm: 1.5, noise: 20, seed: 13}, 0.95, 0.97, 12, []string{"metal"},
	},
	{
		"a vertebra is more than its outer ring", "https://github.com/arcadelab/deepdrr/issues/10",
		&scene{[3]float64{48, 44, 36}, append([]solid{
			{hard, column(0, 0, 22, 16, -14, 14), shelled(150, 600, 1.2)},
		}, flesh(47, 43)...)},
		scanner{mm: 1.5, noise: 20, seed: 14}, 0.95, 0, 4, nil,
	},
	{
		"bone of more than 1,500 HU is bone", "https://github.com/dave3d/dicom2stl/issues/36",
		thigh(boneOf{300, 1900, 3}), scanner{mm: 1.5, noise: 20, seed: 15}, 0.97, 0, 7, nil,
	},
	{
		"a tooth's enamel is bone and no metal", "https://github.com/dave3d/dicom2stl/issues/16",
		&scene{[3]float64{40, 40, 30}, append([]solid{
			{hard, ellipsoid(0, 20, 4, 5, 5, 9), shelled(1400, 2300, 1.2)},
			{hard, ellipsoid(0, 12, -8, 24, 16, 9), shelled(300, 1200, 2)},
		}, flesh(39, 39)...)},
		scanner{mm: 0.7, noise: 30, seed: 16}, 0.95, 0, 3, nil,
	},
	{
		"a plate over a cut through a jaw", "https://github.com/DCBIA-OrthoLab/SlicerAutomatedDentalTools/issues/73",
		&scene{[3]float64{48, 44, 30}, append([]solid{
			{metal, plate(0, 12.5, 0, 16, 1, 3), even(3071)},
			{hard, without(plate(0, 2, 0, 30, 9, 12), plate(0, 0, 0, 1.5, 40, 40)), shelled(300, 1200, 2)},
		}, flesh(47, 43)...)},
		scanner{mm: 1, noise: 25, seed: 17}, 0.95, 0.97, 5, []string{"metal"},
	},
	{
		"tubes beside the body are no bone", "https://kitware.com/3d-printing-the-visible-human-skull",
		&scene{[3]float64{80, 64, 36}, append([]solid{
			{blood, without(rod(66, 0, 6), rod(66, 0, 4)), even(800)}, {blood, without(rod(-66, 0, 6), rod(-66, 0, 4)), even(800)},
			{hard, without(ellipsoid(0, 0, 0, 46, 48, 90), ellipsoid(0, 0, 0, 40, 42, 84)), even(900)},
		}, flesh(58, 60)...)},
		scanner{mm: 1.5, noise: 20, seed: 18}, 0.95, 0, 5, nil,
	},
	{
		"a dry jaw is what was scanned, balls of steel beside it are marks", "https://pmc.ncbi.nlm.nih.gov/articles/PMC7393875",
		&scene{[3]float64{60, 60, 30}, []solid{
			{metal, ball3(20, 52, 0, 5), even(3071)}, {metal, ball3(-20, 52, 0, 5), even(3071)},
			{hard, without(without(ellipsoid(0, 0, 0, 50, 46, 80), ellipsoid(0, -4, 0, 38, 34, 80)), plate(0, -50, 0, 60, 44, 60)), shelled(300, 1200, 2)},
		}},
		scanner{mm: 1, noise: 20, seed: 19}, 0.95, 0, 6, nil,
	},
	{
		"streaks of metal in the air before the face are no bone", "https://doi.org/10.1186/s41205-017-0013-4",
		&scene{[3]float64{70, 70, 24}, append([]solid{
			{metal, ball3(12, 34, 0, 4), even(3071)},
			{hard, ellipsoid(0, 20, 0, 30, 18, 12), shelled(300, 1200, 2)},
			{blood, func(p spot) float64 { // bright fans that end in the air
				return min(1.2-math.Abs(math.Mod(math.Abs(p.x-12)+200, 14)-7), 68-p.y, p.y-57, 3-math.Abs(p.z))
			}, even(420)},
		}, flesh(52, 56)...)},
		scanner{mm: 1, noise: 20, seed: 20}, 0.95, 0.9, 6, []string{"metal"},
	},
	{
		"a dry skull around a plastic block", "o-ct-philips-tilt-p16 of neurolabusc/dcm_qa_ct",
		&scene{[3]float64{84, 84, 20}, []solid{
			{hard, dryRing(74, 70), even(1100)},
			{soft, dryRing(75.2, 68.8), even(100)}, // the blur of a smooth kernel
			{soft, plate(0, -56, 0, 30, 12, 90), even(100)},
		}},
		scanner{mm: 1, noise: 15, seed: 21}, 0.95, 0, 8, nil,
	},
}

func TestPublicReports(t *testing.T) {
	for _, c := range slices.Concat(reports, vesselReports) {
		t.Run(c.name, func(t *testing.T) {
			s := c.scene.see(c.by)
			m := segment(t, s.Volume)
			f := s.found(m)
			t.Logf("%.1f of %.1f ml of bone, %.1f of %.1f ml of metal, %.1f ml of other things", f[hard], s.ml(hard), f[metal], s.ml(metal), f[soft]+f[blood])
			if f[hard] < c.bone*s.ml(hard) {
				t.Errorf("%.1f of %.1f ml of bone are bone", f[hard], s.ml(hard))
			}
			if f[metal] < c.metal*s.ml(metal) {
				t.Errorf("%.1f of %.1f ml of metal are bone", f[metal], s.ml(metal))
			}
			if got := f[soft] + f[blood]; got > c.otherML {
				t.Errorf("%.1f ml of other things are bone, %.1f of them contrast medium or things beside the body", got, f[blood])
			}
			if got := codes(m.Table.Warnings); !slices.Equal(got, c.warns) {
				t.Errorf("warnings %v: want %v", got, c.warns)
			}
		})
	}
}
