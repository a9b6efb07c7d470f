package job

import (
	"strconv"
	"strings"
)

// Values gives the options by name, as ParseOptions reads them, without those that have
// their default.
func (o Options) Values() map[string]string {
	d := DefaultOptions()
	out := map[string]string{}
	if o.Task != d.Task {
		out["task"] = o.Task
	}
	if o.Fast {
		out["fast"] = "true"
	}
	if len(o.Structures) > 0 {
		out["structures"] = SpelledNames(o.Structures)
	}
	if o.Series > 0 {
		out["series"] = strconv.Itoa(o.Series)
	}
	if o.Modality != "" {
		out["modality"] = o.Modality
	}
	if o.Smoothing != d.Smoothing {
		out["smoothing"] = strconv.FormatFloat(o.Smoothing, 'g', -1, 64)
	}
	if o.Decimate != "" {
		out["decimate"] = o.Decimate
	}
	if len(o.Merge) > 0 {
		out["merge"] = SpelledMerge(o.Merge)
	}
	if len(o.DICOM) > 0 {
		out["dicom"] = strings.Join(o.DICOM, ",")
	}
	return out
}

// Changed is o with some options asked for anew; no structures means all again,
// and no merge none. Only what is asked for is judged: what the job has was
// accepted when it was made, by a deployment that may have had other tasks.
func (o Options) Changed(values map[string]string, tasks []string) (Options, error) {
	for _, name := range sortedNames(values) {
		value := strings.TrimSpace(values[name])
		switch {
		case name == "structures" && value == "":
			o.Structures = nil
		case name == "merge" && value == "":
			o.Merge = nil
		default:
			if err := o.set(name, value, tasks); err != nil {
				return Options{}, err
			}
		}
	}
	if err := o.checkSpelling(values); err != nil {
		return Options{}, err
	}
	return o, nil
}
