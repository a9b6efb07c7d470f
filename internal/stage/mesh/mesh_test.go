package mesh_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image/png"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

var everyArtifact = []string{job.ModelGLB, job.ViewGLB, job.PreviewGLB, job.LabelsNIfTI, job.SlicesNIfTI, job.MeasurementsJSON, job.MeasurementsCSV, job.PreviewPNG, job.CheckPNG, job.ProvenanceJSON}

func (w *world) run(t *testing.T, attempt int) job.MeshOutput {
	t.Helper()
	out, err := w.Handle(t.Context(), job.StageInput{Job: id, Attempt: attempt})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) meshed(t *testing.T, attempt int) job.Meshed {
	t.Helper()
	var m job.Meshed
	if err := json.Unmarshal(w.work.Bytes(job.Key(id, attempt, job.MeshObject)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestHandleWritesEveryArtifact(t *testing.T) {
	w := newWorld(t, twoBoxes())
	if out := w.run(t, 1); out.Gone {
		t.Fatal("gone")
	}
	var names []string
	for _, a := range w.meshed(t, 1).Artifacts {
		names = append(names, a.Name)
		key := job.Key(id, 1, a.Name)
		data := w.results.Bytes(key)
		if a.Encoding != w.results.Encoding(key) || a.Encoding == "" && a.StoredBytes != 0 || a.Encoding != "" && a.StoredBytes != int64(len(data)) {
			t.Errorf("%s: %+v, stored as %d bytes in %q", a.Name, a, len(data), w.results.Encoding(key))
		}
		if a.Encoding == "gzip" {
			data = meshtest.Unpacked(t, data)
		}
		if digest := sha256.Sum256(data); a.SHA256 != hex.EncodeToString(digest[:]) {
			t.Errorf("%s: its digest is not that of the file", a.Name)
		}
		if int64(len(data)) != a.Bytes || a.SHA256 == "" || a.MediaType != job.MediaType(a.Name) {
			t.Errorf("%s: %+v, %d bytes stored", a.Name, a, len(data))
		}
	}
	if diff := cmp.Diff(everyArtifact, names); diff != "" {
		t.Error(diff)
	}
	r := w.jobs.Record(id)
	want := []job.StageTime{
		{Name: job.Segmenting, StartedAt: time.Unix(50, 0), EndedAt: time.Unix(100, 0)},
		{Name: job.Meshing, StartedAt: time.Unix(100, 0)},
	}
	if diff := cmp.Diff(want, r.Stages); diff != "" || r.Status != job.Meshing {
		t.Errorf("%s %s", r.Status, diff)
	}
}

func TestArtifactsSayTheSame(t *testing.T) {
	w := newWorld(t, twoBoxes())
	w.run(t, 1)
	object := func(name string) []byte { return w.results.Bytes(job.Key(id, 1, name)) }
	const boxML = 6 * 6 * 6 * 12.0 / 1000

	structures := w.meshed(t, 1).Structures
	if len(structures) != 2 || structures[0].Name != "liver" || structures[1].Name != "spleen" {
		t.Fatalf("structures %+v", structures)
	}
	for _, s := range structures {
		if math.Abs(s.VolumeML-boxML) > 1e-9 || !s.Watertight || s.Partial || s.Triangles < 12 || !(s.MeshML > 0.8*boxML && s.MeshML < 1.1*boxML) {
			t.Errorf("%+v", s)
		}
	}
	model, err := meshtest.ReadGLB(object(job.ModelGLB))
	if err != nil {
		t.Fatal(err)
	}
	for i := range model.Surfaces {
		if m := model.Surfaces[i].Measure; m.VolumeML != structures[i].VolumeML || m.MeshML != structures[i].MeshML {
			t.Errorf("the model says %+v", m)
		}
	}
	labels, err := nifti.ReadLabels(bytes.NewReader(object(job.LabelsNIfTI)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(twoBoxes(), labels); diff != "" {
		t.Error(diff)
	}
	var measured struct {
		Structures []struct {
			Label int
			Name  string
			surface.Measure
		}
	}
	if err := json.Unmarshal(object(job.MeasurementsJSON), &measured); err != nil {
		t.Fatal(err)
	}
	if hu := measured.Structures[0].HU; hu == nil || hu.Mean != 60 || hu.SD != 0 {
		t.Errorf("HU of the liver: %+v", hu)
	}
	// The liver's voxels run from 3 to 8 along x: centres at -14 to -4 mm.
	if c := measured.Structures[0].Centroid; math.Abs(c[0]+9) > 1e-9 || math.Abs(c[2]-122.5) > 1e-9 {
		t.Errorf("centroid %v", c)
	}
	rows, err := csv.NewReader(bytes.NewReader(object(job.MeasurementsCSV))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][1] != "liver" || rows[1][5] != "2.592" || rows[1][21] != "60.000" {
		t.Errorf("%v, %q", err, rows)
	}
	for _, name := range []string{job.PreviewPNG, job.CheckPNG} {
		if _, err := png.Decode(bytes.NewReader(object(name))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text := string(object(job.ProvenanceJSON)); !strings.Contains(text, `"model": "tissue"`) || !strings.Contains(text, "not for diagnosis") || strings.Contains(text, id) {
		t.Errorf("provenance %s", text)
	}
}

func TestARepeatWritesEqualBytes(t *testing.T) {
	w := newWorld(t, twoBoxes())
	w.run(t, 1)
	first, stages := w.results.Contents(), w.jobs.Record(id).Stages
	if _, err := w.results.DeletePrefix(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.Threads = 3
	w.run(t, 1)
	if diff := cmp.Diff(first, w.results.Contents()); diff != "" {
		t.Error("a repeat with other workers gives other bytes")
	}
	if diff := cmp.Diff(stages, w.jobs.Record(id).Stages); diff != "" {
		t.Error(diff)
	}
}

func TestMeshObjectComesLast(t *testing.T) {
	for room := 1; room <= len(everyArtifact); room++ {
		w := newWorld(t, twoBoxes())
		w.fill(room)
		_, err := w.Handle(t.Context(), job.StageInput{Job: id, Attempt: 1})
		published := w.work.Bytes(job.Key(id, 1, job.MeshObject)) != nil
		if whole := room == len(everyArtifact); whole != (err == nil) || whole != published {
			t.Errorf("room for %d artifacts: %v, published %v", room, err, published)
		}
	}
}

func TestGone(t *testing.T) {
	cases := []struct {
		name   string
		before func(*world)
	}{
		{"unknown", func(w *world) { w.jobs.Forget(id) }},
		{"erased", func(w *world) { w.change(func(r *job.Record) { r.Erased = true }) }},
		{"cancelled", func(w *world) { w.change(func(r *job.Record) { r.Status = job.Cancelled }) }},
		{"a later attempt", func(w *world) { w.change(func(r *job.Record) { r.Attempt = 2 }) }},
		{"ready already", func(w *world) { w.change(func(r *job.Record) { r.Status = job.Ready }) }},
		{"cancelled meanwhile", func(w *world) {
			w.meanwhile(func() { w.change(func(r *job.Record) { r.Status = job.Cancelled }) })
		}},
		{"erased meanwhile", func(w *world) { w.meanwhile(func() { w.change(func(r *job.Record) { r.Erased = true }) }) }},
		{"forgotten meanwhile", func(w *world) { w.meanwhile(func() { w.jobs.Forget(id) }) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, twoBoxes())
			c.before(w)
			if out := w.run(t, 1); !out.Gone {
				t.Error("not gone")
			}
			if len(w.results.Order())+len(w.work.Order()) > 0 {
				t.Errorf("wrote %v %v", w.results.Order(), w.work.Order())
			}
		})
	}
}

func TestRemeshBeginsFromTheAttemptShown(t *testing.T) {
	w := newWorld(t, twoBoxes())
	w.run(t, 1)
	first := w.results.Bytes(job.Key(id, 1, job.LabelsNIfTI))
	_ = w.work.Delete(context.Background(), job.Key(id, 1, job.LabelsObject)) // work objects may have expired
	w.change(func(r *job.Record) {
		r.Attempt, r.Shown, r.From, r.Status = 2, 1, job.FromMesh, job.Received
		r.Options.Structures = []string{"spleen"}
	})
	w.run(t, 2)
	if s := w.meshed(t, 2).Structures; len(s) != 1 || s[0].Name != "spleen" {
		t.Errorf("structures %+v", s)
	}
	if !bytes.Equal(first, w.results.Bytes(job.Key(id, 2, job.LabelsNIfTI))) {
		t.Error("the label map of a remesh must hold every structure, for the next remesh")
	}
	w.change(func(r *job.Record) { r.Attempt, r.Shown, r.Status, r.Options.Structures = 3, 2, job.Received, nil })
	w.run(t, 3)
	for _, name := range everyArtifact {
		if !bytes.Equal(w.results.Bytes(job.Key(id, 1, name)), w.results.Bytes(job.Key(id, 3, name))) {
			t.Errorf("%s: a remesh of a remesh with the first options gives other bytes", name)
		}
	}
}

func TestWarnings(t *testing.T) {
	w := newWorld(t, twoBoxes())
	w.change(func(r *job.Record) { r.Options.Structures = []string{"spleen", "kidney_left"} })
	w.run(t, 1)
	if got := w.meshed(t, 1).Warnings; len(got) != 1 || got[0].Code != "structure_not_found" || !strings.Contains(got[0].Message, "kidney_left") {
		t.Errorf("warnings %+v", got)
	}
}

// TestTheModelsWarnings reach the job, also after a remesh, which reads the label
// map among the results.
func TestTheModelsWarnings(t *testing.T) {
	m := twoBoxes()
	m.Table.Warnings = []volume.Warning{{Code: "metal", Message: "there is metal"}}
	w := newWorld(t, m)
	w.run(t, 1)
	w.change(func(r *job.Record) { r.Attempt, r.Shown, r.From, r.Status = 2, 1, job.FromMesh, job.Received })
	w.run(t, 2)
	for attempt := 1; attempt <= 2; attempt++ {
		if got := w.meshed(t, attempt).Warnings; len(got) != 1 || got[0] != (job.Notice{Code: "metal", Message: "there is metal"}) {
			t.Errorf("attempt %d: warnings %+v", attempt, got)
		}
	}
}

func TestOptions(t *testing.T) {
	w := newWorld(t, twoBoxes())
	w.change(func(r *job.Record) { r.Options.Merge = []job.Merge{{Name: "abdomen", Of: []string{"liver", "spleen"}}} })
	w.run(t, 1)
	var names []string
	for _, s := range w.meshed(t, 1).Structures {
		names = append(names, s.Name)
	}
	if !strings.Contains(strings.Join(names, " "), "abdomen") {
		t.Errorf("structures %v", names)
	}
}

func TestWithoutAVolume(t *testing.T) {
	w := newWorld(t, twoBoxes())
	_ = w.work.Delete(context.Background(), job.Key(id, 1, job.VolumeObject))
	w.run(t, 1)
	if text := string(w.results.Bytes(job.Key(id, 1, job.MeasurementsJSON))); strings.Contains(text, `"hu"`) {
		t.Error("HU without a volume")
	}
}

func TestRefusals(t *testing.T) {
	cases := []struct {
		name   string
		before func(*world)
		want   string // code, or the type of an error without one
	}{
		{"a structure that no scan has", func(w *world) { w.change(func(r *job.Record) { r.Options.Structures = []string{"gills"} }) }, "rejected bad_option"},
		{"a merge of what no scan has", func(w *world) {
			w.change(func(r *job.Record) { r.Options.Merge = []job.Merge{{Name: "x", Of: []string{"gills"}}} })
		}, "rejected bad_option"},
		{"decimation", func(w *world) { w.change(func(r *job.Record) { r.Options.Decimate = "much" }) }, "rejected bad_option"},
		{"too large", func(w *world) { w.MemoryBytes = 1 << 10 }, "unsupported too_large_to_mesh"},
		{"nothing found", func(w *world) {
			m := twoBoxes()
			clear(m.U8)
			var b bytes.Buffer
			_ = nifti.WriteLabels(&b, m)
			w.work.Set(job.Key(id, 1, job.LabelsObject), b.Bytes(), nil)
		}, "rejected empty_segmentation"},
		{"nothing found of what the model was asked for", func(w *world) {
			m := twoBoxes()
			clear(m.U8)
			var b bytes.Buffer
			_ = nifti.WriteLabels(&b, m)
			w.work.Set(job.Key(id, 1, job.LabelsObject), b.Bytes(), nil)
			w.change(func(r *job.Record) { r.Options.Structures = []string{"liver", "spleen"} })
		}, "rejected empty_segmentation: none of what you asked for (liver, spleen) was found in the scan"},
		{"only a structure without voxels", func(w *world) { w.change(func(r *job.Record) { r.Options.Structures = []string{"kidney_left"} }) }, "rejected empty_segmentation: none of what you asked for (kidney_left) was found; the scan has liver, spleen"},
		{"an answer that is no label map", func(w *world) { w.work.Set(job.Key(id, 1, job.LabelsObject), []byte("what is this"), nil) }, "endpoint"},
		{"an answer that is empty", func(w *world) { w.work.Set(job.Key(id, 1, job.LabelsObject), nil, nil) }, "endpoint"},
		{"an upload that is no label map", func(w *world) {
			w.work.Set(job.Key(id, 1, job.LabelsObject), []byte("what is this"), nil)
			w.change(func(r *job.Record) { r.Options.Task = job.TaskLabels })
		}, "rejected"},
		{"another grid", func(w *world) {
			var b bytes.Buffer
			_ = nifti.WriteVolume(&b, &volume.Volume{Dims: [3]int{2, 2, 2}, Affine: plane, Voxels: []int16{1, 2, 3, 4, 5, 6, 7, 8}})
			w.work.Set(job.Key(id, 1, job.VolumeObject), b.Bytes(), nil)
		}, "endpoint"},
		{"labels missing", func(w *world) { _ = w.work.Delete(context.Background(), job.Key(id, 1, job.LabelsObject)) }, "other"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, twoBoxes())
			c.before(w)
			_, err := w.Handle(t.Context(), job.StageInput{Job: id, Attempt: 1})
			if got := kind(err); !strings.HasPrefix(got, c.want) {
				t.Errorf("%q (%v), want %q", got, err, c.want)
			}
			if len(w.results.Order())+len(w.work.Order()) > 0 {
				t.Errorf("wrote %v %v", w.results.Order(), w.work.Order())
			}
		})
	}
}

func kind(err error) string {
	var rejected *job.RejectedError
	var unsupported *job.UnsupportedError
	var endpoint *job.EndpointFailedError
	switch named := job.Named(err); {
	case err == nil:
		return "nothing"
	case errors.As(named, &rejected):
		return "rejected " + rejected.Error()
	case errors.As(named, &unsupported):
		return "unsupported " + unsupported.Code
	case errors.As(named, &endpoint):
		return "endpoint"
	}
	return "other"
}

func TestCancelledContextEnds(t *testing.T) {
	w := newWorld(t, twoBoxes())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Handle(ctx, job.StageInput{Job: id, Attempt: 1}); err == nil {
		t.Error("no error")
	}
}
