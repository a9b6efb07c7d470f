package nifti

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/tests/contract/fixtures"
)

// The label tables of the contract are read or refused as it says, and what is
// read is written again as it was.
func TestLabelTablesOfTheContract(t *testing.T) {
	for _, c := range fixtures.Read[fixtures.Example](t, "labels.json") {
		table, err := parseTable(c.Body)
		if (err == nil) != c.Accepted {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if err != nil {
			continue
		}
		text, err := json.Marshal(table)
		var again volume.Table
		if err == nil {
			again, err = parseTable(text)
		}
		if diff := cmp.Diff(table, again); err != nil || diff != "" || table.Iris != volume.TableVersion {
			t.Errorf("%s: %v %s", c.Name, err, diff)
		}
	}
}
