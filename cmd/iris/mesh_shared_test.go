package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
)

// TestMeshOfSharedLabels meshes every label map of the shared cases and judges
// the files as a stranger would.
func TestMeshOfSharedLabels(t *testing.T) {
	shared := os.Getenv("IRIS_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	found, _ := filepath.Glob(filepath.Join(shared, "imaging/labels/*.nii.gz"))
	if len(found) == 0 {
		t.Skip("NOT RUN: no shared label maps; set IRIS_SHARED to the folder that holds imaging/labels")
	}
	for _, labels := range found {
		t.Run(filepath.Base(labels), func(t *testing.T) {
			folder := t.TempDir()
			read := func(format string) []byte {
				path := filepath.Join(folder, "model."+format)
				if err := runMesh(t, labels, path); err != nil {
					t.Fatal(err)
				}
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
			model := read("glb")
			validate(t, model)
			s, err := meshtest.ReadGLB(model)
			if err != nil {
				t.Fatal(err)
			}
			for i := range s.Surfaces {
				one := &s.Surfaces[i]
				if err := meshtest.Closed(one.Mesh); err != nil || !one.Measure.Watertight {
					t.Errorf("label %d: %v, watertight %v", one.Label.ID, err, one.Measure.Watertight)
				}
				if ml := surfacetest.Volume(&one.Mesh) / 1000; math.Abs(ml-one.Measure.MeshML) > 1e-3*ml+1e-3 {
					t.Errorf("label %d: the file encloses %v ml and says %v", one.Label.ID, ml, one.Measure.MeshML)
				}
			}
			solids, err := meshtest.ReadSTL(read("stl"))
			if err != nil {
				t.Fatal(err)
			}
			if err := meshtest.Closed(solids); err != nil {
				t.Errorf("all structures in one STL: %v", err)
			}
		})
	}
}

// validate asks the Khronos validator when `npm ci` has brought it.
func validate(t *testing.T, model []byte) {
	t.Helper()
	const contract = "../../tests/contract"
	if _, err := os.Stat(filepath.Join(contract, "node_modules/gltf-validator")); err != nil {
		t.Log("NOT VALIDATED: gltf-validator is not installed; run `npm ci` in tests/contract")
		return
	}
	command := exec.CommandContext(t.Context(), "node", "gltf-validate.mjs")
	command.Dir, command.Stdin = contract, bytes.NewReader(model)
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Issues struct{ NumErrors, NumWarnings int }
	}
	if err := json.Unmarshal(out, &report); err != nil || report.Issues.NumErrors+report.Issues.NumWarnings > 0 {
		t.Errorf("%v: %.2000s", err, out)
	}
}
