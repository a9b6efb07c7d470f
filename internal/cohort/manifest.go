// Package cohort is what `iris cohort` knows of many scans beside the service: which they
// are (a manifest), what has become of each (a ledger that survives a crash), what may
// still be spent (a budget), and the table that comes of them. In: a CSV file, or rows. Out:
// rows, and one CSV file with a line for each scan and structure. Volumes are millilitres,
// surfaces cm², costs US dollars. Errors of a manifest or a ledger are *Error, with a code.
package cohort

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/iris-oculus/iris/internal/job"
)

// Row is one scan of a cohort.
type Row struct {
	ID      string            // of the person who made the manifest; may be empty
	Scan    string            // a path, or an address s3://bucket/key, as it was written
	Options map[string]string // of the job, by name
}

// Key tells rows apart in a ledger: the scan and its options, not its place in the file.
func (r Row) Key() string {
	return r.Scan + "\n" + optionText(r.Options)
}

// optionText writes options in one order.
func optionText(options map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(options)) {
		fmt.Fprintf(&b, "%s=%s\n", name, options[name])
	}
	return b.String()
}

// Error is a manifest or a ledger that cannot be used.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func badManifest(format string, args ...any) error {
	return &Error{Code: "bad_manifest", Message: fmt.Sprintf(format, args...)}
}

// Bounds of a manifest.
const (
	maxManifest = 64 << 20 // bytes
	MaxRows     = 100_000
)

// ReadManifest reads a CSV file whose first line names its columns: scan, and if wanted id
// and options of the job (task, structures, …), of which an empty cell is none. A column of
// any other name is refused, because it may be an option that is misspelt. Separators are
// commas, semicolons or tabs, whichever the first line has, as spreadsheets write them.
func ReadManifest(in io.Reader) ([]Row, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxManifest+1))
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	if len(text) > maxManifest {
		return nil, badManifest("the manifest has more than %d bytes", maxManifest)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return nil, badManifest("the manifest is not text in UTF-8: save it as CSV UTF-8")
	}
	comma := separator(text)
	if said, rest, ok := saidSeparator(text); ok {
		comma, text = said, rest
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = comma
	columns, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, badManifest("the manifest is empty: its first line names its columns, at least scan")
	}
	if err != nil {
		return nil, badCSV(err)
	}
	if err := checkColumns(columns); err != nil {
		return nil, err
	}
	var rows []Row
	ids := map[string]int{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, badCSV(err)
		}
		line, _ := r.FieldPos(0)
		row := rowOf(columns, cells)
		if row.Scan == "" {
			return nil, badManifest("line %d: scan is empty", line)
		}
		if first, twice := ids[row.ID]; twice && row.ID != "" {
			return nil, badManifest("line %d: the id is that of line %d too", line, first)
		}
		ids[row.ID] = line
		if rows = append(rows, row); len(rows) > MaxRows {
			return nil, badManifest("the manifest has more than %d scans", MaxRows)
		}
	}
	if len(rows) == 0 {
		return nil, badManifest("the manifest has no scans below its first line")
	}
	return rows, nil
}

func badCSV(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return badManifest("line %d: %v", parse.Line, parse.Err)
	}
	return badManifest("%v", err)
}

// separator is the one of the first line, in which names of columns have no such sign.
func separator(text []byte) rune {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', 0
	for _, sign := range ",;\t" {
		if n := bytes.Count(first, []byte(string(sign))); n > most {
			best, most = sign, n
		}
	}
	return best
}

// saidSeparator reads the line "sep=;" that Excel puts before the columns and hides.
func saidSeparator(text []byte) (sign rune, rest []byte, ok bool) {
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	said, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r"), []byte("sep="))
	if !ok || len(said) != 1 || !bytes.ContainsAny(said, ",;\t") {
		return 0, nil, false
	}
	return rune(said[0]), rest, true
}

func checkColumns(columns []string) error {
	seen := map[string]bool{}
	for i, name := range columns {
		name = strings.TrimSpace(name)
		columns[i] = name
		switch {
		case seen[name]:
			return badManifest("column %q is there twice", name)
		case name != "scan" && name != "id" && !slices.Contains(job.OptionNames, name):
			return badManifest("column %q is not known: want scan, id or an option: %s", name, strings.Join(job.OptionNames, ", "))
		}
		seen[name] = true
	}
	if !seen["scan"] {
		return badManifest("the manifest has no column scan: its first line names its columns")
	}
	return nil
}

func rowOf(columns, cells []string) Row {
	row := Row{Options: map[string]string{}}
	for i, name := range columns {
		switch value := strings.TrimSpace(cells[i]); {
		case name == "scan":
			row.Scan = value
		case name == "id":
			row.ID = value
		case value != "":
			row.Options[name] = value
		}
	}
	return row
}
