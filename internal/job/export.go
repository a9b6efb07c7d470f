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

// RefusalName names the object in which an export that cannot be made says why, a
// Notice, which whoever asked for the export reads with his next request.
func RefusalName(export string) string { return export + ".refused.json" }
