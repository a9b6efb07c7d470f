package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/labeltable"
)

// readLabels reads a label map and the table of its labels: that in the file table
// when one is named, else that in the header, else that of a file beside the map.
func readLabels(path, table string) (*volume.LabelMap, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, coded("open the input", err)
	}
	defer in.Close()
	m, err := prepare.ReadLabels(in)
	if err != nil {
		return nil, coded("read the input", err)
	}
	if table != "" {
		entries, err := readTable(table)
		if err != nil {
			return nil, coded("read the label table", err)
		}
		if labeltable.Apply(m, entries) == 0 {
			return nil, volume.Reject("bad_labels_table", "the label table has no entry for a label of this map")
		}
		return m, nil
	}
	for _, l := range m.Table.Labels {
		if l.Source == 0 || l.Name != fmt.Sprintf("label_%d", l.Source) { // from a table, not made up
			return m, nil
		}
	}
	for _, beside := range tablesBeside(path) {
		entries, err := readTable(beside)
		if err == nil && labeltable.Apply(m, entries) > 0 {
			return m, nil
		}
		// A .json or .txt of the same name need not be a table, so this is only a
		// warning.
		m.Warnings = append(m.Warnings, volume.Warning{Code: "labels_table_ignored",
			Message: "the " + filepath.Ext(beside) + " file beside the label map is no label table that could be read; --labels-table says why"})
	}
	return m, nil
}

// tablesBeside lists the files beside a label map that may hold its table, by
// their endings.
func tablesBeside(path string) (found []string) {
	base := path
	for _, ending := range []string{".gz", ".nii", ".nrrd", ".seg"} {
		if strings.HasSuffix(strings.ToLower(base), ending) {
			base = base[:len(base)-len(ending)]
		}
	}
	for _, ending := range []string{".label", ".lut", ".ctbl", ".txt", ".tsv", ".csv", ".json"} {
		if info, err := os.Stat(base + ending); err == nil && info.Mode().IsRegular() {
			found = append(found, base+ending)
		}
	}
	return found
}

func readTable(path string) ([]labeltable.Entry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, labeltable.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	return labeltable.Parse(text)
}
