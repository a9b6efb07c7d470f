package mesh_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// The model to look at is the model: structure by structure, as a decoder that is not
// ours has it, with as many triangles.
func TestViewIsTheModel(t *testing.T) {
	w := newWorld(t, twoBoxes())
	w.run(t, 1)
	plain, err := meshtest.ReadGLB(w.results.Bytes(job.Key(id, 1, job.ModelGLB)))
	if err != nil {
		t.Fatal(err)
	}
	view, err := meshtest.ReadGLB(meshtest.DecompressGLB(t, meshtest.Unpacked(t, w.results.Bytes(job.Key(id, 1, job.ViewGLB)))))
	if err != nil {
		t.Fatal(err)
	}
	if len(view.Surfaces) != len(plain.Surfaces) {
		t.Fatalf("%d structures, want %d", len(view.Surfaces), len(plain.Surfaces))
	}
	for i := range plain.Surfaces {
		p, v := &plain.Surfaces[i], &view.Surfaces[i]
		if p.Label != v.Label || p.Measure != v.Measure || len(p.Mesh.Triangles) != len(v.Mesh.Triangles) {
			t.Errorf("%+v, want %+v", v, p)
		}
	}
}

// The slices are the volume at 2 mm or more: here 2 × 2 × 3 mm already, and as half
// millimetres a quarter of the voxels along each axis.
func TestSlicesAreTheVolume(t *testing.T) {
	w := newWorld(t, twoBoxes())
	w.run(t, 1)
	read := func() *volume.Volume {
		v, err := nifti.ReadVolume(bytes.NewReader(w.results.Bytes(job.Key(id, 1, job.SlicesNIfTI))))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if got, want := read(), scan(twoBoxes()); got.Dims != want.Dims || !slices.Equal(got.Voxels, want.Voxels) {
		t.Error("another volume than the scan's, whose voxels are coarse enough")
	}
	fine := twoBoxes()
	fine.Affine = volume.Affine{{0.5, 0, 0, -20}, {0, 0.5, 0, -30}, {0, 0, 0.5, 100}}
	w = newWorld(t, fine)
	w.run(t, 1)
	if got := read(); got.Dims != [3]int{6, 5, 4} || got.Affine.Spacing() != [3]float64{2, 2, 2} {
		t.Errorf("%v voxels of %v mm", got.Dims, got.Affine.Spacing())
	}
	// Without a volume there are no slices, and the job does not offer them.
	w = newWorld(t, twoBoxes())
	_ = w.work.Delete(context.Background(), job.Key(id, 1, job.VolumeObject))
	w.run(t, 1)
	if slices.ContainsFunc(w.meshed(t, 1).Artifacts, func(a job.Artifact) bool { return a.Name == job.SlicesNIfTI }) {
		t.Error("slices without a volume")
	}
}
