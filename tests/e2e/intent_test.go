package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// An announced scan wakes the GPU before it has come, and a cancelled one lets it go at
// once. A label map with its table becomes a model, named, and nobody asks for the GPU.
func TestUploadsWakeTheGPU(t *testing.T) {
	t.Parallel()
	model := newInstall(t)
	s := up(t, t.TempDir(), "--install", model.dir, "--parameter", "Tasks=total")
	seen := s.watchCapacity(t)

	dir := t.TempDir()
	m := &volume.LabelMap{Dims: [3]int{8, 8, 8}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, 512)}
	for _, x := range []int{2, 3, 4} {
		m.U8[(4*8+4)*8+x], m.U8[(4*8+5)*8+x] = 1, 2
	}
	var file bytes.Buffer
	if err := nifti.WriteLabels(&file, m); err != nil {
		t.Fatal(err)
	}
	labels, table, out := filepath.Join(dir, "labels.nii.gz"), filepath.Join(dir, "names.txt"), filepath.Join(dir, "model.glb")
	for name, text := range map[string][]byte{labels: file.Bytes(), table: []byte("1 170 32 32 1 1 1 \"Left Lung\"\n2 0 255 0 1 1 1 \"liver\"\n")} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, problems, err := s.iris("run", labels, "--labels-table", table, "-o", out, "--json")
	var j struct {
		Status     string
		Structures []struct{ Name string }
	}
	if err != nil || json.Unmarshal([]byte(text), &j) != nil || j.Status != "ready" || len(j.Structures) != 2 || j.Structures[0].Name != "Left Lung" || j.Structures[1].Name != "liver" {
		t.Fatalf("the label map: %v %s %s", err, text, problems)
	}
	if glb, err := os.ReadFile(out); err != nil || !bytes.Contains(glb, []byte(`"Left Lung"`)) {
		t.Errorf("the model names no Left Lung: %v", err)
	}
	if g := s.gpu(t); g.Desired != 0 || g.Queue != 0 {
		t.Errorf("after a label map: %+v", g)
	}

	var created struct{ Job struct{ ID string } }
	s.call(t, "POST", "/v1/jobs", `{"file":"scan.nii.gz","bytes":1000000}`, &created)
	until(t, "the GPU wakes for the upload", time.Minute, func() bool { return s.gpu(t).Desired == 1 })
	s.call(t, "POST", "/v1/jobs/"+created.Job.ID+"/cancel", "", &struct{}{})
	until(t, "the GPU sleeps again", time.Minute, func() bool { g := s.gpu(t); return g.Desired == 0 && g.Current == 0 })
	if got, want := seen(), []int{0, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("the desired capacity went %v, want %v", got, want)
	}
}
