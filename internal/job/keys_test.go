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

// A phone offers a model to look at in the room by the type that it is sent with.
func TestMediaType(t *testing.T) {
	for name, want := range map[string]string{
		"model.glb": "model/gltf-binary", "export/0a1b.usdz": "model/vnd.usdz+zip", "export/0a1b.3mf": "model/3mf",
		"export/0a1b.stl": "model/stl", "export/0a1b.obj": "model/obj", "export/0a1b.zip": "application/zip",
		"labels.nii.gz": "application/gzip", "export/0a1b.mz3": "application/octet-stream",
	} {
		if got := MediaType(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
