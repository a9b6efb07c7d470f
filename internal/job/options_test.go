package job

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var tasks = []string{"total", "total_mr"}

func TestParseOptions(t *testing.T) {
	cases := []struct {
		name string
		in   map[string]string
		want func(*Options)
	}{
		{"none", nil, func(*Options) {}},
		{"all", map[string]string{"task": "total", "fast": "true", "structures": "liver, spleen,liver", "series": "3", "modality": "MR",
			"smoothing": "0.25", "decimate": "0.2mm", "merge": "lungs=a,b;x=c", "dicom": "rtstruct, seg,rtstruct"},
			func(o *Options) {
				*o = Options{Task: "total", Fast: true, Structures: []string{"liver", "spleen"}, Series: 3, Modality: "MR", Smoothing: 0.25,
					Decimate: "0.2mm", Merge: []Merge{{"lungs", []string{"a", "b"}}, {"x", []string{"c"}}}, DICOM: []string{DICOMSeg, DICOMStruct}}
			}},
		{"the DICOM object that is made anyway", map[string]string{"dicom": "seg,seg"}, func(*Options) {}},
		{"a label map alone", map[string]string{"dicom": "labelmap"}, func(o *Options) { o.DICOM = []string{DICOMLabelMap} }},
		{"no DICOM object", map[string]string{"dicom": "none"}, func(o *Options) { o.DICOM = []string{DICOMNone} }},
		{"labels", map[string]string{"task": " labels "}, func(o *Options) { o.Task = TaskLabels }},
		{"no smoothing", map[string]string{"smoothing": "0"}, func(o *Options) { o.Smoothing = 0 }},
	}
	for _, c := range cases {
		want := DefaultOptions()
		c.want(&want)
		got, err := ParseOptions(c.in, tasks)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", c.name, err, diff)
		}
		again, err := ParseOptions(got.Values(), tasks)
		if diff := cmp.Diff(want, again); err != nil || diff != "" {
			t.Errorf("%s, written and read: %v %s", c.name, err, diff)
		}
	}
}

func TestHostileOptions(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat("a,", maxNames+1), ",")
	for i := range maxNames + 1 {
		many = strings.Replace(many, "a,", string(rune('A'+i%26))+strings.Repeat("x", i/26)+",", 1)
	}
	for name, values := range map[string][]string{
		"task":       {"", "Total", "tissue", "total;fast=true"},
		"fast":       {"", "yes", "TRUE", "1"},
		"structures": {"", ",", "a,", "../a", "a b", "-a", strings.Repeat("a", 65), many, "a\x00"},
		"series":     {"", "0", "-1", "1.5", "10001", "99999999999999999999"},
		"modality":   {"", "ct", "US"},
		"smoothing":  {"", "-0.1", "1.01", "NaN", "Inf", "x"},
		"decimate":   {"", "mm", "vx", "0", "2", "5", "-1", "0.25cm", "1e5", "12345mm", "9999999999", "NaNmm", "0mm", "0.00vx", ".0mm", ".000", "0.0"},
		"merge":      {"", "a", "=b", "a=", "a=b;", "a=b;a=c", "a=b,;c=d", "a b=c"},
		"dicom":      {"", ",", "seg,", "SEG", "rtss", "none,seg", "seg,labelmap,none", "seg;rtstruct", "seg rtstruct", "seg\x00", strings.Repeat("seg,", 3000) + "seg"},
		"x-unknown":  {"", "1"},
	} {
		for _, value := range values {
			o, err := ParseOptions(map[string]string{name: value}, tasks)
			var refused *RejectedError
			if !errors.As(err, &refused) || refused.Code != "bad_option" || !cmp.Equal(o, Options{}) {
				t.Errorf("%s=%.20q: %+v, %v", name, value, o, err)
			} else if len(value) > 2 && strings.Contains(refused.Message, value) && name == "x-unknown" {
				t.Errorf("%s=%.20q is repeated", name, value)
			}
		}
	}
}

func TestChanged(t *testing.T) {
	o := Options{Task: "total", Structures: []string{"liver"}, Smoothing: 0.1, Merge: []Merge{{"a", []string{"b"}}}}
	got, err := o.Changed(map[string]string{"structures": "", "merge": "", "fast": "true"}, tasks)
	if diff := cmp.Diff(Options{Task: "total", Fast: true, Smoothing: 0.1}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := o.Changed(map[string]string{"task": ""}, tasks); err == nil {
		t.Error("an empty task is taken")
	}
	if o.Structures[0] != "liver" {
		t.Error("it changed what it was given")
	}
}

// What is accepted is within its bounds and is read back as it was.
func FuzzParseOptions(f *testing.F) {
	f.Add("decimate", "0.2mm")
	f.Add("merge", "a=b,c;d=e")
	f.Add("smoothing", "0x1p-2")
	f.Add("structures", "a,b")
	f.Add("dicom", "labelmap,seg")
	f.Fuzz(func(t *testing.T, name, value string) {
		o, err := ParseOptions(map[string]string{name: value}, tasks)
		if err != nil {
			return
		}
		if len(o.Structures) > maxNames || len(o.Merge) > maxNames || !(o.Smoothing >= 0 && o.Smoothing <= 1) || len(o.Decimate) > 16 {
			t.Errorf("%q=%q: %+v", name, value, o)
		}
		again, err := ParseOptions(o.Values(), tasks)
		if diff := cmp.Diff(o, again); err != nil || diff != "" {
			t.Errorf("%q=%q: %v %s", name, value, err, diff)
		}
	})
}

// A job whose DICOM objects nobody chose has the segmentation alone; a retry chooses anew.
func TestDICOMObjectsAskedFor(t *testing.T) {
	all := []string{DICOMSeg, DICOMLabelMap, DICOMStruct}
	o := DefaultOptions()
	for _, c := range []struct {
		value string
		want  []string
	}{{"", []string{DICOMSeg}}, {"rtstruct,labelmap,seg", all}, {"labelmap", []string{DICOMLabelMap}}, {"rtstruct", []string{DICOMStruct}}, {"none", nil}, {"seg", []string{DICOMSeg}}} {
		if c.value != "" {
			var err error
			if o, err = o.Changed(map[string]string{"dicom": c.value}, tasks); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for _, object := range all {
			if o.Makes(object) {
				got = append(got, object)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.value, diff)
		}
	}
	if _, err := o.Changed(map[string]string{"dicom": ""}, tasks); err == nil {
		t.Error("an empty choice is taken")
	}
}

// A job whose task the deployment has no more is meshed again all the same: only
// what is asked for anew is judged.
func TestChangedJudgesOnlyWhatChanges(t *testing.T) {
	o := Options{Task: "tissue", Smoothing: 0.5, Structures: []string{"bone"}, Merge: []Merge{{"x", []string{"bone"}}}, Modality: "CT"}
	got, err := o.Changed(map[string]string{"smoothing": "0.1", "structures": "", "merge": ""}, tasks)
	if diff := cmp.Diff(Options{Task: "tissue", Smoothing: 0.1, Modality: "CT"}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := o.Changed(map[string]string{"task": "tissue"}, tasks); err == nil {
		t.Error("a task that cannot be done was asked for and accepted")
	}
	if _, err := o.Changed(map[string]string{"smoothing": "2"}, tasks); err == nil {
		t.Error("a bad value was accepted")
	}
}
