package drop_test

import (
	"testing"

	"github.com/iris-oculus/iris/internal/volume/drop"
)

func TestLitter(t *testing.T) {
	for path, want := range map[string]bool{
		"DICOMDIR": true, "cd/dicomdir": true, "DICOMDIR;1": true, "cd/DICOMDIR.": true, ".DS_Store": true, "a/Thumbs.db": true,
		"THUMBS.DB": true, "a/ehthumbs_vista.db": true, "Thumbs.db:encryptable": true, "README": true, "cd/readme.txt": true,
		"__MACOSX/a.dcm": true, "cd/__MACOSX/._a": true, "a/__macosx/b/c.dcm": true, "folder/": true, "AUTORUN.INF": true,
		`cd\DICOMDIR`: true, "": true, "a/._IM1.dcm": true, "._scan.nii.gz": true, "Desktop.ini": true, "Icon\r": true,
		"~$report.docx": true, "$RECYCLE.BIN/IM1": true, "System Volume Information/x": true, "@eaDir/a.dcm": true,
		".git/annex/objects/a.dcm": true, "a/.Trashes/501/IM1": true, ".gitignore": true, "a/.nfs0001": true,

		"a.dcm": false, "IM0001": false, "1.2.840.10008": false, "DICOMDIR/IM1": false, "cd/viewer.exe": false, "__MACOSX2/a": false,
		".scan/IM1": false, "a/.IM1.dcm": false, ".scan.nii.gz": false, "../a.dcm": false, "./a.dcm": false, "IM1;1": false,
		"thumbs/IM1": false, "a/IM1.": false,
	} {
		if got := drop.Litter(path); got != want {
			t.Errorf("%q: %v, want %v", path, got, want)
		}
	}
}

func TestEnding(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.DCM": "dcm", "a.b/IM1": "", "1.2.840.113.7": "", "IM0001.17": "", "IM1.": "", "IM1.DCM;1": "dcm", "x.IMA": "ima",
		"MR.1.3.12.abcdefghijk": "", "": "", "a/": "", ".dcm": "dcm", `a\b.c\IM1`: "", "a.nii.gz": "gz",
	} {
		if got := drop.Ending(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	for ending, want := range map[string]bool{"dcm": true, "ima": true, "": false, "txt": false, "gz": false} {
		if got := drop.NamedSlice(ending); got != want {
			t.Errorf("%q: %v, want %v", ending, got, want)
		}
	}
}
