package volume

import "fmt"

// Warning is something doubtful in a scan that could be read all the same.
// Code is stable; Message is one sentence for the person who sent the scan.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Values holds facts about a scan's values that a reader of any file format collects
// while it reads them.
type Values struct {
	Intensities
	Low, High float64 // smallest and largest value
	Total     int64   // all voxels, counted in Intensities or not
	Clipped   int64   // voxels beyond int16, which were cut to it
	// Fine says that rounding to whole numbers would hide differences between values.
	Fine bool
}

// normalisedSpan is the least range of values of a scan in units of its own. Values
// scaled to [0,1] or to unit variance span less, and rounding would destroy them.
const normalisedSpan = 16

// windowedMax is the largest value of an 8-bit picture of a scan.
const windowedMax = 255

// clippedShare is the share, one voxel in a hundred, of voxels beyond int16 from which
// a CT is taken to have been read with the wrong sign. Metal in a sound CT fills fewer,
// and padding is known.
const clippedShare = 100

// Judge refuses values that cannot be a scan, and returns warnings of what is doubtful.
// modality is what the file or its owner says, or empty. found is the same, or CT when
// modality is empty and the values look like Hounsfield units.
func (v *Values) Judge(modality string) (found string, warnings []Warning, err error) {
	span := v.High - v.Low
	switch {
	case span == 0 && !v.Fine:
		return "", nil, Reject("empty_volume", "every voxel has the same value: there is nothing to segment")
	case span < normalisedSpan:
		return "", nil, Reject("not_hounsfield", "the values span only %.3g and would be lost in whole numbers: they look normalised; send the scan in its own units (Hounsfield for CT, Bq/ml for PET)", span)
	case v.Low >= 0 && v.High <= windowedMax && modality == "CT":
		return "", nil, Reject("not_hounsfield", "the values lie within 0 and %d: a picture of a CT, not Hounsfield units; send the original slices", windowedMax)
	}
	looks := v.Hounsfield()
	if modality == "CT" && !looks && v.Clipped*clippedShare > v.Total {
		return "", nil, Reject("not_hounsfield", "%s of the CT lie beyond -32768 and 32767 and none looks like Hounsfield units: the file says the wrong sign or scale of its values; export the scan again",
			share(v.Clipped, v.Total))
	}
	found = modality
	if looks && found == "" {
		found = "CT"
	}
	if !looks && (found == "" || found == "CT") {
		warnings = append(warnings, Warning{"not_hounsfield", "the values do not look like Hounsfield units: " + v.unlike()})
	}
	if v.Clipped > 0 {
		warnings = append(warnings, Warning{"saturated", fmt.Sprintf("values beyond -32768 and 32767 were cut: %d of %d voxels", v.Clipped, v.Total)})
	}
	return found, warnings, nil
}

// unlike says in which way the values differ from Hounsfield units.
func (v *Values) unlike() string {
	switch {
	case v.Scattered*scatteredShare > v.Voxels:
		return "many lie below those of air"
	case v.Max <= HUFat:
		return "none is as high as water or tissue"
	}
	return "hardly any is that of air, lung or fat"
}

func share(n, of int64) string {
	return fmt.Sprintf("%.0f %% of the voxels", 100*float64(n)/float64(max(1, of)))
}
