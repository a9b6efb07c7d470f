// Package labeltable reads the label tables of other programs, which give names and
// colours to the numbers of a label map.
//
// In: the text of a table, from a header extension or from a file beside the label
// map. The content tells in which of these forms it is:
//
//   - Connectome Workbench's XML, which TotalSegmentator's --ml files also carry;
//   - AFNI's VALUE_LABEL_DTABLE;
//   - ITK-SNAP's label descriptions;
//   - FreeSurfer's colour tables, which 3D Slicer's .ctbl files look like;
//   - tables with a heading, separated by tabs or commas (BIDS' dseg.tsv): columns
//     index, id, label or value; name; color (#rrggbb) or r, g, b;
//   - JSON: {"1": "liver"}, {"liver": 1}, {"1": {"name": "liver", "color": "#aa2020"}},
//     [{"id": 1, "name": "liver", "color": [170, 32, 32]}], or one of these under
//     "labels" (nnU-Net, our own tables) or with "children" (Allen's atlases).
//
// Out: entries in order of their number, the background left out. Errors are
// *volume.Error bad_labels_table.
package labeltable

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/iris-oculus/iris/internal/volume"
)

// Entry is one line of a table.
type Entry struct {
	ID    int64
	Name  string
	Color string // sRGB, "#rrggbb", or empty for none
}

// Bounds on what a table may hold.
const (
	MaxBytes   = 16 << 20
	maxEntries = 1 << 20
	maxName    = 200 // characters; longer names are cut
)

// Parse reads a table.
func Parse(text []byte) ([]Entry, error) {
	if len(text) > MaxBytes {
		return nil, volume.Reject("bad_labels_table", "the label table has %d bytes: want at most %d", len(text), MaxBytes)
	}
	text = bytes.TrimPrefix(bytes.TrimRight(utf8Of(text), "\x00 \t\r\n"), []byte("\xef\xbb\xbf"))
	text = bytes.TrimLeft(text, " \t\r\n")
	var entries []Entry
	var err error
	switch {
	case len(text) == 0:
		err = fmt.Errorf("it is empty")
	case text[0] == '<' && bytes.Contains(text, []byte(afniTable)):
		entries, err = parseAFNI(text)
	case text[0] == '<':
		entries, err = parseXML(text)
	case text[0] == '{' || text[0] == '[':
		entries, err = parseJSON(text)
	default:
		entries, err = parseLines(string(text))
	}
	if err == nil && len(entries) > maxEntries {
		err = fmt.Errorf("it has %d entries: want at most %d", len(entries), maxEntries)
	}
	if err != nil {
		return nil, volume.Reject("bad_labels_table", "the label table cannot be read: %v", err)
	}
	return tidy(entries)
}

// tidy leaves out the background, empty names, and all but the first entry of a number,
// and makes names fit for printing.
func tidy(entries []Entry) ([]Entry, error) {
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.ID <= 0 })
	for i := range entries {
		entries[i].Name = Printable(entries[i].Name)
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Name == "" })
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	entries = slices.CompactFunc(entries, func(a, b Entry) bool { return a.ID == b.ID })
	if len(entries) == 0 {
		return nil, volume.Reject("bad_labels_table", "the label table cannot be read: it names no label above 0")
	}
	return entries, nil
}

// Printable is a name on one line, without characters that cannot be printed, cut to
// maxName.
func Printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxName {
		s = strings.TrimRight(string(r[:maxName]), " ")
	}
	return s
}

// RGB is a colour of three parts from 0 to 255; others are cut to that.
func RGB(r, g, b float64) string {
	part := func(v float64) int { return int(min(max(v, 0), 255) + 0.5) }
	return fmt.Sprintf("#%02x%02x%02x", part(r), part(g), part(b))
}

// hex reads a colour, "#aabbcc" or "aabbcc". It gives "" for anything else.
func hex(s string) string {
	s = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), "#"))
	if len(s) == 8 { // with opacity
		s = s[:6]
	}
	if len(s) != 6 || strings.Trim(s, "0123456789abcdef") != "" {
		return ""
	}
	return "#" + s
}

// Apply gives a label map the names and colours of a table, for the labels that the
// map's own table does not have. Numbers are those of the file that the map came
// from. It says how many entries there were for labels of that kind.
func Apply(m *volume.LabelMap, entries []Entry) (applied int) {
	bySource := make(map[int64]int)
	have := make(map[int]int) // place in the map's table
	for i, l := range m.Table.Labels {
		have[l.ID] = i
		if l.Source != 0 {
			bySource[l.Source] = l.ID
		}
	}
	for _, e := range entries {
		id, renumbered := bySource[e.ID]
		if !renumbered {
			if len(bySource) > 0 || e.ID > 65535 {
				continue
			}
			id = int(e.ID)
		}
		applied++
		if i, ok := have[id]; ok {
			m.Table.Labels[i].Name = e.Name
			if e.Color != "" {
				m.Table.Labels[i].Color = e.Color
			}
			continue
		}
		m.Table.Labels = append(m.Table.Labels, volume.Label{ID: id, Name: e.Name, Color: e.Color})
	}
	if applied > 0 {
		m.Table.Iris = volume.TableVersion
	}
	slices.SortStableFunc(m.Table.Labels, func(a, b volume.Label) int { return cmp.Compare(a.ID, b.ID) })
	return applied
}
