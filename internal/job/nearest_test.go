package job

import (
	"errors"
	"strings"
	"testing"
)

// A misspelt word is answered with the one that was meant, and one that is like
// none of the list with no guess.
func TestNearest(t *testing.T) {
	tissue := StructuresOf("tissue")
	for _, c := range []struct {
		word, want string
		list       []string
	}{
		{"smothing", "smoothing", OptionNames},
		{"smooth", "smoothing", OptionNames[:0]},
		{"struktures", "structures", OptionNames},
		{"Structures", "structures", OptionNames},
		{"mrege", "merge", OptionNames},
		{"colour", "", OptionNames},
		{"bon", "bone", tissue},
		{"Skin", "skin", tissue},
		{"lung-left", "lung_left", tissue},
		{"lung left", "lung_left", tissue},
		{"liver", "", tissue},
		{"x", "", tissue},
		{"", "", tissue},
		{strings.Repeat("bone", 1000), "", tissue},
		{"kidney_lfet", "kidney_left", StructuresOf("total")},
	} {
		want := c.want
		if len(c.list) == 0 {
			want = ""
		}
		if got, ok := nearest(c.word, c.list); got != want || ok != (want != "") {
			t.Errorf("%.20q: %q, %v; want %q", c.word, got, ok, want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abd", 1}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}} {
		if got := edits(c.a, c.b); got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// What is not known is named, and what was most likely meant.
func TestRefusalsSayWhatWasMeant(t *testing.T) {
	for _, c := range []struct {
		name  string
		in    map[string]string
		tasks []string
		want  string
	}{
		{"an option misspelt", map[string]string{"smothing": "0.3"}, []string{"tissue"}, `option "smothing" is not known: did you mean smoothing?`},
		{"an option of another program", map[string]string{"colour": "red"}, []string{"tissue"}, `option "colour" is not known: want one of task, fast, structures`},
		{"a long one", map[string]string{strings.Repeat("é", 4000): "x"}, []string{"tissue"}, `é…" is not known`},
		{"one with a line's end", map[string]string{"a\nb": "x"}, []string{"tissue"}, `option "a\nb" is not known`},
		{"a task misspelt", map[string]string{"task": "tisue"}, []string{"tissue"}, "did you mean tissue?"},
		{"a structure misspelt", map[string]string{"structures": "skin,bon"}, []string{"tissue"},
			`option structures: task tissue makes no "bon", only skin, fat, muscle, bone, lung_left, lung_right, airway, body; did you mean bone?`},
		{"one of another model", map[string]string{"structures": "liver"}, []string{"tissue"}, `task tissue makes no "liver", only skin,`},
		{"a task said", map[string]string{"task": "total", "structures": "livr"}, []string{"total", "total_mr"}, `and 87 more; did you mean liver?`},
		{"a merge of nothing", map[string]string{"merge": "a=bone,gills"}, []string{"tissue"}, `option merge: task tissue makes no "gills"`},
		{"a group is a structure", map[string]string{"structures": "a", "merge": "a=bone,skin"}, []string{"tissue"}, ""},
		{"the scan decides which task it is", map[string]string{"structures": "gills"}, []string{"total", "total_mr"}, ""},
		{"a model of somebody else's", map[string]string{"structures": "gills"}, []string{"fish"}, ""},
		{"a label map", map[string]string{"task": "labels", "structures": "gills"}, []string{"tissue"}, ""},
	} {
		o, err := ParseOptions(c.in, c.tasks)
		if err == nil {
			err = o.Segmentable(c.tasks)
		}
		var refused *RejectedError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.As(err, &refused) || refused.Code != "bad_option" || !strings.Contains(refused.Message, c.want) || len(refused.Message) > 1000):
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestCheckHeld(t *testing.T) {
	o := Options{Structures: []string{"gills"}}
	if err := o.CheckHeld(nil); err != nil {
		t.Errorf("nobody knows what it holds: %v", err)
	}
	if err := o.CheckHeld([]string{"liver", "spleen"}); err == nil || !strings.Contains(err.Error(), `the label map holds no "gills", only liver, spleen: send the scan again`) {
		t.Errorf("%v", err)
	}
}
