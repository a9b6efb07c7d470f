package job

import (
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Options is what a person may ask of a job (DESIGN.md §4). Make one with
// DefaultOptions or ParseOptions: the zero value asks for no smoothing.
type Options struct {
	Task       string   `json:"task"`
	Fast       bool     `json:"fast"`
	Structures []string `json:"structures,omitempty"` // empty: all
	Series     int      `json:"series,omitempty"`     // 0: the only or largest
	Modality   string   `json:"modality,omitempty"`   // CT, MR, PT; empty: found out
	Smoothing  float64  `json:"smoothing"`            // 0…1
	Decimate   string   `json:"decimate,omitempty"`   // as CheckDecimate; empty: the default
	Merge      []Merge  `json:"merge,omitempty"`
	// DICOM are the DICOM objects to make of a scan that is DICOM; empty: DICOMSeg alone.
	DICOM []string `json:"dicom,omitempty"`
}

// The DICOM objects of a job, as the option dicom names them; DICOMNone stands alone.
const (
	DICOMSeg      = "seg"
	DICOMLabelMap = "labelmap"
	DICOMStruct   = "rtstruct"
	DICOMNone     = "none"
)

// Makes says whether a DICOM object is asked for.
func (o Options) Makes(object string) bool {
	if len(o.DICOM) == 0 {
		return object == DICOMSeg
	}
	return contains(o.DICOM, object)
}

// dicomList reads the option dicom: the objects in one order, each once; nil for the
// default, so that one request has one spelling.
func dicomList(value string) ([]string, error) {
	known, asked := []string{DICOMSeg, DICOMLabelMap, DICOMStruct, DICOMNone}, split(value, ',')
	for i := range asked {
		if asked[i] = strings.TrimSpace(asked[i]); !contains(known, asked[i]) {
			return nil, bad("dicom", wantDICOM)
		}
	}
	var out []string
	for _, object := range known {
		if contains(asked, object) {
			out = append(out, object)
		}
	}
	switch {
	case contains(out, DICOMNone) && len(out) > 1:
		return nil, bad("dicom", wantDICOM)
	case len(out) == 1 && out[0] == DICOMSeg:
		return nil, nil
	}
	return out, nil
}

// Merge makes one closed solid of several structures.
type Merge struct {
	Name string   `json:"name"`
	Of   []string `json:"of"`
}

// MeshOptions are the options that shape the meshes of an attempt, as ProvenanceJSON
// holds them under "options". The record's own options may be those of a later attempt.
type MeshOptions struct {
	Smoothing  float64  `json:"smoothing"`
	Decimate   string   `json:"decimate"`
	Structures []string `json:"structures,omitempty"`
	Merge      []Merge  `json:"merge,omitempty"`
}

// DefaultDecimate is how light models are made where nobody says it.
const DefaultDecimate = "0.25vx"

// Decimation is Decimate, or the default.
func (o Options) Decimation() string {
	if o.Decimate == "" {
		return DefaultDecimate
	}
	return o.Decimate
}

// Labels are the names that a label map must hold for these options, for whoever
// makes one of fewer: the structures that were asked for, but not the groups of a
// merge, which no model knows, and whatever a merge is made of. None: all.
func (o Options) Labels() []string {
	if len(o.Structures) == 0 {
		return nil
	}
	return o.Names()
}

// Meshed are the structures and solids that become surfaces, none for all: what
// Structures names and every solid of Merge, which was asked for as well.
func (o Options) Meshed() []string {
	if len(o.Structures) == 0 {
		return nil
	}
	names := append([]string(nil), o.Structures...)
	for _, m := range o.Merge {
		if !contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}

// Names are all labels of a label map that these options name: the structures
// that are no group of a merge, and the members of the merges.
func (o Options) Names() []string {
	groups := map[string]bool{}
	for _, m := range o.Merge {
		groups[m.Name] = true
	}
	var names []string
	for _, name := range o.Structures {
		if !groups[name] {
			names = append(names, name)
		}
	}
	for _, m := range o.Merge {
		for _, name := range m.Of {
			if !contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// Task values with a meaning of their own.
const (
	TaskAuto   = "auto"
	TaskLabels = "labels"
)

// OptionNames are the options of a job, in the order of docs/options.md.
var OptionNames = []string{"task", "fast", "structures", "series", "modality", "smoothing", "decimate", "merge", "dicom"}

// MetadataPrefix is how an option is spelled in S3 object metadata (after x-amz-meta-).
const MetadataPrefix = "iris-"

// DefaultOptions is what a drop without metadata asks for.
func DefaultOptions() Options { return Options{Task: TaskAuto, Smoothing: 0.5} }

var (
	namePattern     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
	decimatePattern = regexp.MustCompile(`^(none|0?\.[0-9]{1,6}|1(\.0+)?|[1-9][0-9]{1,8}|([0-9]{1,4})?(\.[0-9]{1,6})?(mm|vx)|[0-9]{1,4}(\.[0-9]{1,6})?(mm|vx))$`)
)

// maxLabelName bounds a name of a label table in bytes, as their readers do.
const maxLabelName = 800

// maxNames bounds every list of structure names that a request may hold.
const maxNames = 512

// ParseOptions reads options by name, as in object metadata without its prefix.
// Tasks are the tasks that the model server can do. An unknown name or value is
// a RejectedError with code bad_option.
func ParseOptions(values map[string]string, tasks []string) (Options, error) {
	o := DefaultOptions()
	for _, name := range sortedNames(values) {
		if err := o.set(name, strings.TrimSpace(values[name]), tasks); err != nil {
			return Options{}, err
		}
	}
	if err := o.checkSpelling(values); err != nil {
		return Options{}, err
	}
	return o, nil
}

// checkSpelling refuses names that no model has: only a label map brings names of its
// own. It judges the options that were asked for, by their names in values.
func (o Options) checkSpelling(values map[string]string) error {
	if o.Task == TaskLabels {
		return nil
	}
	plain := func(names ...string) bool {
		for _, name := range names {
			if !namePattern.MatchString(name) {
				return false
			}
		}
		return true
	}
	if _, asked := values["structures"]; asked && !plain(o.Structures...) {
		return bad("structures", wantNames)
	}
	if _, asked := values["merge"]; asked {
		for _, m := range o.Merge {
			if !plain(m.Name) || !plain(m.Of...) {
				return bad("merge", wantMerge)
			}
		}
	}
	return nil
}

// sortedNames puts options in an order, so that of two bad ones the same is named.
func sortedNames(values map[string]string) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func bad(name, want string) error {
	return Reject("bad_option", "option %s: want %s", name, want)
}

// maxValue bounds the text of one option; S3 metadata holds 2 KB in all.
const maxValue = 8 << 10

func (o *Options) set(name, value string, tasks []string) error {
	if len(value) > maxValue {
		return Reject("bad_option", "an option has more than %d characters", maxValue)
	}
	switch name {
	case "task":
		if value != TaskAuto && value != TaskLabels && !contains(tasks, value) {
			want := "auto, labels or one of " + strings.Join(tasks, ", ")
			if near, ok := nearest(value, append([]string{TaskAuto, TaskLabels}, tasks...)); ok {
				want += "; did you mean " + near + "?"
			}
			return bad(name, want)
		}
		o.Task = value
	case "fast":
		if value != "true" && value != "false" {
			return bad(name, "true or false")
		}
		o.Fast = value == "true"
	case "structures":
		list, ok := nameList(value)
		if !ok {
			return bad(name, wantNames)
		}
		o.Structures = list
	case "series":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > 10_000 {
			return bad(name, "a number from the list in the rejection, from 1")
		}
		o.Series = n
	case "modality":
		if value != "CT" && value != "MR" && value != "PT" {
			return bad(name, "CT, MR or PT")
		}
		o.Modality = value
	case "smoothing":
		f, err := strconv.ParseFloat(value, 64)
		if err != nil || !(f >= 0 && f <= 1) {
			return bad(name, "a number from 0 to 1")
		}
		o.Smoothing = f
	case "decimate":
		if !CheckDecimate(value) {
			return bad(name, "none, a ratio (0.25), triangles per structure (50000) or an error (0.2mm, 0.25vx)")
		}
		o.Decimate = value
	case "merge":
		merges, err := ParseMerge(value)
		if err != nil {
			return err
		}
		o.Merge = merges
	case "dicom":
		list, err := dicomList(value)
		if err != nil {
			return err
		}
		o.DICOM = list
	default:
		if near, ok := nearest(name, OptionNames); ok {
			return Reject("bad_option", "option %s is not known: did you mean %s?", quoted(name), near)
		}
		return Reject("bad_option", "option %s is not known: want one of %s", quoted(name), strings.Join(OptionNames, ", "))
	}
	return nil
}

// CheckDecimate says whether s is a decimation: none, a ratio, a count, an error in mm or voxels.
func CheckDecimate(s string) bool {
	number := strings.TrimRight(s, "mvx") // a number that is 0 asks for nothing that could be done
	return decimatePattern.MatchString(s) && (s == "none" || strings.Trim(number, "0.") != "")
}

// What the options that are lists take.
const (
	wantNames = "structure names separated by commas"
	wantMerge = "name=a,b,c;name2=d,e"
	wantDICOM = "some of seg, labelmap, rtstruct, separated by commas, or none"
)

// ParseLabelNames reads the values of structures and merge for a label map that is at
// hand, either of them "" for none. Its names come from tables of any program: they may
// have spaces and whatever else prints. Held says which of the map's names they are.
func ParseLabelNames(structures, merge string) (o Options, err error) {
	if structures != "" {
		var ok bool
		if o.Structures, ok = nameList(structures); !ok {
			return Options{}, bad("structures", wantNames)
		}
	}
	if merge != "" {
		o.Merge, err = ParseMerge(merge)
	}
	return o, err
}

// ParseMerge reads `name=a,b,c;name2=d,e`. A name that stands twice, a structure
// that two solids would have, and a solid of nothing are refused by name.
func ParseMerge(s string) ([]Merge, error) {
	var out []Merge
	total := 0
	for _, part := range split(s, ';') {
		sides := split(part, '=')
		if len(sides) != 2 || len(out) >= maxNames {
			return nil, bad("merge", wantMerge)
		}
		name, ok := unquoted(sides[0])
		if !ok || !isLabelName(name) {
			return nil, bad("merge", wantMerge)
		}
		if strings.TrimSpace(sides[1]) == "" {
			return nil, Reject("bad_option", "option merge: %s has no structures: want %s", quoted(name), wantMerge)
		}
		list, ok := nameList(sides[1])
		if total += len(list); !ok || total > maxNames {
			return nil, bad("merge", wantMerge)
		}
		out = append(out, Merge{Name: name, Of: list})
	}
	return out, apart(out)
}

// apart refuses solids that have a name or a structure in common.
func apart(merge []Merge) error {
	home := map[string]string{} // the solid of each structure
	for i, m := range merge {
		for _, before := range merge[:i] {
			if before.Name == m.Name {
				return Reject("bad_option", "option merge: two solids have the name %s", quoted(m.Name))
			}
		}
		for _, structure := range m.Of {
			if other, taken := home[structure]; taken {
				return Reject("bad_option", "option merge: %s is in %s and in %s: want each structure in one solid", quoted(structure), quoted(other), quoted(m.Name))
			}
			home[structure] = m.Name
		}
	}
	for _, m := range merge {
		if other := home[m.Name]; other != "" && other != m.Name {
			return Reject("bad_option", "option merge: the name %s is also that of a structure in %s", quoted(m.Name), quoted(other))
		}
	}
	return nil
}

func nameList(s string) ([]string, bool) {
	var out []string
	for _, part := range split(s, ',') {
		name, ok := unquoted(part)
		if !ok || !isLabelName(name) || len(out) >= maxNames {
			return nil, false
		}
		if !contains(out, name) {
			out = append(out, name)
		}
	}
	return out, true
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
