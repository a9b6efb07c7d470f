package job

import (
	"encoding/json"
	"fmt"
)

// Meshed is the content of MeshObject, which the mesh stage writes into the work bucket
// after everything else. Settle publishes it.
type Meshed struct {
	Artifacts []Artifact `json:"artifacts"`
	Table
	Warnings []Notice `json:"warnings"`
}

// Table says what a job has: the structures that were meshed, and the names of
// all that its label map holds, from which a remesh may choose.
type Table struct {
	Structures []Structure `json:"structures"`
	Holds      []string    `json:"holds,omitempty"`
}

// TableObject is the name, among an attempt's results, of the Table of a record that is
// Long.
const TableObject = "structures.json"

// MaxInline is how many bytes of JSON a table may have to stand in the record,
// and how many its warnings may have. 117 structures have some 25 KB.
const MaxInline = 64 << 10

// IsLong says whether the table is too long for a record.
func (t Table) IsLong() bool {
	text, err := json.Marshal(t)
	return err != nil || len(text) > MaxInline
}

// BoundNotices keeps as many notices as fit into MaxInline bytes, and says how
// many more there were.
func BoundNotices(notices []Notice) []Notice {
	size := 0
	for i, n := range notices {
		if size += len(n.Code) + len(n.Message) + 64; size > MaxInline {
			return append(notices[:i:i], Notice{"more_warnings", fmt.Sprintf("%d more warnings are not shown", len(notices)-i)})
		}
	}
	return notices
}
