// Package terms gives structures their coded terms, for objects that other programs read:
// the category, type, laterality and region of a segment (DICOM PS3.3 C.8.20.4, C.8.20.2).
// In: the model's name of a structure, and its SNOMED CT code where a label table has one.
// Out: codes of SNOMED CT. A structure of no known term is a tissue, as 3D Slicer has it.
package terms

import (
	_ "embed" // the table
	"strings"
	"sync"
)

// Code is a term of SNOMED CT.
type Code struct{ Value, Meaning string }

// Term is what is known of a structure. Modifier, Region and RegionModifier may be empty.
type Term struct {
	Category, Type, Modifier, Region, RegionModifier Code
}

// table has a line a structure, by name: category, type, modifier, region and the region's
// modifier, with tabs between. containers/totalsegmentator/scripts/make_terms.py writes it.
//
//go:embed table.tsv
var table string

// Categories of segments (PS3.16 CID 7150).
var categories = map[string]Code{
	"A": {"123037004", "Anatomical Structure"},
	"M": {"49755003", "Morphologically Abnormal Structure"},
	"T": {"85756007", "Tissue"},
	"P": {"260787004", "Physical object"},
}

var byName = sync.OnceValue(func() map[string]Term {
	out := map[string]Term{}
	for line := range strings.Lines(table) {
		fields := strings.Split(strings.TrimRight(line, "\n")+"\t\t\t\t", "\t")
		out[fields[0]] = Term{Category: categories[fields[1]], Type: parse(fields[2]), Modifier: parse(fields[3]), Region: parse(fields[4]), RegionModifier: parse(fields[5])}
	}
	return out
})

func parse(text string) Code {
	value, meaning, _ := strings.Cut(text, " ")
	return Code{value, meaning}
}

// Of is the term of a structure: that of its name, or one of the code and the English name
// that its label table has. known is false where neither says anything.
func Of(name, snomed, english string) (term Term, known bool) {
	if term, known = byName()[name]; known {
		return term, true
	}
	if isCode(snomed) {
		if english == "" {
			english = name
		}
		return Term{Category: categories["A"], Type: Code{snomed, english}}, true
	}
	return Term{Category: categories["T"], Type: categories["T"]}, false
}

// isCode says whether a text can be a code of SNOMED CT: 6 to 16 digits, which is as many
// as an attribute of DICOM takes.
func isCode(s string) bool {
	return len(s) >= 6 && len(s) <= 16 && strings.Trim(s, "0123456789") == ""
}

// Names are the structures of the table, in order.
func Names() []string {
	var out []string
	for line := range strings.Lines(table) {
		name, _, _ := strings.Cut(line, "\t")
		out = append(out, name)
	}
	return out
}
