package build

import (
	"fmt"
	"math"
	"strings"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Warnings say what was asked for and is not in the surfaces, and which groups are
// not one piece: structure_not_found for a structure, or a member of a group, without
// voxels, merge_apart for a group whose members do not all touch, too_many_triangles
// where decimation stopped before the number asked for, and volume_changed where it
// took or gave more than 2 % of a volume.
func Warnings(m *volume.LabelMap, o Options, surfaces []surface.Surface) []volume.Warning {
	return append(append(missing(m, o, surfaces), heavy(o.Decimation, surfaces)...), thinned(surfaces)...)
}

// thinned warns of structures that decimation made clearly smaller or larger: sheets
// as thin as a voxel have little volume for their surface.
func thinned(surfaces []surface.Surface) []volume.Warning {
	const told = 0.02 // of the volume
	var names []string
	for i := range surfaces {
		was, is := surfaces[i].Before.ML, surfaces[i].Measure.MeshML
		if was > 0 && math.Abs(is-was) > told*was {
			names = append(names, fmt.Sprintf("%s (%+.1f %%)", surfaces[i].Label.Name, 100*(is/was-1)))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []volume.Warning{{Code: "volume_changed", Message: "decimation changed the volume of " + listed(names) + ": decimate=none keeps it"}}
}

// listed joins names into one sentence, which names at most eight of them.
func listed(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d others", strings.Join(names[:most], ", "), len(names)-most)
}

// within is how far a number of triangles may lie above the one asked for before it
// is worth a warning.
const within = 1.1

// heavy warns of meshes that keep clearly more triangles than were asked for.
func heavy(d Decimation, surfaces []surface.Surface) []volume.Warning {
	const why = "fewer would change their form, or let surfaces cross"
	switch {
	case d.Triangles > 0:
		var names []string
		for i := range surfaces {
			if n := len(surfaces[i].Mesh.Triangles); float64(n) > within*float64(d.Triangles) {
				names = append(names, fmt.Sprintf("%s (%d)", surfaces[i].Label.Name, n))
			}
		}
		if len(names) == 0 {
			return nil
		}
		return []volume.Warning{{Code: "too_many_triangles", Message: fmt.Sprintf("more than %d triangles are left in %s: %s", d.Triangles, listed(names), why)}}
	case d.Ratio > 0:
		var left, whole int64
		for i := range surfaces {
			left += int64(len(surfaces[i].Mesh.Triangles))
			whole += surfaces[i].Before.Triangles
		}
		if whole > 0 && float64(left) > within*d.Ratio*float64(whole) {
			return []volume.Warning{{Code: "too_many_triangles", Message: fmt.Sprintf("%d of %d triangles are left, more than the share of %g that was asked for: %s", left, whole, d.Ratio, why)}}
		}
	}
	return nil
}

// missing warns of what was asked for and is not there, and of groups in pieces.
func missing(m *volume.LabelMap, o Options, surfaces []surface.Surface) []volume.Warning {
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
