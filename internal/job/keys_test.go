package job

import "testing"

func TestScanSuffix(t *testing.T) {
	for name, want := range map[string]string{
		"scan.nii.gz": ".nii.gz", "SCAN.NII": ".nii", "a.b.tar.gz": ".tar.gz", "1.dcm": ".dcm", "x.zip": ".zip",
		"liver.seg.nrrd": ".nrrd", "liver.nrrd": ".nrrd", "liver.nhdr": "", "scan.gz": "", "": "",
	} {
		if got, known := ScanSuffix(name); got != want || known != (want != "") {
			t.Errorf("%q: %q, %v", name, got, known)
		}
	}
}
