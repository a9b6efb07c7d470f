package job

import (
	"maps"
	"strconv"
	"strings"
)

// Values is o by name, as ParseOptions reads it; what is at its default is left out.
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
		out["structures"] = strings.Join(o.Structures, ",")
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
		parts := make([]string, len(o.Merge))
		for i, m := range o.Merge {
			parts[i] = m.Name + "=" + strings.Join(m.Of, ",")
		}
		out["merge"] = strings.Join(parts, ";")
	}
	return out
}

// Changed is o with some options asked for anew; no structures means all again,
// and no merge none.
func (o Options) Changed(values map[string]string, tasks []string) (Options, error) {
	all := o.Values()
	maps.Copy(all, values)
	for _, list := range []string{"structures", "merge"} {
		if value, asked := values[list]; asked && value == "" {
			delete(all, list)
		}
	}
	return ParseOptions(all, tasks)
}
