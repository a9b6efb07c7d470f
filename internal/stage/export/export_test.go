package export_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/stage/export"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

const id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

// world is the job's record and the results bucket, in memory.
type world struct {
	jobs    *jobtest.Store
	results *jobtest.Bucket
}

func (w *world) stage() export.Stage { return export.Stage{Jobs: w.jobs, Results: w.results} }

func (w *world) change(change func(*job.Record)) { w.jobs.Change(id, change) }

func (w *world) puts() int { return len(w.results.Order()) }

// meshing lets something happen when the labels are read.
func (w *world) meshing(happen func()) {
	w.results.Before = func(call, _ string) error {
		if call == "Get" {
			happen()
		}
		return nil
	}
}

// newWorld has a ready job, at its second attempt, with two cubes of 10 mm.
func newWorld(t *testing.T) *world {
	t.Helper()
	m := &volume.LabelMap{Dims: [3]int{16, 8, 8}, Affine: volume.Affine{{2, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 2, 0}}, U8: make([]uint8, 16*8*8)}
	for n := range 125 {
		i, j, k := n%5, n/5%5, n/25
		m.U8[(1+i)+16*((1+j)+8*(1+k))] = 1
		m.U8[(9+i)+16*((1+j)+8*(1+k))] = 2
	}
	m.Table = volume.Table{Iris: volume.TableVersion, Labels: []volume.Label{{ID: 1, Name: "liver", Color: "#dd8265"}, {ID: 2, Name: "spleen", Color: "#9d6ca2"}}}
	var b bytes.Buffer
	if err := nifti.WriteLabels(&b, m); err != nil {
		t.Fatal(err)
	}
	options := job.DefaultOptions()
	options.Smoothing = 0
	w := &world{&jobtest.Store{}, &jobtest.Bucket{}}
	w.change(func(r *job.Record) { *r = job.Record{Attempt: 2, Shown: 2, Status: job.Ready, Options: options} })
	w.results.Set(job.Key(id, 2, job.LabelsNIfTI), b.Bytes(), nil)
	return w
}

func TestEveryFormat(t *testing.T) {
	for _, format := range meshfile.Formats() {
		w := newWorld(t)
		in := job.ExportInput{Job: id, Attempt: 2, Format: format}
		for range 2 { // the repeat finds it there
			if err := w.stage().Handle(t.Context(), in); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
		}
		if len(w.results.Bytes(job.Key(id, 2, job.ExportName(format, nil)))) == 0 || w.puts() != 1 {
			t.Errorf("%s: %d objects written", format, w.puts())
		}
	}
}

func TestOnlyWhatWasAskedFor(t *testing.T) {
	for _, c := range []struct {
		name      string
		of, asked []string
		from, to  float64 // extent along R
	}{
		{"one", nil, []string{"liver"}, 1, 11},
		{"all", nil, nil, 1, 27},
		{"all of a job for one", []string{"spleen"}, nil, 17, 27},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.change(func(r *job.Record) { r.Options.Structures = c.of })
			if err := w.stage().Handle(t.Context(), job.ExportInput{Job: id, Attempt: 2, Format: "stl", Structures: c.asked}); err != nil {
				t.Fatal(err)
			}
			m, err := meshtest.ReadSTL(w.results.Bytes(job.Key(id, 2, job.ExportName("stl", c.asked))))
			if err != nil {
				t.Fatal(err)
			}
			low, high := math.Inf(1), math.Inf(-1)
			for _, v := range m.Vertices {
				low, high = min(low, float64(v[0])), max(high, float64(v[0]))
			}
			if math.Abs(low-c.from) > 0.51 || math.Abs(high-c.to) > 0.51 {
				t.Errorf("from %v to %v mm, want %v to %v", low, high, c.from, c.to)
			}
		})
	}
}

// An export of the attempt that is shown has that attempt's options, whatever a later
// attempt was asked for: a remesh that runs, or one that failed.
func TestOptionsOfTheAttemptThatIsShown(t *testing.T) {
	provenance := func(o job.MeshOptions) []byte {
		o.Decimate = "none"
		text, err := json.Marshal(map[string]any{"schema": "iris.provenance/1", "options": o})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	later := job.Options{Smoothing: 1, Structures: []string{"spleen"}, Merge: []job.Merge{{Name: "x", Of: []string{"spleen"}}}}
	merged := job.MeshOptions{Merge: []job.Merge{{Name: "organs", Of: []string{"liver", "spleen"}}}}
	for _, c := range []struct {
		name    string
		options job.MeshOptions
		asked   []string
		shells  int
	}{
		{"all", job.MeshOptions{}, nil, 2},
		{"a merged solid", merged, []string{"organs"}, 2},
		{"one of two, and a solid", job.MeshOptions{Structures: []string{"spleen"}, Merge: []job.Merge{{Name: "x", Of: []string{"liver"}}}}, nil, 2},
		{"one", job.MeshOptions{Structures: []string{"liver"}}, nil, 1},
	} {
		w := newWorld(t)
		w.change(func(r *job.Record) { r.Attempt, r.Options = 3, later })
		w.results.Set(job.Key(id, 2, job.ProvenanceJSON), provenance(c.options), nil)
		if err := w.stage().Handle(t.Context(), job.ExportInput{Job: id, Attempt: 2, Format: "stl", Structures: c.asked}); err != nil {
			t.Fatal(err)
		}
		m, err := meshtest.ReadSTL(w.results.Bytes(job.Key(id, 2, job.ExportName("stl", c.asked))))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		// Exact voxels, for the attempt was meshed with no smoothing: 25 faces a side.
		if got := len(m.Triangles); got != c.shells*6*25*2 {
			t.Errorf("%s: %d triangles, want those of %d cubes", c.name, got, c.shells)
		}
	}
	for name, text := range map[string]string{"no JSON": "{", "no options": "{}"} {
		w := newWorld(t)
		w.results.Set(job.Key(id, 2, job.ProvenanceJSON), []byte(text), nil)
		if err := w.stage().Handle(t.Context(), job.ExportInput{Job: id, Attempt: 2, Format: "stl"}); err == nil || w.puts() > 0 {
			t.Errorf("%s: %v, %d objects written", name, err, w.puts())
		}
	}
	w := newWorld(t)
	w.change(func(r *job.Record) { r.Attempt = 3 })
	if err := w.stage().Handle(t.Context(), job.ExportInput{Job: id, Attempt: 2, Format: "stl"}); err == nil || w.puts() > 0 {
		t.Errorf("options of another attempt: %v, %d objects written", err, w.puts())
	}
}

// A structure is the same surface by itself as in the whole model, vertex for vertex,
// smoothed and decimated as it, also where a neighbour's border limits it.
func TestAStructureIsThatOfTheModel(t *testing.T) {
	m := surfacetest.Torso([3]int{40, 36, 40}, [3]float64{9, 10, 12})
	for _, decimate := range []string{"none", "0.5", "0.25vx", "500"} {
		var b bytes.Buffer
		if err := nifti.WriteLabels(&b, m); err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		w.results.Set(job.Key(id, 2, job.LabelsNIfTI), b.Bytes(), nil)
		w.change(func(r *job.Record) { r.Options = job.Options{Smoothing: 0.5, Decimate: decimate} })
		// GLB, for it moves nothing apart that touches a neighbour.
		read := func(asked ...string) map[string]surface.Mesh {
			if err := w.stage().Handle(t.Context(), job.ExportInput{Job: id, Attempt: 2, Format: "glb", Structures: asked}); err != nil {
				t.Fatal(err)
			}
			s, err := meshtest.ReadGLB(w.results.Bytes(job.Key(id, 2, job.ExportName("glb", asked))))
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]surface.Mesh{}
			for _, one := range s.Surfaces {
				one.Mesh.Normals = nil
				out[one.Label.Name] = one.Mesh
			}
			return out
		}
		all := read()
		names := slices.Sorted(maps.Keys(all))
		if len(names) < 20 {
			t.Fatalf("%d structures", len(names))
		}
		for _, asked := range [][]string{names[:1], names[4:9]} {
			some := read(asked...)
			if len(some) != len(asked) {
				t.Errorf("decimate %s, %v: %d structures", decimate, asked, len(some))
			}
			for name, mesh := range some {
				if !reflect.DeepEqual(mesh, all[name]) {
					t.Errorf("decimate %s: %s is another surface by itself", decimate, name)
				}
			}
		}
	}
}

func TestGone(t *testing.T) {
	for name, before := range map[string]func(*world){
		"unknown":          func(w *world) { w.jobs.Forget(id) },
		"erased":           func(w *world) { w.change(func(r *job.Record) { r.Erased = true }) },
		"another attempt":  func(w *world) { w.change(func(r *job.Record) { r.Shown = 3 }) },
		"erased meanwhile": func(w *world) { w.meshing(func() { w.change(func(r *job.Record) { r.Erased = true }) }) },
		"gone meanwhile":   func(w *world) { w.meshing(func() { w.jobs.Forget(id) }) },
	} {
		w := newWorld(t)
		before(w)
		if err := w.stage().Handle(t.Context(), job.ExportInput{Job: id, Attempt: 2, Format: "stl"}); err != nil || w.puts() > 0 {
			t.Errorf("%s: %v, %d objects written", name, err, w.puts())
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     job.ExportInput
		memory int64
		code   string
	}{
		{"structure", job.ExportInput{Format: "stl", Structures: []string{"gills"}}, 0, "bad_option"},
		{"memory", job.ExportInput{Format: "stl"}, 1, "too_large_to_mesh"},
	} {
		w := newWorld(t)
		s := w.stage()
		s.MemoryBytes = c.memory
		c.in.Job, c.in.Attempt = id, 2
		if err := s.Handle(t.Context(), c.in); err != nil || w.puts() != 1 {
			t.Fatalf("%s: %v, %d objects written", c.name, err, w.puts())
		}
		var told job.Notice
		text := w.results.Bytes(job.Key(id, 2, job.RefusalName(job.ExportName(c.in.Format, c.in.Structures))))
		if err := json.Unmarshal(text, &told); err != nil || told.Code != c.code || told.Message == "" {
			t.Errorf("%s: %s, %v", c.name, text, err)
		}
	}
	w := newWorld(t)
	var unsupported *job.UnsupportedError
	if err := w.stage().Handle(t.Context(), job.ExportInput{Job: id, Attempt: 2, Format: "exe"}); !errors.As(err, &unsupported) || unsupported.Code != "unsupported_format" || w.puts() > 0 {
		t.Errorf("format: %v, %d objects written", err, w.puts())
	}
	// A connection that breaks is a fault of ours: the function is tried again.
	w.results.Short = true
	if err := w.stage().Handle(t.Context(), job.ExportInput{Job: id, Attempt: 2, Format: "stl"}); err == nil || w.puts() > 0 {
		t.Errorf("broken: %v, %d objects written", err, w.puts())
	}
	w.results.Short = false
	w.meshing(func() { w.change(func(r *job.Record) { r.Erased = true }) })
	s := w.stage()
	s.MemoryBytes = 1
	if err := s.Handle(t.Context(), job.ExportInput{Job: id, Attempt: 2, Format: "stl"}); err != nil || w.puts() > 0 {
		t.Errorf("erased meanwhile: %v, %d objects written", err, w.puts())
	}
}
