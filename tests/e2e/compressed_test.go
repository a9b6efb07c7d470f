package e2e

import (
	"bytes"
	"encoding/json"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// TotalSegmentator's own example, slices in JPEG 2000, goes the whole way with the command
// that people use: a model, and pictures in which there is something to see.
func TestCompressedScanBecomesAModel(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	shared := os.Getenv("IRIS_SHARED")
	if shared == "" {
		shared = filepath.Join(s.root, "..", "shared")
	}
	scan := filepath.Join(shared, "imaging", "ok", "o-ct-j2k-totalseg.zip")
	if _, err := os.Stat(scan); err != nil {
		t.Skipf("SKIPPED: no shared case %s (IRIS_SHARED names their folder)", scan)
	}
	out := filepath.Join(t.TempDir(), "model.glb")
	text, problems, err := s.iris("run", scan, "-o", out, "--json")
	var j struct {
		ID, Status string
		Structures []struct{ Name string }
		Warnings   []struct{ Code string }
	}
	if err != nil || json.Unmarshal([]byte(text), &j) != nil || j.Status != "ready" || len(j.Structures) < 5 {
		t.Fatalf("%v %s %s", err, text, problems)
	}
	for _, w := range j.Warnings {
		if w.Code == "lossy_compression" {
			t.Error("a scan without loss is called lossy")
		}
	}
	if glb, err := os.ReadFile(out); err != nil || !bytes.HasPrefix(glb, []byte("glTF")) {
		t.Errorf("the model: %v", err)
	}
	for _, name := range []string{"scan.png", "preview.png", "check.png"} {
		redirect, _ := fetch(t, s.HTTP+"/v1/jobs/"+j.ID+"/artifacts/"+name, nil)
		resp, sent := fetch(t, redirect.Header.Get("Location"), nil)
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, resp.Status)
			continue
		}
		picture, err := png.Decode(bytes.NewReader(sent))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		shades := map[uint32]bool{}
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				r, _, _, _ := picture.At(x, y).RGBA()
				shades[r] = true
			}
		}
		if len(shades) < 16 {
			t.Errorf("%s has %d shades", name, len(shades))
		}
	}
}
