package mesh_test

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// worldOf has a segmented job of a label map, and no volume.
func worldOf(t *testing.T, m *volume.LabelMap) *world {
	t.Helper()
	w := newWorld(t, twoBoxes())
	w.work.Set(job.Key(id, 1, job.LabelsObject), encoded(t, func(out io.Writer) error { return nifti.WriteLabels(out, m) }), nil)
	_ = w.work.Delete(t.Context(), job.Key(id, 1, job.VolumeObject))
	return w
}

// previewOf is the preview of an attempt as a client decodes it; false without one.
func previewOf(t *testing.T, w *world) (light []surface.Surface, sent int, ok bool) {
	t.Helper()
	meshed := w.meshed(t, 1)
	has := slices.ContainsFunc(meshed.Artifacts, func(a job.Artifact) bool { return a.Name == job.PreviewGLB })
	told := slices.ContainsFunc(meshed.Warnings, func(n job.Notice) bool { return n.Code == "no_preview" })
	if has == told {
		t.Fatalf("a preview: %v, a warning of none: %v", has, told)
	}
	if !has {
		return nil, 0, false
	}
	data := w.results.Bytes(job.Key(id, 1, job.PreviewGLB))
	s, err := meshtest.ReadGLB(meshtest.DecompressGLB(t, meshtest.Unpacked(t, data)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Surfaces, len(data), true
}

// A scan of a million triangles has a preview of all its structures within the bounds,
// closed and where the model is, with the model's measurements; neighbours share
// positions exactly.
func TestPreviewOfAScan(t *testing.T) {
	m := surfacetest.Torso([3]int{200, 200, 240}, [3]float64{2, 2, 2.5})
	w := worldOf(t, m)
	w.run(t, 1)
	model, err := meshtest.ReadGLB(w.results.Bytes(job.Key(id, 1, job.ModelGLB)))
	if err != nil {
		t.Fatal(err)
	}
	light, sent, ok := previewOf(t, w)
	if !ok {
		t.Fatal("no preview")
	}
	all, n := 0, 0
	owners := map[[3]float32]int{}
	for i := range light {
		n += len(light[i].Mesh.Triangles)
		for _, v := range light[i].Mesh.Vertices {
			owners[v]++
		}
		if err := meshtest.Closed(light[i].Mesh); err != nil {
			t.Errorf("%s: %v", light[i].Label.Name, err)
		}
	}
	for i := range model.Surfaces {
		all += len(model.Surfaces[i].Mesh.Triangles)
	}
	t.Logf("%d triangles became %d, of %d bytes", all, n, sent)
	// The model is decimated too, so what it has is not much more than a preview may have.
	if n > 100_000 || sent > 350_000 || n > all*3/5 || n < 50_000 {
		t.Errorf("%d triangles became %d, of %d bytes", all, n, sent)
	}
	if len(light) != len(model.Surfaces) {
		t.Fatalf("%d structures, the model has %d", len(light), len(model.Surfaces))
	}
	shared := 0
	for _, count := range owners {
		if count > 1 {
			shared++
		}
	}
	if shared < len(owners)/20 {
		t.Errorf("%d of %d positions are shared by neighbours", shared, len(owners))
	}
	for i := range light {
		a, b := &model.Surfaces[i], &light[i]
		if a.Label != b.Label || a.Measure != b.Measure {
			t.Errorf("%+v, %+v: want %+v, %+v", b.Label, b.Measure, a.Label, a.Measure)
		}
		low, high := surface.Extent(&a.Mesh)
		lightLow, lightHigh := surface.Extent(&b.Mesh)
		for k := range 3 {
			if max(low[k]-lightLow[k], lightLow[k]-low[k], high[k]-lightHigh[k], lightHigh[k]-high[k]) > 8 {
				t.Errorf("%s reaches from %v to %v, in the model from %v to %v", a.Label.Name, lightLow, lightHigh, low, high)
				break
			}
		}
	}
}

// Noise of a thousand labels is no model to look at, but is meshed all the same; what
// has no light preview says so.
func TestPreviewOfNoise(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector finds nothing here that the other previews do not show, and takes long")
	}
	for name, m := range map[string]*volume.LabelMap{
		"of 3 labels":    surfacetest.Noise(1, [3]int{32, 32, 32}, 3),
		"of 1000 labels": surfacetest.Noise(2, [3]int{20, 20, 20}, 1000),
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(t, m)
			w.run(t, 1)
			light, sent, ok := previewOf(t, w)
			n := 0
			for i := range light {
				n += len(light[i].Mesh.Triangles)
			}
			t.Logf("preview: %v, %d structures, %d triangles, %d bytes", ok, len(light), n, sent)
			if ok && (n > 100_000 || sent > 350_000 || len(light) != len(w.meshed(t, 1).Structures)) {
				t.Errorf("%d triangles, %d bytes", n, sent)
			}
		})
	}
}

// A model that is light enough is its own preview: with as many triangles, not with
// those that its decimation took away.
func TestPreviewOfALightModel(t *testing.T) {
	w := worldOf(t, surfacetest.Torso([3]int{60, 60, 40}, [3]float64{7, 7, 15}))
	w.run(t, 1)
	indices := func(file []byte) (sum int) {
		var document struct {
			Accessors []struct {
				Count int
				Type  string
			}
		}
		if err := json.Unmarshal(file[20:20+binary.LittleEndian.Uint32(file[12:])], &document); err != nil {
			t.Fatal(err)
		}
		for _, a := range document.Accessors {
			if a.Type == "SCALAR" {
				sum += a.Count
			}
		}
		return sum
	}
	model := indices(w.results.Bytes(job.Key(id, 1, job.ModelGLB)))
	light := indices(meshtest.Unpacked(t, w.results.Bytes(job.Key(id, 1, job.PreviewGLB))))
	if model == 0 || light == 0 || light > model {
		t.Errorf("the preview has %d indices, the model %d", light, model)
	}
}

// Structures smaller than a voxel of the coarse map, several in one, are in the preview
// all the same, and where they are in the model.
func TestPreviewKeepsTheSmallest(t *testing.T) {
	m := &volume.LabelMap{Dims: [3]int{120, 120, 40}, Affine: plane, U8: make([]uint8, 120*120*40)}
	at := func(x, y, z int) *uint8 { return &m.U8[x+120*(y+120*z)] }
	for z := 2; z < 38; z += 2 { // plates, for more triangles than a preview may begin from
		for y := 2; y < 118; y++ {
			for x := 8; x < 118; x++ {
				*at(x, y, z) = 1
			}
		}
	}
	for i := range 8 { // in one voxel of a map that is two or four times as coarse
		*at(4+i&1, 4+i>>1&1, 4+i>>2) = uint8(2 + i)
	}
	m.Table = volume.Table{Iris: volume.TableVersion}
	w := worldOf(t, m)
	w.change(func(r *job.Record) { r.Options.Decimate = "none" })
	w.run(t, 1)
	light, _, ok := previewOf(t, w)
	if structures := w.meshed(t, 1).Structures; !ok || len(light) != 9 || len(structures) != 9 {
		t.Fatalf("a preview: %v, of %d structures; the model has %d", ok, len(light), len(structures))
	}
	model, err := meshtest.ReadGLB(w.results.Bytes(job.Key(id, 1, job.ModelGLB)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range light {
		if light[i].Label.ID != i+1 || light[i].Label.ID != model.Surfaces[i].Label.ID {
			t.Errorf("structure %d is label %d, in the model %d", i, light[i].Label.ID, model.Surfaces[i].Label.ID)
		}
		low, _ := surface.Extent(&model.Surfaces[i].Mesh)
		lightLow, _ := surface.Extent(&light[i].Mesh)
		for k := range 3 {
			if d := low[k] - lightLow[k]; d > 8 || d < -8 {
				t.Errorf("label %d begins at %v, in the model at %v", i+1, lightLow, low)
			}
		}
	}
}
