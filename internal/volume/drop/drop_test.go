package drop_test

import (
	"testing"

	"github.com/iris-oculus/iris/internal/volume/drop"
)

func TestLitter(t *testing.T) {
	for path, want := range map[string]bool{
		"DICOMDIR": true, "cd/dicomdir": true, ".DS_Store": true, "a/Thumbs.db": true, "README": true, "cd/readme.txt": true,
		"__MACOSX/a.dcm": true, "cd/__MACOSX/._a": true, "folder/": true, "AUTORUN.INF": true, `cd\DICOMDIR`: true, "": true,
		"a.dcm": false, "IM0001": false, "1.2.840.10008": false, "DICOMDIR/IM1": false, "cd/viewer.exe": false, "__MACOSX2/a": false,
	} {
		if got := drop.Litter(path); got != want {
			t.Errorf("%q: %v, want %v", path, got, want)
		}
	}
}
