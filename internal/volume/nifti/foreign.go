package nifti

import (
	"bytes"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/labeltable"
)

// Codes of nifti1.h under which other programs keep label tables. TotalSegmentator
// writes Connectome Workbench's XML under 0.
const (
	ecodeUnknown    = 0
	ecodeAFNI       = 4
	ecodeFreeSurfer = 14
	ecodeCaret      = 30
)

// foreignTable looks for the table of another program among the extensions, and
// says whether it found one. What looks like a table and cannot be read is warned of.
func foreignTable(f *file, m *volume.LabelMap) bool {
	broken := false
	for e := range f.eachExtension() {
		text := bytes.Trim(e.text, "\x00 \t\r\n")
		if !looksLikeTable(e.code, text) {
			continue
		}
		entries, err := labeltable.Parse(text)
		if err == nil && labeltable.Apply(m, entries) > 0 {
			return true
		}
		broken = true
	}
	if broken {
		m.Warnings = append(m.Warnings, volume.Warning{Code: "labels_table_ignored",
			Message: "an extension of the header looks like a table of label names but could not be read; the structures have no names from it"})
	}
	return false
}

// looksLikeTable tells a label table by its code and its first bytes.
func looksLikeTable(code int, text []byte) bool {
	switch code {
	case ecodeCaret:
		return bytes.Contains(text, []byte("<Label"))
	case ecodeAFNI:
		return bytes.Contains(text, []byte("VALUE_LABEL_DTABLE")) || bytes.Contains(text, []byte("ATLAS_LABEL_TABLE"))
	case ecodeFreeSurfer:
		// FreeSurfer's tags are binary; a colour table holds the names of its structures.
		return bytes.Contains(text, []byte("Cerebral")) || bytes.Contains(text, []byte("ColorLUT")) || bytes.Contains(text, []byte("Unknown"))
	case ecodeUnknown, ecodeComment:
		return bytes.Contains(text, []byte("<LabelTable")) || bytes.Contains(text, []byte("<CaretExtension")) ||
			len(text) > 0 && (text[0] == '{' || text[0] == '[') && !bytes.HasPrefix(text, []byte(`{"iris":`)) && bytes.Contains(text, []byte(`"labels"`))
	}
	return false
}
