package drop_test

import (
	"testing"

	"github.com/iris-oculus/iris/internal/volume/drop"
	"github.com/iris-oculus/iris/tests/contract/fixtures"
)

// The page judges names by the same table, in web/src/upload/names.test.ts.
func TestNames(t *testing.T) {
	for _, c := range fixtures.Read[struct {
		Path   string
		Litter *bool
		Ending *string
	}](t, "file-names.json") {
		if got := drop.Litter(c.Path); c.Litter != nil && got != *c.Litter {
			t.Errorf("%q: litter %v, want %v", c.Path, got, *c.Litter)
		}
		if got := drop.Ending(c.Path); c.Ending != nil && got != *c.Ending {
			t.Errorf("%q: ending %q, want %q", c.Path, got, *c.Ending)
		}
	}
}

func TestNamedSlice(t *testing.T) {
	for ending, want := range map[string]bool{"dcm": true, "ima": true, "": false, "txt": false, "gz": false} {
		if got := drop.NamedSlice(ending); got != want {
			t.Errorf("%q: %v, want %v", ending, got, want)
		}
	}
}
