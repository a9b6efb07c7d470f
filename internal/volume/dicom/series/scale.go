package series

import (
	"fmt"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/header"
)

// quantities are the standard's names for rescaled values (PS3.3 C.11.1.1.2). Other
// names are never shown, because they are text of the file.
var quantities = map[string]string{
	"OD": "optical density", "HU_MOD": "modified Hounsfield units", "PCT": "percent",
	"MGML": "mg/ml", "Z_EFF": "effective atomic numbers", "ED": "electron density", "EDW": "electron density of water",
}

// Scale judges how the slices' stored values become values of the modality, which are
// Hounsfield units for CT and activity for PET, and returns warnings of what is
// doubtful. It refuses a series of which only some slices state a scale, because the
// others would be off by a thousand units.
func (s *Series) Scale(modality string) ([]volume.Warning, error) {
	if modality != "CT" && modality != "PT" {
		return nil, nil
	}
	need := header.HasSlope | header.HasIntercept
	if modality == "PT" {
		need = header.HasSlope // the intercept of PET is 0 by definition
	}
	told, falling, other, name := 0, 0, 0, ""
	for _, sl := range s.Slices {
		g := sl.geometry
		if g.Has&need == need {
			told++
		}
		if sl.Slope < 0 {
			falling++
		}
		// Many CT scanners write "US" (unspecified) for Hounsfield units, so that only
		// the values themselves can be judged.
		if modality == "CT" && g.Scale != "" && g.Scale != "HU" && g.Scale != "US" {
			other++
			name = quantities[g.Scale]
		}
	}
	n := len(s.Slices)
	if told > 0 && told < n {
		return nil, volume.Reject("missing_rescale", "%d of %d slices do not say how their stored values become those of the scan (rescale slope and intercept), the others do: export the series again", n-told, n)
	}
	if modality == "PT" && s.unlike {
		return nil, volume.Reject("mixed_units", "the slices of the PET series are in different units: send the slices of one unit")
	}
	var out []volume.Warning
	add := func(code, format string, args ...any) {
		out = append(out, volume.Warning{Code: code, Message: fmt.Sprintf(format, args...)})
	}
	if told == 0 {
		add("missing_rescale", "no slice says how its stored values become those of the scan (rescale slope and intercept): they were taken as they are, which is wrong unless they are in %s", unitOf(modality))
	}
	if falling > 0 {
		add("not_hounsfield", "%d of %d slices have a negative rescale slope, which turns dense into thin: check the values", falling, n)
	}
	if other > 0 {
		if name == "" {
			name = "something else"
		}
		add("not_hounsfield", "the files say that the values of %d of %d slices are no Hounsfield units (rescale type: %s)", other, n, name)
	}
	return out, nil
}

func unitOf(modality string) string {
	if modality == "CT" {
		return "Hounsfield units"
	}
	return "units of activity"
}
