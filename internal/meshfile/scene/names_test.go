package scene

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

func labelled(names ...string) (surfaces []surface.Surface) {
	for i, name := range names {
		surfaces = append(surfaces, surface.Surface{Label: volume.Label{ID: i + 1, Name: name}})
	}
	return surfaces
}

func TestNamesKeepTheirLetters(t *testing.T) {
	surfaces := labelled("肝脏", "脾脏", "Fémur gauche", "liver", "селезёнка", "كبد", "a/b")
	for kind, c := range map[string]struct{ got, want []string }{
		"name":       {Names(surfaces), []string{"肝脏", "脾脏", "Fémur gauche", "liver", "селезёнка", "كبد", "a/b"}},
		"file":       {FileNames(surfaces), []string{"肝脏", "脾脏", "Fémur gauche", "liver", "селезёнка", "كبد", "a_b"}},
		"word":       {Words(surfaces), []string{"肝脏", "脾脏", "Fémur_gauche", "liver", "селезёнка", "كبد", "a_b"}},
		"identifier": {Identifiers(surfaces), []string{"label_1", "label_2", "F_mur_gauche_3", "liver", "label_5", "label_6", "a_b"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
}

func TestHostileNamesAreUniqueAndPlain(t *testing.T) {
	surfaces := labelled("liver", "liver", "Liver", "", "", "../../etc", "a\nb", "\xff\xfe", "7up", "liver_2", "niño", strings.Repeat("é", 200),
		strings.Repeat("x", 10_000), strings.Repeat("肝", 10_000), strings.Repeat("x", 10_000)+"y", "nin\u0303o", "NIÑO", "label_4", "CON", "con.txt", "lpt1 ", "NUL.",
		"..", ".", " ", "a\x00b", "\u202egnp.exe", "a\u2028b", "\u0085", "\ufeffliver", `C:\x`, `"quoted"`, "#comment", "back\\", "a\tb", "ﬁne", "fine", "<b>&", "%s%n", "{}")
	plain := map[string]*regexp.Regexp{
		"name":       regexp.MustCompile(`^[^\p{Cc}\x{2028}\x{2029}\x{202a}-\x{202e}\x{feff}]+$`),
		"file":       regexp.MustCompile(`^[^\p{Cc}/\\:*?"<>|. ]([^\p{Cc}/\\:*?"<>|]*[^\p{Cc}/\\:*?"<>|. ])?$`),
		"word":       regexp.MustCompile(`^[^\p{Cc}\s#\\/"']+$`),
		"identifier": regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`),
	}
	device := regexp.MustCompile(`(?i)^(con|prn|aux|nul|com\d|lpt\d) *(\.|$)`)
	for kind, names := range map[string][]string{"name": Names(surfaces), "file": FileNames(surfaces), "word": Words(surfaces), "identifier": Identifiers(surfaces)} {
		seen := map[string]bool{}
		for i, name := range names {
			key := norm.NFKC.String(strings.ToLower(name))
			if seen[key] || !utf8.ValidString(name) || !plain[kind].MatchString(name) || len(name) > 200 {
				t.Errorf("%s %d: %q", kind, i, name)
			}
			if kind == "file" && device.MatchString(name) {
				t.Errorf("file %d is a device: %q", i, name)
			}
			seen[key] = true
		}
	}
	if got := Names(surfaces)[0]; got != "liver" {
		t.Errorf("the first keeps its name: %q", got)
	}
}

func TestVoxelIsTheShortestSpacingOrAnEdge(t *testing.T) {
	s := Scene{Spacing: [3]float64{0.8, 0.7, 3}}
	if got := s.Voxel(); got != 0.7 {
		t.Errorf("%v, want 0.7", got)
	}
	s = Scene{Surfaces: []surface.Surface{{Mesh: surface.Mesh{Vertices: [][3]float32{{0, 0, 0}, {0, 0.025, 0}, {1, 0, 0}}, Triangles: [][3]uint32{{0, 1, 2}}}}}}
	if got := s.Voxel(); got < 0.0249 || got > 0.0251 {
		t.Errorf("%v, want the edge's 0.025", got)
	}
	empty := Scene{}
	if got := empty.Voxel(); got != 1 {
		t.Errorf("%v for nothing", got)
	}
}
