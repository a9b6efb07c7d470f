package job

import (
	"strings"
	"testing"
)

func TestExportName(t *testing.T) {
	cases := []struct {
		name       string
		structures []string
		want       string
	}{
		{"all", nil, "export/all.stl"},
		{"one", []string{"liver"}, "export/liver.stl"},
		{"order and repetition", []string{"spleen", "liver", "spleen"}, "export/liver+spleen.stl"},
	}
	for _, c := range cases {
		if got := ExportName("stl", c.structures); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestExportNamesDoNotCollide(t *testing.T) {
	long := strings.Split(strings.Repeat("vertebrae_L1,", 40), ",")
	for i := range long {
		long[i] = strings.Repeat("v", i+1)
	}
	seen := map[string]int{}
	for i, structures := range [][]string{
		nil, {"all"}, {"a", "b"}, {"a+b"}, {"../x"}, {"a/b"}, long, long[1:], {"sha256-1"},
	} {
		name := ExportName("glb", structures)
		if before, twice := seen[name]; twice {
			t.Errorf("case %d is named like case %d: %s", i, before, name)
		}
		seen[name] = i
		if strings.Count(name, "/") != 1 || strings.Contains(name, "..") || len(name) > 200 {
			t.Errorf("case %d: %s is no plain name", i, name)
		}
	}
}
