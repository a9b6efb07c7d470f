package mesh_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/objecttest"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
)

// series is an axial series whose frames are the planes of a map on an axis-parallel grid.
func series(m *volume.LabelMap) *origin.Scan {
	s := &origin.Scan{
		Study: "1.2.3.777", Series: "1.2.3.778", FrameOfReference: "1.2.3.779", Modality: "CT", Rows: m.Dims[1], Columns: m.Dims[0],
		Orientation: [6]float64{1, 0, 0, 0, 1, 0}, Spacing: [2]float64{m.Affine[1][1], m.Affine[0][0]}, Gap: m.Affine[2][2],
		Attributes: []origin.Attribute{{Tag: 0x00100010, Value: []byte("ZZPHI^NAME")}, {Tag: 0x00100020, Value: []byte("ZZPHI-ID")}, {Tag: 0x00081030, Value: []byte("ZZPHI study")}},
	}
	for k := range m.Dims[2] {
		last := m.Affine.Apply([3]float64{float64(m.Dims[0] - 1), float64(m.Dims[1] - 1), float64(k)})
		s.Slices = append(s.Slices, origin.Slice{Class: "1.2.840.10008.5.1.4.1.1.2", Instance: fmt.Sprintf("1.2.3.778.%d", k), Position: [3]float64{-last[0], -last[1], last[2]}})
	}
	return s
}

// withSource adds the description of a series to the job's work files.
func (w *world) withSource(t *testing.T, attempt int, s *origin.Scan) {
	t.Helper()
	w.work.Set(job.Key(id, attempt, job.SourceObject), encoded(t, s.Write), nil)
}

func (w *world) segmentation(t *testing.T, attempt int) []byte {
	t.Helper()
	return meshtest.Unpacked(t, w.results.Bytes(job.Key(id, attempt, job.LabelsSEG)))
}

func notices(m job.Meshed) (codes []string) {
	for _, w := range m.Warnings {
		codes = append(codes, w.Code)
	}
	return codes
}

// A scan of DICOM images ends with a segmentation on them; a repeat and a remesh write the
// same bytes, so that a PACS has one object of them.
func TestDICOMSegmentation(t *testing.T) {
	m := twoBoxes()
	w := newWorld(t, m)
	w.withSource(t, 1, series(m))
	w.run(t, 1)
	listed := false
	for _, a := range w.meshed(t, 1).Artifacts {
		listed = listed || a.Name == job.LabelsSEG && a.MediaType == "application/dicom" && a.Encoding == "gzip"
	}
	file := w.segmentation(t, 1)
	_, d, err := objecttest.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if !listed || d.Text(0x00100010) != "ZZPHI^NAME" || d.Text(0x0020000D) != "1.2.3.777" || len(d[0x00620002].Items) != 2 || d.Text(0x00280008) != "12" {
		t.Errorf("listed %v, patient %q, %d segments in %s frames", listed, d.Text(0x00100010), len(d[0x00620002].Items), d.Text(0x00280008))
	}
	set := 0
	for _, b := range d[0x7FE00010].Value {
		for ; b > 0; b &= b - 1 {
			set++
		}
	}
	if set != 2*6*6*6 {
		t.Errorf("%d pixels are set, want %d", set, 2*6*6*6)
	}

	again := newWorld(t, m)
	again.withSource(t, 1, series(m))
	again.run(t, 1)
	if !bytes.Equal(again.segmentation(t, 1), file) {
		t.Error("a repeat wrote other bytes")
	}

	w.change(func(r *job.Record) {
		r.Attempt, r.Shown, r.Status, r.From, r.Stages = 2, 1, job.Received, job.FromMesh, nil
		r.Options.Structures = []string{"liver"}
	})
	w.run(t, 2)
	if !bytes.Equal(w.segmentation(t, 2), file) {
		t.Error("a remesh wrote other bytes")
	}
}

// Each value of the option dicom gives its artifacts and no other, on the frames of the
// series, and a retry, which prepares and segments anew, and a remesh write the same bytes.
func TestDICOMOption(t *testing.T) {
	classes := map[string]string{
		job.LabelsSEG: "1.2.840.10008.5.1.4.1.1.66.4", job.LabelsDICOM: "1.2.840.10008.5.1.4.1.1.66.7", job.LabelsStruct: "1.2.840.10008.5.1.4.1.1.481.3",
	}
	for value, want := range map[string][]string{
		"seg": {job.LabelsSEG}, "labelmap": {job.LabelsDICOM}, "rtstruct": {job.LabelsStruct}, "none": nil,
		"rtstruct,seg,labelmap": {job.LabelsSEG, job.LabelsDICOM, job.LabelsStruct},
	} {
		options, err := job.ParseOptions(map[string]string{"dicom": value}, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := twoBoxes()
		w := newWorld(t, m)
		w.change(func(r *job.Record) { r.Options.DICOM = options.DICOM })
		w.withSource(t, 1, series(m))
		w.run(t, 1)
		w.change(func(r *job.Record) { // a remesh
			r.Attempt, r.Shown, r.Status, r.From, r.Stages = 2, 1, job.Received, job.FromMesh, nil
		})
		w.run(t, 2)
		w.change(func(r *job.Record) { // a retry
			r.Attempt, r.Shown, r.Status, r.From, r.Stages = 3, 1, job.Received, job.FromPrepare, nil
		})
		for _, name := range []string{job.LabelsObject, job.VolumeObject} {
			w.work.Set(job.Key(id, 3, name), w.work.Bytes(job.Key(id, 1, name)), nil)
		}
		w.withSource(t, 3, series(m))
		w.run(t, 3)

		instances := map[string]bool{}
		for attempt := 1; attempt <= 3; attempt++ {
			meshed := w.meshed(t, attempt)
			var got []string
			for _, a := range meshed.Artifacts {
				if !strings.HasSuffix(a.Name, ".dcm") {
					continue
				}
				got = append(got, a.Name)
				if a.MediaType != "application/dicom" || a.Encoding != "gzip" || !job.IsArtifact(a.Name) {
					t.Errorf("%s, attempt %d: %+v", value, attempt, a)
				}
				file := meshtest.Unpacked(t, w.results.Bytes(job.Key(id, attempt, a.Name)))
				if first := meshtest.Unpacked(t, w.results.Bytes(job.Key(id, 1, a.Name))); !bytes.Equal(file, first) {
					t.Errorf("%s: attempt %d wrote other bytes of %s", value, attempt, a.Name)
				}
				_, d, err := objecttest.Read(file)
				if err != nil {
					t.Fatalf("%s, %s: %v", value, a.Name, err)
				}
				if d.Text(0x00080016) != classes[a.Name] || d.Text(0x0020000D) != "1.2.3.777" || d.Text(0x00100010) != "ZZPHI^NAME" {
					t.Errorf("%s, %s: class %s, study %s, patient %s", value, a.Name, d.Text(0x00080016), d.Text(0x0020000D), d.Text(0x00100010))
				}
				instances[d.Text(0x00080018)] = true
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || len(meshed.Artifacts) != len(everyArtifact)+len(want) {
				t.Errorf("%s, attempt %d: %q, %d artifacts, want %q", value, attempt, got, len(meshed.Artifacts), want)
			}
			for _, n := range meshed.Warnings {
				if n.Code == "no_dicom_object" {
					t.Errorf("%s, attempt %d: %s", value, attempt, n.Message)
				}
			}
		}
		for _, key := range w.results.Keys() {
			if name := key[strings.LastIndex(key, "/")+1:]; strings.HasSuffix(name, ".dcm") && !slices.Contains(want, name) {
				t.Errorf("%s: %s was stored", value, key)
			}
		}
		if len(instances) != len(want) {
			t.Errorf("%s: %d instances of %d objects", value, len(instances), len(want))
		}
	}
}

// A scan that was no DICOM has no segmentation, and nothing to say of it.
func TestNoSource(t *testing.T) {
	w := newWorld(t, twoBoxes())
	w.run(t, 1)
	for _, code := range notices(w.meshed(t, 1)) {
		if code == "no_dicom_object" {
			t.Error("a scan that is no DICOM is told of its segmentation")
		}
	}
}

// What keeps the segmentation from being written keeps nobody from the model.
func TestNoSegmentation(t *testing.T) {
	for name, change := range map[string]func(*origin.Scan){
		"an earlier version": func(s *origin.Scan) { s.Rows = 0 },
		"another place": func(s *origin.Scan) {
			for i := range s.Slices {
				s.Slices[i].Position[0] += 5000
			}
		},
	} {
		m := twoBoxes()
		w := newWorld(t, m)
		w.change(func(r *job.Record) { r.Options.DICOM = []string{job.DICOMSeg, job.DICOMLabelMap, job.DICOMStruct} })
		s := series(m)
		change(s)
		w.withSource(t, 1, s)
		w.run(t, 1)
		meshed := w.meshed(t, 1)
		if got := notices(meshed); len(got) != 1 || got[0] != "no_dicom_object" || len(meshed.Artifacts) != len(everyArtifact) {
			t.Errorf("%s: %q, %d artifacts", name, meshed.Warnings, len(meshed.Artifacts))
		} else if said := meshed.Warnings[0].Message; !strings.HasPrefix(said, "there is no labels.seg.dcm, no labels.labelmap.dcm, no labels.rtstruct.dcm: ") {
			t.Errorf("%s: %s", name, said)
		}
		w = newWorld(t, m)
		w.change(func(r *job.Record) { r.Options.DICOM = []string{job.DICOMNone} })
		w.withSource(t, 1, s)
		w.run(t, 1)
		if got := w.meshed(t, 1).Warnings; len(got) != 0 {
			t.Errorf("%s: nobody asked for it: %q", name, got)
		}
	}
}

// The patient is named in the segmentation and in what prepare kept, and nowhere else: in
// no other object, no record and no line of the log.
func TestPatientIsNamedInDICOMOnly(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(before)
	m := twoBoxes()
	w := newWorld(t, m)
	w.change(func(r *job.Record) { r.Options.DICOM = []string{job.DICOMSeg, job.DICOMLabelMap, job.DICOMStruct} })
	w.withSource(t, 1, series(m))
	w.run(t, 1)
	named := 0
	for where, bucket := range map[string]interface {
		Keys() []string
		Bytes(key string) []byte
	}{"work": w.work, "results": w.results} {
		for _, key := range bucket.Keys() {
			text := bucket.Bytes(key)
			if len(text) > 2 && text[0] == 0x1F && text[1] == 0x8B {
				text = meshtest.Unpacked(t, text)
			}
			for _, marker := range []string{"ZZPHI", "1.2.3.77"} {
				if !bytes.Contains(text, []byte(marker)) {
					continue
				}
				named++
				if !strings.HasSuffix(key, ".dcm") && !strings.HasSuffix(key, job.SourceObject) {
					t.Errorf("%s in %s of %s", marker, key, where)
				}
			}
		}
	}
	record, err := json.Marshal(w.jobs.Record(id))
	if err != nil {
		t.Fatal(err)
	}
	if named != 7 || // both in each of the three objects; the texts of what prepare kept are base64
		strings.Contains(string(record)+log.String(), "ZZPHI") || strings.Contains(string(record)+log.String(), "1.2.3.77") {
		t.Errorf("named in %d places, record %s, log %s", named, record, log.String())
	}
}

// A store that fails while the segmentation is written fails the stage.
func TestSegmentationNeedsTheStore(t *testing.T) {
	m := twoBoxes()
	w := newWorld(t, m)
	w.withSource(t, 1, series(m))
	w.fill(len(everyArtifact))
	if _, err := w.Handle(t.Context(), job.StageInput{Job: id, Attempt: 1}); err == nil || !strings.Contains(err.Error(), job.LabelsSEG) {
		t.Errorf("%v", err)
	}
}
