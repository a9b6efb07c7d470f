package job

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Merges that cannot be made are refused by name before anything wakes.
func TestRefusedMerges(t *testing.T) {
	for _, c := range []struct{ name, merge, want string }{
		{"a solid of nothing", "bones=", `option merge: "bones" has no structures`},
		{"two solids of one name", "a=bone;a=skin", `option merge: two solids have the name "a"`},
		{"a structure in two solids", "a=bone,skin;b=fat,bone", `option merge: "bone" is in "a" and in "b"`},
		{"the name of another solid's structure", "bone=skin;a=bone", `option merge: the name "bone" is also that of a structure in "a"`},
		{"the name of another structure", "skin=bone,fat", `option merge: the name "skin" is taken: task tissue makes a structure of this name`},
		{"a structure that no scan has", "a=bone,livr", `option merge: task tissue makes no "livr"`},
		{"its own member's name", "bone=bone,skin", ""},
		{"a name twice in one solid", "a=bone,bone,skin", ""},
	} {
		o, err := ParseOptions(map[string]string{"merge": c.merge}, []string{"tissue"})
		if err == nil {
			err = o.Segmentable([]string{"tissue"})
		}
		var refused *RejectedError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.As(err, &refused) || refused.Code != "bad_option" || !strings.HasPrefix(refused.Message, c.want)):
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// What is held is judged as what a task makes.
func TestRefusedMergesOfAHeldMap(t *testing.T) {
	o, err := ParseOptions(map[string]string{"merge": "spleen=liver"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.CheckHeld([]string{"liver"}); err != nil {
		t.Error(err)
	}
	if err := o.CheckHeld([]string{"liver", "spleen"}); err == nil || !strings.Contains(err.Error(), `the name "spleen" is taken`) {
		t.Error(err)
	}
}

// A solid that was asked for is made beside the structures that were asked for.
func TestMeshed(t *testing.T) {
	merge := []Merge{{"a", []string{"x", "y"}}, {"b", []string{"z"}}}
	for _, c := range []struct {
		o    Options
		want []string
	}{
		{Options{}, nil},
		{Options{Merge: merge}, nil},
		{Options{Structures: []string{"w"}}, []string{"w"}},
		{Options{Structures: []string{"w", "b"}, Merge: merge}, []string{"w", "b", "a"}},
	} {
		if got := c.o.Meshed(); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.o, got, c.want)
		}
	}
}

// Options of a scan are refused for a label map, and fast where there is no fast model.
func TestOptionsThatCannotWorkTogether(t *testing.T) {
	tasks := []string{"total", "face", "fish"}
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"a label map", Options{Task: TaskLabels, Merge: []Merge{{"x", []string{"y"}}}}, ""},
		{"a fast label map", Options{Task: TaskLabels, Fast: true}, "option fast: with task=labels"},
		{"a series of a label map", Options{Task: TaskLabels, Series: 2}, "option series: with task=labels"},
		{"the modality of a label map", Options{Task: TaskLabels, Modality: "CT"}, "option modality: with task=labels"},
		{"fast", Options{Task: "total", Fast: true}, ""},
		{"fast without a fast model", Options{Task: "face", Fast: true}, "option fast: task face has no fast model"},
		{"fast of a model of somebody else's", Options{Task: "fish", Fast: true}, ""},
		{"the scan decides", Options{Task: TaskAuto, Fast: true}, ""},
	} {
		err := c.o.CheckNew(tasks)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "bad_option: "+c.want)) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// Names of a label map at hand are those of its table, with spaces or without.
func TestParseLabelNames(t *testing.T) {
	o, err := ParseLabelNames("Left Kidney, Niere (links),label_7", "both sides=Left Kidney,Right Kidney;x=Milz")
	want := Options{Structures: []string{"Left Kidney", "Niere (links)", "label_7"},
		Merge: []Merge{{"both sides", []string{"Left Kidney", "Right Kidney"}}, {"x", []string{"Milz"}}}}
	if diff := cmp.Diff(want, o); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if o, err := ParseLabelNames("", ""); err != nil || len(o.Structures)+len(o.Merge) > 0 {
		t.Errorf("%+v %v", o, err)
	}
	for _, c := range [][2]string{{",", ""}, {"a,", ""}, {"a=b", ""}, {"a;b", ""}, {"a\x00", ""}, {"a\xff", ""}, {strings.Repeat("a", 801), ""},
		{"", "a"}, {"", "a=b;"}, {"", "a=b=c"}, {"", "a=b;c=b"}, {"", "a="}, {"", "=a"}} {
		if o, err := ParseLabelNames(c[0], c[1]); err == nil {
			t.Errorf("%q, %q: %+v", c[0], c[1], o)
		}
	}
}
