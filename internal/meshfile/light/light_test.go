package light_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/light"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
)

// torso has more triangles than decimation begins from.
func torso() (*volume.LabelMap, light.Options) {
	m := surfacetest.Torso([3]int{220, 220, 240}, [3]float64{1.8, 1.8, 2.5})
	return m, light.Options{Build: build.Options{Smoothing: 0.5}, Scene: meshfile.Scene{Provenance: m.Table.Provenance, Spacing: m.Affine.Spacing()}}
}

// A model of a label map whose size nobody told is within the bounds, closed, and the
// same for any number of threads; packed it is the file.
func TestLightForAnyThreads(t *testing.T) {
	m, o := torso()
	var first []byte
	for _, threads := range []int{1, 3} {
		o.Build.Threads = threads
		made, err := light.Make(t.Context(), m, o)
		if err != nil || made == nil {
			t.Fatalf("%v %v", made, err)
		}
		if first == nil {
			first = made.Packed
		}
		if !bytes.Equal(first, made.Packed) {
			t.Errorf("%d threads: another file", threads)
		}
		z, err := gzip.NewReader(bytes.NewReader(made.Packed))
		if err != nil {
			t.Fatal(err)
		}
		if file, err := io.ReadAll(z); err != nil || !bytes.Equal(file, made.File) {
			t.Errorf("packed is another file: %v", err)
		}
		if testing.Short() {
			continue
		}
		got, err := meshtest.ReadGLB(meshtest.DecompressGLB(t, made.File))
		if err != nil {
			t.Fatal(err)
		}
		if n := light.Count(got.Surfaces); n < light.Triangles/3 || n > light.Triangles || len(made.Packed) > light.Bytes {
			t.Errorf("%d triangles, %d bytes", n, len(made.Packed))
		}
		for i := range got.Surfaces {
			if err := meshtest.Closed(got.Surfaces[i].Mesh); err != nil {
				t.Errorf("%s: %v", got.Surfaces[i].Label.Name, err)
			}
		}
	}
}

// Where there is memory for no try there is no model; the context's end and an option
// that cannot be are errors.
func TestNoLightModel(t *testing.T) {
	m := surfacetest.Torso([3]int{40, 40, 40}, [3]float64{8, 8, 12})
	o := light.Options{Affordable: func(build.Need) bool { return false }}
	if made, err := light.Make(t.Context(), m, o); made != nil || err != nil {
		t.Errorf("%v, %v", made, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if made, err := light.Make(ended, m, light.Options{}); made != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", made, err)
	}
	var refused *volume.Error
	if _, err := light.Make(t.Context(), m, light.Options{Build: build.Options{Structures: []string{"none such"}}}); !errors.As(err, &refused) || refused.Code != "bad_option" {
		t.Errorf("%v", err)
	}
	o = light.Options{Finish: func([]surface.Surface) []surface.Surface { return nil }}
	if _, err := light.Make(t.Context(), m, o); !errors.As(err, &refused) || refused.Code != "empty_segmentation" {
		t.Errorf("%v", err)
	}
}
