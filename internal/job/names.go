package job

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names of structures stand in the options structures and merge, separated by commas.
// A name with one of ,;=" in it stands in double quotes, in which a quote is doubled, as
// in a field of CSV (RFC 4180): "Node, left", "the 5"" tube".

// separators are the characters that a name holds only in quotes.
const separators = `,;="`

// spelled is a name as it is written in an option.
func spelled(name string) string {
	if !strings.ContainsAny(name, separators) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// SpelledNames is a list of names as the option structures takes it.
func SpelledNames(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = spelled(name)
	}
	return strings.Join(out, ",")
}

// SpelledMerge is what the option merge takes.
func SpelledMerge(merge []Merge) string {
	out := make([]string, len(merge))
	for i, m := range merge {
		out[i] = spelled(m.Name) + "=" + SpelledNames(m.Of)
	}
	return strings.Join(out, ";")
}

// split cuts an option's value at each separator that is not within a quoted name. A
// quote opens a name only at its beginning, so that 5" tube is a name of its own kind.
func split(s string, separator byte) (parts []string) {
	from, quoted, begins := 0, false, true
	for i := range len(s) {
		c := s[i]
		switch {
		case quoted:
			quoted = c != '"'
			begins = !quoted // a doubled quote opens the name again
			continue
		case c == '"' && begins:
			quoted = true
		case c == separator:
			parts, from = append(parts, s[from:i]), i+1
		}
		begins = c == ',' || c == ';' || c == '=' || begins && c == ' '
	}
	return append(parts, s[from:])
}

// unquoted is the name that a part spells; false for a quote that is not closed or is
// followed by something, and for a separator that is not in quotes.
func unquoted(part string) (name string, ok bool) {
	part = strings.TrimSpace(part)
	inner, quoted := strings.CutPrefix(part, `"`)
	if !quoted {
		return part, !strings.ContainsAny(part, ",;=")
	}
	inner, closed := strings.CutSuffix(inner, `"`)
	name = strings.ReplaceAll(inner, `""`, "\x00")
	if !closed || strings.Contains(name, `"`) {
		return "", false
	}
	return strings.TrimSpace(strings.ReplaceAll(name, "\x00", `"`)), true
}

// isLabelName says whether a name may be one of a label table: its readers leave names
// of at most 800 bytes, on one line.
func isLabelName(name string) bool {
	return name != "" && len(name) <= maxLabelName && strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsPrint(r) || r == utf8.RuneError
	}) < 0
}

// Held gives the options with the names that a label map holds. A name that the map does
// not have as it is written stands for the only one that differs from it in case, or in
// spaces, _ and -. Every other name is refused, with the one that was probably meant. If
// names is empty it is not known what the map holds, and nothing is refused or changed.
func (o Options) Held(names []string) (Options, error) {
	if len(names) == 0 {
		return o, nil
	}
	groups := map[string]bool{}
	for _, m := range o.Merge {
		groups[m.Name] = true
	}
	byFold := map[string][]string{}
	for _, name := range names {
		if f := folded(name); !slices.Contains(byFold[f], name) {
			byFold[f] = append(byFold[f], name)
		}
	}
	held := func(asked []string, solids map[string]bool) ([]string, error) {
		var out []string
		for _, name := range asked {
			if !solids[name] && !slices.Contains(names, name) {
				switch alike := byFold[folded(name)]; {
				case len(alike) == 1:
					name = alike[0]
				case len(alike) > 1:
					return nil, Reject("bad_option", "%s may be %s: write it as the label map does", quoted(name), Listed(alike))
				}
			}
			if !contains(out, name) {
				out = append(out, name)
			}
		}
		return out, nil
	}
	var err error
	if o.Structures, err = held(o.Structures, groups); err != nil {
		return o, err
	}
	merges := make([]Merge, len(o.Merge))
	for i, m := range o.Merge {
		merges[i].Name = m.Name
		if merges[i].Of, err = held(m.Of, nil); err != nil {
			return o, err
		}
	}
	if o.Merge = nil; len(merges) > 0 {
		o.Merge = merges
	}
	if err := apart(o.Merge); err != nil { // two spellings may have been one structure
		return o, err
	}
	return o, o.CheckHeld(names)
}

// folded is a name without what Held does not tell apart.
func folded(name string) string {
	return strings.ToLower(strings.NewReplacer("_", " ", "-", " ").Replace(name))
}
