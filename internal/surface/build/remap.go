package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/volume"
)

// choice says which structures are meshed, and their names, ids and colours.
type choice struct {
	// dense is the number of the structure that each label of the map belongs to,
	// 0 for none; nil when every label of a uint8 map is its own.
	dense []uint16
	// labels are the structures by number; nil with dense nil.
	labels []volume.Label
	table  *volume.Table
}

// label is the structure with a number.
func (c *choice) label(number int) volume.Label {
	if c.dense == nil {
		return entry(c.table, number)
	}
	return c.labels[number]
}

// of is the number of the structure that a label of the map belongs to.
func (c *choice) of(label int) int {
	if c.dense == nil {
		return label
	}
	return int(c.dense[label])
}

// shells says, by number, which structures the label table marks as thin.
func (c *choice) shells(tallies []nets.Tally) []bool {
	thin := make([]bool, len(tallies))
	for d := 1; d < len(tallies); d++ {
		thin[d] = tallies[d].Voxels > 0 && c.label(d).Shell
	}
	return thin
}

// entry is the table's entry of a label id, or one made up for it.
func entry(t *volume.Table, id int) volume.Label {
	if l, ok := t.Find(id); ok {
		if l.Name == "" {
			l.Name = unnamed(id)
		}
		if l.Color == "" {
			l.Color = volume.ColorOf(int64(id))
		}
		return l
	}
	return volume.Label{ID: id, Name: unnamed(id), Color: volume.ColorOf(int64(id))}
}

func unnamed(id int) string { return fmt.Sprintf("label_%d", id) }

// choose resolves Structures and Merge against the labels of the map.
func choose(m *volume.LabelMap, o *Options) (*choice, error) {
	c := &choice{table: &m.Table}
	if m.U8 != nil && len(o.Structures) == 0 && len(o.Merge) == 0 {
		return c, nil
	}
	present := presentLabels(m)
	groups, err := resolveGroups(m, present, o)
	if err != nil {
		return nil, err
	}
	wanted, err := wantedNames(m, present, o)
	if err != nil {
		return nil, err
	}

	// The structure of each present label, then numbers in order of their ids.
	structures := make(map[int]volume.Label)
	home := make([]int, len(present)) // id of the structure, 0: left out
	for label, here := range present {
		if label == 0 || !here {
			continue
		}
		l := entry(&m.Table, label)
		g := groups[label]
		if len(wanted) > 0 && !wanted[l.Name] && (g == nil || !g.wanted) {
			continue
		}
		if g != nil {
			l = g.label
		}
		home[label] = l.ID
		structures[l.ID] = l
	}
	ids := make([]int, 0, len(structures))
	for id := range structures {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	c.labels = make([]volume.Label, 1, len(ids)+1)
	number := make(map[int]uint16, len(ids))
	for _, id := range ids {
		number[id] = uint16(len(c.labels))
		c.labels = append(c.labels, structures[id])
	}
	c.dense = make([]uint16, len(present))
	for label, id := range home {
		c.dense[label] = number[id]
	}
	return c, nil
}

// presentLabels says which labels have voxels.
func presentLabels(m *volume.LabelMap) []bool {
	if m.U8 != nil {
		present := make([]bool, 1<<8)
		for _, v := range m.U8 {
			present[v] = true
		}
		return present
	}
	present := make([]bool, 1<<16)
	for _, v := range m.U16 {
		present[v] = true
	}
	return present
}

// group is a Group of the options whose members were found in the label map.
type group struct {
	label  volume.Label
	wanted bool // Structures names it or one of its members
}

// resolveGroups finds the group of each label, by label.
func resolveGroups(m *volume.LabelMap, present []bool, o *Options) ([]*group, error) {
	groups := make([]*group, len(present))
	home := make(map[string]string) // the group of each member, by name
	for _, g := range o.Merge {
		if g.Name == "" || len(g.Of) == 0 {
			return nil, volume.Reject("bad_option", "merge: a group needs a name and members")
		}
		resolved := &group{wanted: slices.Contains(o.Structures, g.Name)}
		var members []volume.Label
		for _, name := range g.Of {
			ids := named(&m.Table, present, name)
			if len(ids) == 0 {
				return nil, unknown(m, "merge", name)
			}
			if other, taken := home[name]; taken {
				return nil, volume.Reject("bad_option", "merge: %q is named twice, in %q and in %q", name, other, g.Name)
			}
			home[name] = g.Name
			resolved.wanted = resolved.wanted || slices.Contains(o.Structures, name)
			for _, id := range ids {
				groups[id] = resolved
				members = append(members, entry(&m.Table, id))
			}
		}
		resolved.label = mergedLabel(g.Name, members)
	}
	for i, g := range o.Merge {
		taken := len(named(&m.Table, present, g.Name)) > 0 && home[g.Name] != g.Name
		for _, before := range o.Merge[:i] {
			taken = taken || before.Name == g.Name
		}
		if taken {
			return nil, volume.Reject("bad_option", "merge: the name %q is taken", g.Name)
		}
	}
	return groups, nil
}

// mergedLabel is the label of a group: the smallest id of its members, the colour of
// the first one named, the anatomical group if all have the same. It has no code,
// because no code stands for the members together, and is thin where a member is.
func mergedLabel(name string, members []volume.Label) volume.Label {
	first := members[0]
	merged := volume.Label{ID: first.ID, Name: name, Color: first.Color, Group: first.Group}
	for _, l := range members {
		merged.ID = min(merged.ID, l.ID)
		merged.Shell = merged.Shell || l.Shell
		if l.Group != first.Group {
			merged.Group = ""
		}
	}
	return merged
}

// wantedNames is the set of Structures, each of which must exist.
func wantedNames(m *volume.LabelMap, present []bool, o *Options) (map[string]bool, error) {
	wanted := make(map[string]bool)
	for _, name := range o.Structures {
		isGroup := slices.ContainsFunc(o.Merge, func(g Group) bool { return g.Name == name })
		if !isGroup && len(named(&m.Table, present, name)) == 0 {
			return nil, unknown(m, "structures", name)
		}
		wanted[name] = true
	}
	return wanted, nil
}

// named lists the label ids with a name, ascending: those of the table, and those
// that have voxels and no entry.
func named(t *volume.Table, present []bool, name string) (ids []int) {
	for _, l := range t.Labels {
		if l.Name == name && l.ID > 0 && l.ID < len(present) {
			ids = append(ids, l.ID)
		}
	}
	var id int
	if _, err := fmt.Sscanf(name, "label_%d", &id); err == nil && id > 0 && id < len(present) && present[id] && entry(t, id).Name == name && !slices.Contains(ids, id) {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Names lists what a label map holds, in order of ids: the names of its table and
// of labels that have voxels and no entry. Structures and Merge may ask for these.
func Names(m *volume.LabelMap) []string {
	present := presentLabels(m)
	for _, l := range m.Table.Labels {
		if l.ID > 0 && l.ID < len(present) {
			present[l.ID] = true
		}
	}
	var names []string
	for id, here := range present {
		if id > 0 && here {
			names = append(names, entry(&m.Table, id).Name)
		}
	}
	return names
}

// Found lists the names of the structures that have voxels, in order of their ids.
func Found(m *volume.LabelMap) []string {
	var names []string
	for id, here := range presentLabels(m) {
		if id > 0 && here {
			names = append(names, entry(&m.Table, id).Name)
		}
	}
	return names
}

// unknown is the error for a name that the label map does not have. It lists the
// names that the map has.
func unknown(m *volume.LabelMap, option, name string) error {
	const most = 30 // of the names, in one sentence
	names, more := Names(m), ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	return volume.Reject("bad_option", "option %s: the label map has no structure %q, only %s%s", option, name, strings.Join(names, ", "), more)
}
