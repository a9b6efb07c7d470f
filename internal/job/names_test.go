package job

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Names of label tables go through an option and back, whatever prints in them.
func TestNamesAreSpelledAndRead(t *testing.T) {
	for _, names := range [][]string{
		{"Left Lung"}, {"Left Lung", "liver"}, {"Node, left"}, {`5" tube`}, {`"quoted"`}, {`"`}, {`""`}, {`a"b`}, {`",`},
		{"a=b;c"}, {"Niere (links)", "Hígado", "肝"}, {`x"`, `y,"z"`, "w"}, {"=1+1"},
	} {
		o := Options{Task: TaskLabels, Smoothing: 0.5, Structures: names, Merge: []Merge{{Name: "all " + names[0], Of: names}}}
		got, err := ParseOptions(o.Values(), nil)
		if diff := cmp.Diff(o, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", names, err, diff)
		}
	}
	for value, want := range map[string][]string{
		` "Left Lung" , liver `: {"Left Lung", "liver"}, `5" tube,x`: {`5" tube`, "x"}, `"a",a`: {"a"},
	} {
		o, err := ParseOptions(map[string]string{"task": "labels", "structures": value}, nil)
		if diff := cmp.Diff(want, o.Structures); err != nil || diff != "" {
			t.Errorf("%q: %v %s", value, err, diff)
		}
	}
	for _, value := range []string{`"`, `"a`, `"a"b`, `"a" "b"`, `a,`, `""`, `" "`, `a,,b`, "a\nb", "\xff", `"a"";b=`, `a=b`, `a;b`} {
		if o, err := ParseOptions(map[string]string{"task": "labels", "structures": value}, nil); err == nil {
			t.Errorf("%q: %q", value, o.Structures)
		}
	}
}

// Only a label map has names that no model makes.
func TestNamesOfALabelMapOnly(t *testing.T) {
	for _, values := range []map[string]string{
		{"structures": "Left Lung"}, {"merge": "lungs=Left Lung,b"}, {"merge": "both lungs=a,b"}, {"structures": `"a,b"`},
	} {
		for _, task := range []string{"auto", "total", TaskLabels} {
			values["task"] = task
			_, err := ParseOptions(values, []string{"total"})
			_, changed := Options{Task: task}.Changed(values, []string{"total"})
			if got, again := err == nil, changed == nil; got != (task == TaskLabels) || again != got {
				t.Errorf("%v: %v, %v", values, err, changed)
			}
		}
	}
	// What an earlier request had is not judged again.
	if o, err := (Options{Task: TaskAuto, Structures: []string{"Left Lung"}}).Changed(map[string]string{"smoothing": "0"}, nil); err != nil || len(o.Structures) != 1 {
		t.Errorf("%+v %v", o, err)
	}
}

func TestHeld(t *testing.T) {
	names := []string{"Left Lung", "Right-Lung", "liver", "Liver", "spleen"}
	for _, c := range []struct {
		name       string
		structures []string
		merge      []Merge
		want       string // structures and merge as options, or the beginning of the error
	}{
		{"as written", []string{"Left Lung", "liver"}, nil, "Left Lung,liver "},
		{"with _ and in small letters", []string{"left_lung", "RIGHT LUNG"}, nil, "Left Lung,Right-Lung "},
		{"the exact one of two that differ in case", []string{"Liver"}, nil, "Liver "},
		{"neither of two", []string{"LIVER"}, nil, `bad_option: "LIVER" may be liver, Liver`},
		{"twice the same", []string{"left_lung", "Left Lung"}, nil, "Left Lung "},
		{"misspelt", []string{"Left Lng"}, nil, `bad_option: option structures: the label map holds no "Left Lng", only Left Lung, Right-Lung, liver, Liver, spleen; did you mean Left Lung?`},
		{"none like it", []string{"femur"}, nil, `bad_option: option structures: the label map holds no "femur", only`},
		{"solids", []string{"lungs"}, []Merge{{"lungs", []string{"left_lung", "right_lung"}}}, "lungs lungs=Left Lung,Right-Lung"},
		{"a structure in two solids", nil, []Merge{{"a", []string{"left_lung"}}, {"b", []string{"Left Lung"}}}, `bad_option: option merge: "Left Lung" is in "a" and in "b"`},
		{"a solid with the name of a structure", nil, []Merge{{"spleen", []string{"liver"}}}, `bad_option: option merge: the name "spleen" is taken`},
	} {
		o := Options{Task: TaskLabels, Structures: c.structures, Merge: c.merge}
		held, err := o.Held(names)
		got := SpelledNames(held.Structures) + " " + SpelledMerge(held.Merge)
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if o, err := o.Held(nil); err != nil || !cmp.Equal(o.Structures, c.structures) {
			t.Errorf("%s, of a map of which nothing is known: %+v %v", c.name, o, err)
		}
	}
}
