package job

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"strings"
)

// maxExportStem bounds the readable form of an export's name; a longer list of
// structures is named by its digest.
const maxExportStem = 120

// ExportName is the name of an export below a job's attempt in the results bucket, in
// the form `export/<structures or all>.<format>`. The order and repetition of structures
// do not matter. The name holds the SHA-256 of the structures if their list is longer
// than maxExportStem or could be mistaken for another one: if a name has a "+", is
// "all", or has other characters than a plain name.
func ExportName(format string, structures []string) string {
	if len(structures) == 0 {
		return "export/all." + format
	}
	names := append([]string(nil), structures...)
	sort.Strings(names)
	unique := names[:0]
	plain := true
	for i, name := range names {
		if i > 0 && name == names[i-1] {
			continue
		}
		unique = append(unique, name)
		plain = plain && namePattern.MatchString(name)
	}
	stem := strings.Join(unique, "+")
	if !plain || len(stem) > maxExportStem || stem == "all" || strings.HasPrefix(stem, "sha256-") {
		digest := sha256.Sum256([]byte(strings.Join(unique, "\x00")))
		stem = "sha256-" + hex.EncodeToString(digest[:16])
	}
	return "export/" + stem + "." + format
}

// Exported are the structures of a job that an export asks for, in the table's order
// and each once; none means all. An element that is not
// the name of a structure is a list of them, separated by commas. What the job does
// not have is a RejectedError no_structure.
func (t Table) Exported(o Options, asked []string) ([]string, error) {
	has := make(map[string]bool, len(t.Structures))
	names := make([]string, len(t.Structures))
	for i, s := range t.Structures {
		has[s.Name] = true
		names[i] = s.Name
	}
	wanted := make(map[string]bool)
	for _, element := range asked {
		list := []string{element}
		if !has[element] {
			list = strings.Split(element, ",")
		}
		for _, name := range list {
			if name = strings.TrimSpace(name); !has[name] {
				return nil, Reject("no_structure", "the job has no structure %s%s", quoted(name), instead(o, name, names))
			}
			wanted[name] = true
		}
	}
	var out []string
	for _, name := range names {
		if wanted[name] {
			out = append(out, name)
			delete(wanted, name) // two labels may have one name
		}
	}
	return out, nil
}

// instead says what a job has in place of a structure that it has not.
func instead(o Options, name string, names []string) string {
	for _, m := range o.Merge {
		if contains(m.Of, name) && contains(names, m.Name) {
			return ": it is part of " + quoted(m.Name)
		}
	}
	if near, ok := nearest(name, names); ok {
		return ": did you mean " + quoted(near) + "?"
	}
	return ", only " + Listed(names)
}

// RefusalName names the object in which an export that cannot be made says why, a
// Notice, which whoever asked for the export reads with his next request.
func RefusalName(export string) string { return export + ".refused.json" }
