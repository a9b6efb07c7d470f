package main

import (
	"strings"
	"testing"
)

// What a person mistypes is answered in one line that says what is wanted, in words of
// the command and not of Go.
func TestMistypedCommandsAndFlags(t *testing.T) {
	cases := []struct {
		line string
		want string
	}{
		{"mesh l.nii o.stl --smoothing 0x0.5", "usage: --smoothing \"0x0.5\": want a number such as 0.5: `iris mesh --help`"},
		{"mesh l.nii o.stl --threads two", "usage: --threads \"two\": want a whole number:"},
		{"mesh l.nii o.stl --smooting 1", "usage: iris mesh has no flag --smooting (did you mean smoothing?):"},
		{"mesh l.nii o.stl --zzz", "usage: iris mesh has no flag --zzz: `iris mesh --help`"},
		{"mesh l.nii o.stl -z", "usage: iris mesh has no flag -z:"},
		{"mesh l.nii o.stl --decimate", "usage: --decimate wants a text after it:"},
		{"up --linger 5", "usage: --linger \"5\": want a time with its unit, such as 90s or 2m:"},
		{"up --parameter x", "usage: --parameter \"x\": want Name=Value:"},
		{"up --json=maybe", "usage: --json \"maybe\": want true or false"},
		{"list x", "usage: \"x\" is one argument too many"},
		{"stat x", "usage: iris knows no command \"stat\" (did you mean status?)"},
		{"gpu stats", "usage: iris gpu knows no command \"stats\" (did you mean status?)"},
		{"gpu zzzzzzz", "usage: iris gpu knows no command \"zzzzzzz\": `iris gpu --help`"},
	}
	for _, c := range cases {
		_, err := iris(t, strings.Fields(c.line)...)
		if err == nil || exitCode(err) != exitUsage || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("iris %s: %v", c.line, err)
			continue
		}
		if text := err.Error(); strings.Contains(text, "strconv") || strings.Contains(text, "\n") {
			t.Errorf("iris %s: %s", c.line, text)
		}
	}
}
