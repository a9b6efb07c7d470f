// Package scene is what every mesh format writes: the surfaces of one scan with
// their names, colours and axes. In: surfaces in world RAS millimetres. Out:
// unique names, sRGB and linear colours, and positions in the axes of a format.
package scene

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Scene is the surfaces of one scan and where they come from. Surfaces are in
// world RAS millimetres, owned by the caller and only read here.
type Scene struct {
	Surfaces   []surface.Surface
	Provenance volume.Provenance
	Spacing    [3]float64 // mm between voxel centres of the label map
}

// Names are the surfaces' names made fit for any format and unique: valid UTF-8
// on one line; a name already taken gets its label's number, then a counter.
func Names(surfaces []surface.Surface) []string {
	names := make([]string, len(surfaces))
	for i := range surfaces {
		names[i] = oneLine(surfaces[i].Label.Name)
	}
	return unique(names, surfaces)
}

// FileNames are Names reduced to letters, digits, point, hyphen and underscore,
// so that each is a plain file name on any system.
func FileNames(surfaces []surface.Surface) []string {
	names := make([]string, len(surfaces))
	for i := range surfaces {
		names[i] = strings.TrimLeft(notFile.ReplaceAllString(oneLine(surfaces[i].Label.Name), "_"), ".")
	}
	return unique(names, surfaces)
}

// Identifiers are Names reduced to letters, digits and underscore, not starting
// with a digit, as USD wants them.
func Identifiers(surfaces []surface.Surface) []string {
	names := make([]string, len(surfaces))
	for i := range surfaces {
		names[i] = notIdentifier.ReplaceAllString(oneLine(surfaces[i].Label.Name), "_")
		if names[i] != "" && names[i][0] >= '0' && names[i][0] <= '9' {
			names[i] = "_" + names[i]
		}
	}
	return unique(names, surfaces)
}

var (
	notFile       = regexp.MustCompile(`[^A-Za-z0-9._-]`)
	notIdentifier = regexp.MustCompile(`[^A-Za-z0-9_]`)
)

// maxName bounds a name that a label table brought, in bytes.
const maxName = 128

func oneLine(name string) string {
	if len(name) > maxName {
		name = name[:maxName]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
}

func unique(names []string, surfaces []surface.Surface) []string {
	// Names differing in case only would meet in one file on some systems.
	taken := make(map[string]bool, len(names))
	for i, name := range names {
		if name == "" {
			name = fmt.Sprintf("label_%d", surfaces[i].Label.ID)
		} else if taken[strings.ToLower(name)] {
			name = fmt.Sprintf("%s_%d", name, surfaces[i].Label.ID)
		}
		for base, n := name, 2; taken[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s_%d", base, n)
		}
		taken[strings.ToLower(name)] = true
		names[i] = name
	}
	return names
}
