package labeltable

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"
)

// afniTable is the beginning of AFNI's table of labels, which 3drefit -labeltable
// writes.
const afniTable = "VALUE_LABEL_DTABLE"

// parseAFNI reads pairs of quoted text, a number and its name:
//
//	<VALUE_LABEL_DTABLE ni_type="2*String" ni_dimen="2" > "1" "liver" "2" "spleen" </VALUE_LABEL_DTABLE>
//
// A NIfTI header holds it within an attribute of AFNI's, its marks escaped. It has no
// colours.
func parseAFNI(text []byte) ([]Entry, error) {
	plain := html.UnescapeString(string(bytes.ToValidUTF8(text, nil)))
	_, table, found := strings.Cut(plain, "<"+afniTable)
	if !found {
		return nil, fmt.Errorf("it names AFNI's %s and holds none", afniTable)
	}
	_, table, _ = strings.Cut(table, ">")
	table, _, _ = strings.Cut(table, "</"+afniTable)
	quoted := func() (text string, ok bool) {
		if _, table, ok = strings.Cut(table, `"`); ok {
			text, table, ok = strings.Cut(table, `"`)
		}
		return text, ok
	}
	var entries []Entry
	for len(entries) <= maxEntries {
		number, ok := quoted()
		name, both := quoted()
		if !ok || !both {
			break
		}
		id, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("a number in AFNI's table of labels cannot be read")
		}
		entries = append(entries, Entry{ID: id, Name: name})
	}
	return entries, nil
}
