package job

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The picture of the scan comes before the model, outlives a retry and a remesh, and is
// read from the attempt that made it.
func TestThePictureOfTheScanOutlivesAttempts(t *testing.T) {
	r := Record{ID: "id", Attempt: 1}
	expect := func(when string, want ...string) {
		t.Helper()
		var got []string
		for _, a := range r.Artifacts {
			got = append(got, r.ArtifactKey(a))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", when, d)
		}
	}
	r.ShowScan(&Artifact{Name: ScanPNG, Attempt: 1})
	expect("prepared", "id/1/scan.png")
	before := r.Artifacts
	r.ShowScan(&Artifact{Name: ScanPNG, Attempt: 2})
	expect("retried", "id/2/scan.png")
	if before[0].Attempt != 1 {
		t.Error("the artifacts of a record that was read before are written over")
	}
	made := []Artifact{{Name: ModelGLB}, {Name: CheckPNG}}
	r.Publish(2, made)
	expect("ready", "id/2/scan.png", "id/2/model.glb", "id/2/check.png")
	r.Publish(3, made)
	expect("meshed again", "id/2/scan.png", "id/3/model.glb", "id/3/check.png")
	r.Publish(3, made)
	expect("published twice", "id/2/scan.png", "id/3/model.glb", "id/3/check.png")
	r.ShowScan(&Artifact{Name: ScanPNG, Attempt: 5})
	expect("retried after a remesh that failed", "id/5/scan.png", "id/3/model.glb", "id/3/check.png")
	r.ShowScan(nil)
	expect("without a picture", "id/3/model.glb", "id/3/check.png")
}
