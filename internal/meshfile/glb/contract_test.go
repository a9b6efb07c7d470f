package glb_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/glb"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
)

var update = flag.Bool("update", false, "write the models of tests/contract/fixtures")

// The contract holds one small model in both forms, which the page's own reader reads
// (web/src/viewer/glb.test.ts). They are what the writers write now. Go fuses
// multiply-add on arm64, so only one architecture's bytes are kept.
func TestModelsOfTheContract(t *testing.T) {
	var plain, view bytes.Buffer
	if err := glb.Write(&plain, meshtest.Scene()); err != nil {
		t.Fatal(err)
	}
	if err := glb.WriteView(&view, meshtest.Scene(), glb.ViewStep); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"model.glb": plain.Bytes(), "view.glb": view.Bytes()} {
		path := filepath.Join("..", "..", "..", "tests", "contract", "fixtures", name)
		if *update {
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOARCH == "amd64" && !bytes.Equal(kept, file) {
			t.Errorf("%s differs from what is written: go test ./internal/meshfile/glb -update", name)
		}
	}
}
