package build

import (
	"fmt"
	"strings"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Warnings say what was asked for and is not in the surfaces, and which groups are
// not one piece: structure_not_found for a structure, or a member of a group, without
// voxels, and merge_apart for a group whose members do not all touch.
func Warnings(m *volume.LabelMap, o Options, surfaces []surface.Surface) []volume.Warning {
	if len(o.Structures)+len(o.Merge) == 0 {
		return nil
	}
	made := make(map[string]*surface.Surface, len(surfaces))
	for i := range surfaces {
		made[surfaces[i].Label.Name] = &surfaces[i]
	}
	has := make(map[string]bool)
	for _, name := range Found(m) {
		has[name] = true
	}
	var out []volume.Warning
	told := make(map[string]bool)
	for _, g := range o.Merge {
		var absent []string
		for _, name := range g.Of {
			if !has[name] {
				absent = append(absent, name)
				told[name] = true
			}
		}
		s := made[g.Name]
		switch {
		case len(absent) == len(g.Of):
			told[g.Name] = true
			out = append(out, volume.Warning{Code: "structure_not_found", Message: fmt.Sprintf("the scan shows nothing of %s (%s)", g.Name, strings.Join(absent, ", "))})
		case len(absent) > 0 && s != nil:
			out = append(out, volume.Warning{Code: "structure_not_found", Message: fmt.Sprintf("the scan shows nothing of %s, so %s is made without", strings.Join(absent, ", "), g.Name)})
		}
		if s != nil {
			told[g.Name] = true
			for _, name := range g.Of {
				told[name] = true // it is in the group
			}
			if n := s.Measure.Components; n > 1 {
				out = append(out, volume.Warning{Code: "merge_apart", Message: fmt.Sprintf("%s is %d pieces that do not touch: parts are merged where they touch, and nothing joins the others", g.Name, n)})
			}
		}
	}
	for _, name := range o.Structures {
		if made[name] == nil && !told[name] {
			out = append(out, volume.Warning{Code: "structure_not_found", Message: fmt.Sprintf("the scan shows nothing of %s", name)})
		}
	}
	return out
}
