package prepare_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/dicom/origin"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// world is the buckets and the table in memory, with one job in it.
type world struct {
	jobs          *jobtest.Store
	uploads, work *jobtest.Bucket
	results       *jobtest.Bucket
	now           time.Time
	late          bool // a slice arrives before the folder is sealed
	glimpses      glimpses
}

const (
	id     = "01JD0000000000000000000000"
	bucket = "iris-uploads"
)

func newWorld(o job.Options, upload job.Upload) *world {
	w := &world{jobs: &jobtest.Store{}, uploads: &jobtest.Bucket{}, work: &jobtest.Bucket{}, results: &jobtest.Bucket{}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	w.change(func(r *job.Record) {
		*r = job.Record{Attempt: 1, Status: job.Received, Options: o, Upload: upload, CreatedAt: w.now}
	})
	w.jobs.Before = func(call, _ string) error {
		if call == "SealFolder" && w.late {
			w.late = false
			return w.jobs.TouchFolder(context.Background(), w.folder(), w.now)
		}
		return nil
	}
	return w
}

func (w *world) stage(tasks ...string) prepare.Stage {
	return prepare.Stage{Jobs: w.jobs, Uploads: w.uploads, Work: w.work, Results: w.results, Folders: w.jobs, Glimpse: &w.glimpses, Tasks: tasks, Now: func() time.Time { return w.now }}
}

func (w *world) record() job.Record              { return w.jobs.Record(id) }
func (w *world) change(change func(*job.Record)) { w.jobs.Change(id, change) }
func (w *world) object(name string) []byte       { return w.work.Bytes(job.Key(id, 1, name)) }
func (w *world) upload(key string, data []byte)  { w.uploads.Set(key, data, nil) }

// lose takes an upload away.
func (w *world) lose(key string) { _ = w.uploads.Delete(context.Background(), key) }

// folder is what the table knows of the folder in/.
func (w *world) folder() job.Folder {
	f, err := w.jobs.Folder(context.Background(), bucket, "in/")
	if err != nil {
		panic(err)
	}
	return f
}

// onCall lets something happen before a call of a bucket.
func onCall(b *jobtest.Bucket, call string, happen func(key string) error) {
	b.Before = func(name, key string) error {
		if name != call {
			return nil
		}
		return happen(key)
	}
}

// etag is of the content, so that a replaced object has another.
func (w *world) etag(t *testing.T, key string) string {
	t.Helper()
	o, err := w.uploads.Head(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return o.ETag
}

func (w *world) prepare(t *testing.T, tasks ...string) (job.PrepareOutput, error) {
	t.Helper()
	return w.stage(tasks...).Prepare(t.Context(), job.StageInput{Job: id, Attempt: 1})
}

func (w *world) keys() []string {
	var keys []string
	for _, key := range w.work.Keys() {
		keys = append(keys, strings.TrimPrefix(key, id+"/1/"))
	}
	return keys
}

var file = job.Upload{Bucket: bucket, Key: "ZZPHI.zip"}

func dropped(t *testing.T, data []byte, change func(*job.Options)) *world {
	o := job.DefaultOptions()
	if change != nil {
		change(&o)
	}
	w := newWorld(o, file)
	w.upload(file.Key, data)
	return w
}

// A series becomes a volume and what it was made from; a second run, also after
// a crash between any two steps, leaves the same.
func TestPrepareSeries(t *testing.T) {
	series := zipOf(t, append(dicomtest.Series(4, 4, 4, nil), []byte("stranger")))
	w := dropped(t, series, nil)
	out, err := w.prepare(t, "tissue")
	if err != nil || out != (job.PrepareOutput{Ready: true}) {
		t.Fatalf("%v %+v", err, out)
	}
	if d := cmp.Diff([]string{job.SourceObject, job.VolumeObject}, w.keys()); d != "" {
		t.Error(d)
	}
	if w.record().Options.Task != "tissue" || w.record().Options.Modality != "CT" || w.record().Status != job.Preparing ||
		len(w.record().Warnings) != 1 || w.record().Warnings[0].Code != "strangers" {
		t.Errorf("record %+v", w.record())
	}
	var source origin.Scan
	if err := json.Unmarshal(w.object(job.SourceObject), &source); err != nil || source.Series != "1.2.3.4" || len(source.Slices) != 4 {
		t.Errorf("source %+v, %v", source, err)
	}
	first := w.object(job.VolumeObject)
	for step := range 3 {
		again := dropped(t, series, nil)
		onCall(again.work, "Put", func(string) error {
			if step > 0 && len(again.work.Order()) >= step {
				return errors.New("power cut")
			}
			return nil
		})
		_, _ = again.prepare(t, "tissue")
		again.work.Before = nil
		if _, err := again.prepare(t, "tissue"); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.object(job.VolumeObject), first) || len(again.record().Warnings) != 1 {
			t.Errorf("a repeat differs: %+v", again.record().Warnings)
		}
	}
}

// The record says afterwards what runs: the task of the modality found.
func TestPrepareResolvesTheTask(t *testing.T) {
	mr := zipOf(t, dicomtest.Series(4, 4, 4, func(_ int, s *dicomtest.Slice) {
		s.Modality, s.Class, s.Intercept = "MR", "1.2.840.10008.5.1.4.1.1.4", "0"
	}))
	pet := zipOf(t, dicomtest.Series(4, 4, 4, func(_ int, s *dicomtest.Slice) { s.Modality, s.Class = "PT", "1.2.840.10008.5.1.4.1.1.128" }))
	unknown := &volume.Volume{Dims: [3]int{4, 4, 4}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, Voxels: make([]int16, 64)}
	for i := range unknown.Voxels {
		unknown.Voxels[i] = int16(10 * i)
	}
	var plain bytes.Buffer
	if err := nifti.WriteVolume(&plain, unknown); err != nil {
		t.Fatal(err)
	}
	total := []string{"total", "total_mr"}
	cases := []struct {
		name                 string
		data                 []byte
		tasks                []string
		task, modality, want string // want: task, or the code of a refusal
	}{
		{"CT, one task", ct(t), []string{"tissue"}, "auto", "", "tissue"},
		{"CT, several", ct(t), total, "auto", "", "total"},
		{"MR, several", mr, total, "auto", "", "total_mr"},
		{"MR, but no model for it", mr, []string{"tissue"}, "auto", "", "wrong_modality"},
		{"MR, CT asked for", mr, total, "total", "", "wrong_modality"},
		{"MR that is said to be CT, and has no such values", mr, total, "auto", "CT", "not_hounsfield"},
		{"PET", pet, total, "auto", "", "unsupported_modality"},
		{"unknown, several", plain.Bytes(), total, "auto", "", "unknown_modality"},
		{"unknown, one", plain.Bytes(), []string{"tissue"}, "auto", "", "not_hounsfield"},
		{"unknown, said to be CT", plain.Bytes(), []string{"tissue"}, "auto", "CT", "not_hounsfield"},
		{"unknown, MR asked for", plain.Bytes(), total, "total_mr", "", "total_mr"},
		{"unknown, said to be MR", plain.Bytes(), total, "auto", "MR", "total_mr"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := dropped(t, c.data, func(o *job.Options) { o.Task, o.Modality = c.task, c.modality })
			out, err := w.prepare(t, c.tasks...)
			if err != nil {
				if code(err) != c.want {
					t.Errorf("%v, want %s", err, c.want)
				}
				return
			}
			r := w.record()
			if !out.Ready || r.Options.Task != c.want {
				t.Errorf("%+v, task %s, want %s", out, r.Options.Task, c.want)
			}
			v, err := nifti.ReadVolume(bytes.NewReader(w.object(job.VolumeObject)))
			if err != nil || r.Voxels != int64(len(v.Voxels)) || !r.PreparedAt.Equal(w.now) {
				t.Errorf("%d voxels at %v, want those of the volume (%v)", r.Voxels, r.PreparedAt, err)
			}
		})
	}
}

func TestPrepareLabels(t *testing.T) {
	m := &volume.LabelMap{Dims: [3]int{3, 3, 3}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, 27)}
	m.U8[13] = 5
	var b bytes.Buffer
	if err := nifti.WriteLabels(&b, m); err != nil {
		t.Fatal(err)
	}
	labels := func(o *job.Options) { o.Task = job.TaskLabels }
	w := dropped(t, b.Bytes(), labels)
	out, err := w.prepare(t, "tissue")
	if err != nil || out != (job.PrepareOutput{Ready: true, Labels: true}) {
		t.Fatalf("%v %+v", err, out)
	}
	if got, err := nifti.ReadLabels(bytes.NewReader(w.object(job.LabelsObject))); err != nil || got.At(13) != 5 {
		t.Errorf("%v", err)
	}
	if r := w.record(); r.Voxels != 27 || !r.PreparedAt.Equal(w.now) {
		t.Errorf("%d voxels at %v", r.Voxels, r.PreparedAt)
	}
	w = dropped(t, zipOf(t, dicomtest.Series(4, 4, 4, nil)), labels)
	if _, err := w.prepare(t, "tissue"); code(err) != "unrecognized" || len(w.keys()) > 0 {
		t.Errorf("%v, %v", err, w.keys())
	}
}

// 3D Slicer's file is a label map with its names and colours, and no scan.
func TestPrepareLabelsOfSlicer(t *testing.T) {
	file := []byte("NRRD0004\ntype: unsigned char\ndimension: 3\nspace: left-posterior-superior\nsizes: 3 3 3\n" +
		"space directions: (1,0,0) (0,1,0) (0,0,2)\nkinds: domain domain domain\nencoding: raw\nspace origin: (5,6,7)\n" +
		"Segment0_Name:=liver\nSegment0_LabelValue:=5\nSegment0_Layer:=0\nSegment0_Color:=1 0 0\n\n")
	at := len(file) + 13
	file = append(file, make([]byte, 27)...)
	file[at] = 5
	w := dropped(t, file, func(o *job.Options) { o.Task = job.TaskLabels })
	if out, err := w.prepare(t, "tissue"); err != nil || out != (job.PrepareOutput{Ready: true, Labels: true}) {
		t.Fatalf("%v %+v", err, out)
	}
	m, err := nifti.ReadLabels(bytes.NewReader(w.object(job.LabelsObject)))
	if err != nil || m.At(13) != 5 || m.Affine.Apply([3]float64{1, 1, 1}) != [3]float64{-6, -7, 9} {
		t.Fatalf("%v %+v", err, m)
	}
	if l, _ := m.Table.Find(5); l.Name != "liver" || l.Color != "#ff0000" {
		t.Errorf("%+v", l)
	}
	w = dropped(t, file, nil)
	if _, err := w.prepare(t, "tissue"); code(err) != "unrecognized" || !strings.Contains(err.Error(), "task=labels") || len(w.keys()) > 0 {
		t.Errorf("as a scan: %v, %v", err, w.keys())
	}
}

// A job that has gone, at whatever moment, ends quietly and leaves nothing.
func TestPrepareGone(t *testing.T) {
	ways := map[string]func(*world){
		"erased":          func(w *world) { w.change(func(r *job.Record) { r.Erased = true }) },
		"cancelled":       func(w *world) { w.change(func(r *job.Record) { r.Status = job.Cancelled }) },
		"another attempt": func(w *world) { w.change(func(r *job.Record) { r.Attempt = 2 }) },
		"unknown":         func(w *world) { w.jobs.Forget(id) },
	}
	for name, happen := range ways {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprint(name, before), func(t *testing.T) {
				w := dropped(t, zipOf(t, dicomtest.Series(4, 4, 4, nil)), nil)
				if before {
					happen(w)
				} else {
					onCall(w.work, "Put", func(string) error { happen(w); return nil })
				}
				out, err := w.prepare(t, "tissue")
				if err != nil || out != (job.PrepareOutput{Gone: true}) || len(w.keys()) > 0 || len(w.results.Keys()) > 0 {
					t.Errorf("%v %+v %v %v", err, out, w.keys(), w.results.Keys())
				}
			})
		}
	}
}

// A scan at fault leaves nothing, and an error of the store is not the scan's.
func TestPrepareFails(t *testing.T) {
	w := dropped(t, zipOf(t, append(dicomtest.Series(3, 4, 4, nil), dicomtest.Series(6, 4, 4, nil)[5])), nil)
	if _, err := w.prepare(t, "tissue"); code(err) != "missing_slices" || len(w.keys()) > 0 || strings.Contains(fmt.Sprint(err), "ZZPHI") {
		t.Errorf("%v %v", err, w.keys())
	}
	w = dropped(t, ct(t), nil)
	fire := errors.New("bucket on fire")
	onCall(w.work, "Put", func(string) error { return fire })
	if _, err := w.prepare(t, "tissue"); !errors.Is(err, fire) || job.Named(err) != nil {
		t.Errorf("%v", err)
	}
	w.lose(file.Key)
	if _, err := w.prepare(t, "tissue"); code(err) != "missing_upload" {
		t.Errorf("%v", err)
	}
}

// A folder is read once it is quiet; what it consumed is listed before it is sealed.
func TestPrepareFolder(t *testing.T) {
	w := newWorld(job.DefaultOptions(), job.Upload{Bucket: bucket, Key: "in/0", Prefix: "in/"})
	for n, data := range dicomtest.Series(40, 4, 4, nil) {
		w.upload(fmt.Sprintf("in/%d", 97*n%40), data)
	}
	w.upload("in/DICOMDIR", []byte("litter"))
	w.upload("in/deeper/0", []byte("another folder's"))
	w.jobs.SetFolder(job.Folder{Bucket: bucket, Prefix: "in/", Generation: 1, Job: id, LastArrival: w.now})
	waits := func(why string) {
		t.Helper()
		if out, err := w.prepare(t, "tissue"); err != nil || out != (job.PrepareOutput{}) || w.folder().Sealed {
			t.Fatalf("%s: %v %+v", why, err, out)
		}
	}
	waits("just arrived")
	w.now = w.now.Add(job.QuietFor - time.Millisecond)
	waits("not quiet yet")
	w.now = w.now.Add(time.Millisecond)
	w.late = true
	waits("a slice came in between")
	w.now = w.now.Add(job.QuietFor)
	out, err := w.prepare(t, "tissue")
	if err != nil || !out.Ready || !w.folder().Sealed || len(w.record().Warnings) > 0 {
		t.Fatalf("%v %+v %v", err, out, w.record().Warnings)
	}
	var consumed []string
	if err := json.Unmarshal(w.object(job.SlicesObject), &consumed); err != nil || len(consumed) != 41 ||
		consumed[0] != job.SliceDigest("in/0", w.etag(t, "in/0")) {
		t.Errorf("%d consumed, %v", len(consumed), err)
	}
	v, err := nifti.ReadVolume(bytes.NewReader(w.object(job.VolumeObject)))
	if err != nil || v.Dims != [3]int{4, 4, 40} {
		t.Errorf("%v", err)
	}
	// Never quiet: after two hours it is read all the same.
	w.jobs.SetFolder(job.Folder{Bucket: bucket, Prefix: "in/", Generation: 1, Job: id, LastArrival: w.now})
	w.change(func(r *job.Record) { r.CreatedAt = w.now.Add(-job.FolderBound) })
	if out, err := w.prepare(t, "tissue"); err != nil || !out.Ready {
		t.Errorf("%v %+v", err, out)
	}
}
