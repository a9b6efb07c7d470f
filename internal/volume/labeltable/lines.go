package labeltable

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
)

// parseLines reads a table of lines: with a heading, or one of ITK-SNAP's
// (number, red, green, blue, opacity, two switches, name in quotes) or
// FreeSurfer's (number, name, red, green, blue, opacity). A line that starts with #
// or // is a remark.
func parseLines(text string) ([]Entry, error) {
	var lines []string
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text) // old programs end lines with \r
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if at := strings.TrimSpace(line); at != "" && at[0] != '#' && at[0] != '%' && !strings.HasPrefix(at, "//") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("it has no lines but remarks")
	}
	for _, comma := range []rune{'\t', ',', ';'} {
		if columns, ok := heading(lines[0], comma); ok {
			return parseColumns(lines[1:], comma, columns)
		}
	}
	var entries []Entry
	for n, line := range lines {
		e, ok := parseLine(line)
		if !ok {
			return nil, fmt.Errorf("line %d is neither ITK-SNAP's nor FreeSurfer's, and there is no heading", n+1)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func parseLine(line string) (Entry, bool) {
	if open := strings.IndexByte(line, '"'); open >= 0 {
		return parseQuoted(line[:open], line[open+1:])
	}
	fields := strings.Fields(strings.ReplaceAll(line, ",", " "))
	if len(fields) < 2 {
		return Entry{}, false
	}
	id, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return Entry{}, false
	}
	// The colour is the last three or four numbers, of which the name keeps none.
	rest := fields[1:]
	// Some of FreeSurfer 8's lines have a class of tissue after the opacity, which is 0.
	if n := len(rest) - 5; n == 1 {
		if v, ok := numbers(rest[n:]); ok && v[3] == 0 && v[4] >= 2 && v[4] <= 6 {
			rest = rest[:len(rest)-1]
		}
	}
	for _, count := range []int{4, 3} {
		if len(rest) > count {
			if v, ok := numbers(rest[len(rest)-count:]); ok {
				return Entry{ID: id, Name: strings.Join(rest[:len(rest)-count], " "), Color: RGB(v[0], v[1], v[2])}, true
			}
		}
	}
	return Entry{ID: id, Name: strings.Join(rest, " ")}, true
}

// parseQuoted reads a line whose name is in quotes: after its number and colour, as
// ITK-SNAP writes it, or between them.
func parseQuoted(before, after string) (Entry, bool) {
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t,;", r) })
	}
	name, colour := after, ""
	if end := strings.LastIndexByte(after, '"'); end >= 0 {
		name, colour = after[:end], after[end+1:]
	}
	v, ok := numbers(split(before))
	if !ok || len(v) == 0 || v[0] != float64(int64(v[0])) {
		return Entry{}, false
	}
	e := Entry{ID: int64(v[0]), Name: name}
	switch c, _ := numbers(split(colour)); {
	case len(v) >= 4:
		e.Color = RGB(v[1], v[2], v[3])
	case len(v) == 1 && len(c) >= 3:
		e.Color = RGB(c[0], c[1], c[2])
	case len(v) != 1:
		return Entry{}, false
	}
	return e, true
}

func numbers(fields []string) ([]float64, bool) {
	out := make([]float64, len(fields))
	for i, f := range fields {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil || v != v {
			return nil, false
		}
		out[i] = v
	}
	return out, true
}

// headings are the names of the columns that are read, by what they hold.
var headings = map[string][]string{
	"id":    {"index", "id", "label", "labelvalue", "value", "key", "structure_id", "no", "number"},
	"name":  {"name", "label_name", "labelname", "structure", "safe_name", "description", "abbreviation", "acronym"},
	"color": {"color", "colour", "hex", "color_hex_triplet"},
	"r":     {"r", "red", "color_r"}, "g": {"g", "green", "color_g"}, "b": {"b", "blue", "color_b"},
}

// heading finds the columns of a first line.
func heading(line string, comma rune) (map[string]int, bool) {
	if !strings.ContainsRune(line, comma) {
		return nil, false
	}
	at := map[string]int{}
	for i, field := range strings.Split(line, string(comma)) {
		at[strings.ToLower(strings.Trim(strings.TrimSpace(field), `"`))] = i
	}
	columns := map[string]int{}
	for kind, names := range headings {
		for _, name := range names {
			if i, ok := at[name]; ok {
				columns[kind] = i
				break
			}
		}
	}
	_, id := columns["id"]
	_, name := columns["name"]
	return columns, id && name
}

func parseColumns(lines []string, comma rune, columns map[string]int) ([]Entry, error) {
	in := csv.NewReader(strings.NewReader(strings.Join(lines, "\n")))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = comma, -1, true
	rows, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("its columns are broken")
	}
	var entries []Entry
	for _, row := range rows {
		field := func(kind string) string {
			if i, ok := columns[kind]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		id, err := strconv.ParseFloat(field("id"), 64)
		if err != nil || id != float64(int64(id)) {
			return nil, fmt.Errorf("a number in its column of labels is no whole number")
		}
		e := Entry{ID: int64(id), Name: field("name"), Color: hex(field("color"))}
		if v, ok := numbers([]string{field("r"), field("g"), field("b")}); ok {
			e.Color = RGB(v[0], v[1], v[2])
		}
		entries = append(entries, e)
	}
	return entries, nil
}
