package nrrd

import (
	"math"
	"strconv"
	"strings"

	"github.com/iris-oculus/iris/internal/volume"
)

// spaces are the signs that bring a space's axes to right, anterior, superior.
var spaces = map[string][3]float64{
	"right-anterior-superior": {1, 1, 1}, "ras": {1, 1, 1},
	"left-posterior-superior": {-1, -1, 1}, "lps": {-1, -1, 1},
	"left-anterior-superior": {-1, 1, 1}, "las": {-1, 1, 1},
}

// units are the lengths of space units in mm.
var units = map[string]float64{"mm": 1, "millimeter": 1, "": 1, "cm": 10, "m": 1000, "um": 1e-3, "µm": 1e-3, "micron": 1e-3}

// parseSpace makes the affine: the directions are its columns, and the space origin is
// the centre of the first voxel, however the axes are centred (NRRD's definition).
func (h *header) parseSpace(have map[string]string) error {
	signs, known := spaces[strings.ToLower(have["space"])]
	if !known {
		return volume.Reject("missing_orientation", "the header's space is none of left-posterior-superior, right-anterior-superior and left-anterior-superior: the file does not say which side is left")
	}
	if have["space directions"] == "" {
		return volume.Reject("missing_orientation", "the header has no space directions: the file does not say which side is left")
	}
	directions, ok := vectors(have["space directions"])
	if ok && len(directions) == 4 && directions[0].none() { // the axis of layers
		directions = directions[1:]
	}
	if !ok || len(directions) != 3 {
		return volume.Reject("bad_header", "the header's space directions are not one vector of three numbers for each of its axes in space")
	}
	unit, known := unitOf(have["space units"])
	if !known {
		return volume.Reject("bad_header", "the header's space units are not one unit of length for all axes: want mm")
	}
	origin := vector{}
	if have["space origin"] == "" {
		h.warnings = append(h.warnings, volume.Warning{Code: "missing_origin",
			Message: "the file does not say where its first voxel lies: shapes and sizes are right, the place in the scanner is not known"})
	} else if o, ok := vectors(have["space origin"]); ok && len(o) == 1 {
		origin = o[0]
	} else {
		return volume.Reject("bad_header", "the header's space origin is not one vector of three numbers")
	}
	for r := range 3 {
		for c := range 3 {
			h.affine[r][c] = signs[r]*unit*directions[c][r] + 0 // no negative zeros
		}
		h.affine[r][3] = signs[r]*unit*origin[r] + 0
	}
	if err := h.affine.Check(); err != nil {
		return err
	}
	if skew := h.affine.Skew(); skew > volume.MaxSkew {
		return volume.Reject("non_orthogonal_affine", "the voxel axes are sheared by %.2g: want right angles within %g", skew, volume.MaxSkew)
	}
	return nil
}

// unitOf is the length in mm of the one unit of all axes.
func unitOf(text string) (mm float64, known bool) {
	names := strings.Fields(strings.ToLower(strings.ReplaceAll(text, `"`, " ")))
	if len(names) == 0 {
		return 1, true
	}
	for _, n := range names {
		if n != names[0] {
			return 0, false
		}
	}
	mm, known = units[names[0]]
	return mm, known
}

// vector is a direction or a place.
type vector [3]float64

// none says that an axis has no direction.
func (v vector) none() bool { return math.IsNaN(v[0]) && math.IsNaN(v[1]) && math.IsNaN(v[2]) }

// vectors reads "none (1,0,0) (0,1,0)", at most four of them. An axis without a
// direction is NaN three times, as pynrrd writes it, too.
func vectors(text string) (all []vector, ok bool) {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		if len(all) == 4 {
			return nil, false
		}
		if rest, none := strings.CutPrefix(text, "none"); none {
			all, text = append(all, vector{math.NaN(), math.NaN(), math.NaN()}), rest
			continue
		}
		inside, rest, closed := strings.Cut(text, ")")
		inside, opened := strings.CutPrefix(inside, "(")
		parts := strings.Split(inside, ",")
		if !opened || !closed || len(parts) != 3 {
			return nil, false
		}
		var v vector
		for i, p := range parts {
			var err error
			if v[i], err = strconv.ParseFloat(strings.TrimSpace(p), 64); err != nil {
				return nil, false
			}
		}
		all, text = append(all, v), rest
	}
	return all, true
}
