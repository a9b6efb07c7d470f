package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zip"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/labeltable"
	"github.com/iris-oculus/iris/internal/volume/magic"
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
	if prepare.Named(m) {
		return m, nil
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
	for _, beside := range job.LabelTables(path) {
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			found = append(found, beside)
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

// zipLabels packs a label map and the names of its labels into a .zip. A table that
// cannot be read is refused before anything is sent. What else it says, such as remarks,
// is not sent.
func zipLabels(path, table string) (*scanFile, error) {
	entries, err := readTable(table)
	if err != nil {
		return nil, coded("read the label table", err)
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, &exitError{exitUsage, withoutPath(path, err)}
	}
	defer in.Close()
	return zipped(func(w io.Writer) error { return withoutPath("pack the label map", writeLabels(w, in, entries)) })
}

// writeLabels writes the .zip. Within it the map is stored as it is, but a NIfTI file
// that is not compressed becomes gzip: services refuse an archive that expands to more
// than some hundred times its size, which a label map in a zip's own compression may.
func writeLabels(w io.Writer, labels io.Reader, entries []labeltable.Entry) error {
	pack := zip.NewWriter(w)
	entry, err := pack.CreateHeader(entryHeader(0, zip.Store))
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(labels, magic.Length)
	head, err := in.Peek(magic.Length)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if magic.Of(head).Class == magic.NIfTI {
		z := gzip.NewWriter(entry)
		if _, err := io.Copy(z, in); err != nil {
			return err
		}
		err = z.Close()
	} else {
		_, err = io.Copy(entry, in)
	}
	if err != nil {
		return err
	}
	if entry, err = pack.CreateHeader(entryHeader(1, zip.Deflate)); err != nil {
		return err
	}
	names := make([]volume.Label, len(entries)) // whose JSON is a table that is read
	for i, e := range entries {
		names[i] = volume.Label{Name: e.Name, Color: e.Color, ID: int(e.ID)}
	}
	if err := json.NewEncoder(entry).Encode(names); err != nil {
		return err
	}
	return pack.Close()
}
