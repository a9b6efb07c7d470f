package build_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// shared is a file of the shared folder; the test is skipped where it is absent.
func shared(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("IRIS_SHARED")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			if filepath.Dir(dir) == dir {
				t.Fatal("no go.mod above the test")
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(dir, "..", "shared")
	}
	path := filepath.Join(root, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: %v: set IRIS_SHARED to the folder of shared volumes", err)
	}
	return path
}

func readLabels(t *testing.T, name string) *volume.LabelMap {
	t.Helper()
	f, err := os.Open(shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := nifti.ReadLabels(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// checkSurfaces wants every surface manifold and outward, and those over 20 ml
// within 1 % of their voxels; thin ones are held to that by themselves.
func checkSurfaces(t *testing.T, m *volume.LabelMap, o build.Options, count int) {
	t.Helper()
	s := surfaces(t, m, o)
	if len(s) != count {
		t.Errorf("%d structures, want %d", len(s), count)
	}
	for i := range s {
		x := &s[i].Measure
		if !x.Watertight || x.MeshML <= 0 || surfacetest.Volume(&s[i].Mesh) <= 0 {
			t.Errorf("%s: %+v", s[i].Label.Name, *x)
		}
		if off := math.Abs(x.MeshML/x.VolumeML - 1); x.VolumeML > 20 && off > 0.01 {
			t.Errorf("%s: mesh %.2f ml, voxels %.2f ml", s[i].Label.Name, x.MeshML, x.VolumeML)
		}
	}
}

func TestRealVolumes(t *testing.T) {
	for _, c := range []struct {
		file  string
		count int
	}{
		{"volumes/totalsegmentator/example_seg_fast_force_split.nii.gz", 61},
		{"volumes/totalsegmentator/example_seg.nii.gz", 41},
		{"volumes/totalsegmentator/example_seg_dicom.nii.gz", 31},
		{"volumes/totalsegmentator/example_seg_mr.nii.gz", 23},
		{"volumes/totalsegmentator/heart_1p5mm.nii.gz", 1},
		{"imaging/labels/o-ct_sm_total.nii.gz", 41},
		{"imaging/labels/o-ct_dicom_total.nii.gz", 31},
		{"imaging/labels/o-mr_total.nii.gz", 23},
	} {
		t.Run(filepath.Base(c.file), func(t *testing.T) {
			m := readLabels(t, c.file)
			for _, o := range []build.Options{{}, {Smoothing: 0.5}, {Smoothing: 1, Joined: true}} {
				checkSurfaces(t, m, o, c.count)
			}
		})
	}
}

func TestLargeVolumes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 20 s and 1.5 GB")
	}
	t.Run("enlarged", func(t *testing.T) {
		m := surfacetest.Enlarge(readLabels(t, "volumes/totalsegmentator/example_seg_fast_force_split.nii.gz"), 4)
		checkSurfaces(t, m, build.Options{Smoothing: 0.5}, 61)
	})
	t.Run("allen", func(t *testing.T) {
		checkSurfaces(t, readLabels(t, "volumes/allen/AllenAtlas.nii.gz"), build.Options{Smoothing: 0.5}, 138)
	})
	t.Run("torso", func(t *testing.T) {
		m := surfacetest.Torso([3]int{512, 512, 600}, [3]float64{0.8, 0.8, 1})
		checkSurfaces(t, m, build.Options{Smoothing: 0.5}, 112)
	})
}
