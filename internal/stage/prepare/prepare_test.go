package prepare_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// world is the buckets and the table in memory, with one job in it.
type world struct {
	record  job.Record
	gone    bool
	uploads map[string][]byte
	work    map[string][]byte
	folder  job.Folder
	now     time.Time
	onPut   func(key string)
	onGet   func(key string) // before a slice is opened
	onAmend func(*job.Record)
	late    bool // a slice arrives before the folder is sealed
	putErr  error
}

const (
	id     = "01JD0000000000000000000000"
	bucket = "iris-uploads"
)

func newWorld(o job.Options, upload job.Upload) *world {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &world{
		record:  job.Record{ID: id, Attempt: 1, Status: job.Received, Options: o, Upload: upload, CreatedAt: now},
		uploads: map[string][]byte{}, work: map[string][]byte{}, now: now,
	}
}

func (w *world) stage(tasks ...string) prepare.Stage {
	return prepare.Stage{Jobs: w, Uploads: uploads{w}, Work: work{w}, Folders: w, Tasks: tasks, Now: func() time.Time { return w.now }}
}

func (w *world) Amend(_ context.Context, _ string, change func(*job.Record) error) (job.Record, error) {
	if w.gone {
		return job.Record{}, job.ErrNotFound
	}
	if w.onAmend != nil {
		w.onAmend(&w.record)
	}
	r := w.record
	if err := change(&r); err != nil {
		return job.Record{}, err
	}
	w.record = r
	return r, nil
}

func (w *world) Folder(context.Context, string, string) (job.Folder, error) { return w.folder, nil }

func (w *world) SealFolder(_ context.Context, f job.Folder) error {
	if w.late {
		w.late, w.folder.LastArrival = false, w.now
		return fmt.Errorf("folder: %w", job.ErrStale)
	}
	w.folder.Sealed = true
	return nil
}

type uploads struct{ *world }

func (u uploads) ReaderAt(_ context.Context, key string) (io.ReaderAt, job.Object, error) {
	data, ok := u.uploads[key]
	if !ok {
		return nil, job.Object{}, fmt.Errorf("head object: %w", job.ErrNotFound)
	}
	return bytes.NewReader(data), job.Object{Key: key, Size: int64(len(data))}, nil
}

func (u uploads) GetIf(_ context.Context, key, etag string) (io.ReadCloser, error) {
	if u.onGet != nil {
		u.onGet(key)
	}
	data, ok := u.uploads[key]
	switch {
	case !ok:
		return nil, fmt.Errorf("get object: %w", job.ErrNotFound)
	case u.etag(key) != etag:
		return nil, fmt.Errorf("get object: %w", job.ErrReplaced)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// etag is of the content, so that a replaced object has another.
func (w *world) etag(key string) string {
	sum := md5.Sum(w.uploads[key])
	return hex.EncodeToString(sum[:])
}

func (u uploads) List(_ context.Context, prefix string) iter.Seq2[job.Object, error] {
	var keys []string
	for key := range u.uploads {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	return func(yield func(job.Object, error) bool) {
		for _, key := range keys {
			if !yield(job.Object{Key: key, Size: int64(len(u.uploads[key])), ETag: u.etag(key)}, nil) {
				return
			}
		}
	}
}

type work struct{ *world }

func (w work) Put(_ context.Context, key, _ string, body io.Reader) (job.Artifact, error) {
	if w.putErr != nil {
		return job.Artifact{}, w.putErr
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return job.Artifact{}, fmt.Errorf("put object: %w", err)
	}
	w.world.work[key] = data
	if w.onPut != nil {
		w.onPut(key)
	}
	return job.Artifact{Bytes: int64(len(data))}, nil
}

func (w work) Get(_ context.Context, key string) (io.ReadCloser, error) {
	data, ok := w.world.work[key]
	if !ok {
		return nil, fmt.Errorf("get object: %w", job.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (w work) Delete(_ context.Context, key string) error {
	delete(w.world.work, key)
	return nil
}

func (w *world) prepare(t *testing.T, tasks ...string) (job.PrepareOutput, error) {
	t.Helper()
	return w.stage(tasks...).Prepare(t.Context(), job.StageInput{Job: id, Attempt: 1})
}

func (w *world) keys() []string {
	var keys []string
	for key := range w.work {
		keys = append(keys, strings.TrimPrefix(key, id+"/1/"))
	}
	sort.Strings(keys)
	return keys
}

var file = job.Upload{Bucket: bucket, Key: "ZZPHI.zip"}

func dropped(t *testing.T, data []byte, change func(*job.Options)) *world {
	o := job.DefaultOptions()
	if change != nil {
		change(&o)
	}
	w := newWorld(o, file)
	w.uploads[file.Key] = data
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
	if w.record.Options.Task != "tissue" || w.record.Options.Modality != "CT" || w.record.Status != job.Preparing ||
		len(w.record.Warnings) != 1 || w.record.Warnings[0].Code != "strangers" {
		t.Errorf("record %+v", w.record)
	}
	var source dicom.Source
	if err := json.Unmarshal(w.work[job.Key(id, 1, job.SourceObject)], &source); err != nil || source.Series != "1.2.3.4" || len(source.Slices) != 4 {
		t.Errorf("source %+v, %v", source, err)
	}
	first := w.work[job.Key(id, 1, job.VolumeObject)]
	for step := range 3 {
		again := dropped(t, series, nil)
		again.onPut = func(string) {
			if step--; step == 0 {
				again.putErr = errors.New("power cut")
			}
		}
		_, _ = again.prepare(t, "tissue")
		again.onPut, again.putErr = nil, nil
		if _, err := again.prepare(t, "tissue"); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.work[job.Key(id, 1, job.VolumeObject)], first) || len(again.record.Warnings) != 1 {
			t.Errorf("a repeat differs: %+v", again.record.Warnings)
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
			if !out.Ready || w.record.Options.Task != c.want {
				t.Errorf("%+v, task %s, want %s", out, w.record.Options.Task, c.want)
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
	if got, err := nifti.ReadLabels(bytes.NewReader(w.work[job.Key(id, 1, job.LabelsObject)])); err != nil || got.At(13) != 5 {
		t.Errorf("%v", err)
	}
	w = dropped(t, zipOf(t, dicomtest.Series(4, 4, 4, nil)), labels)
	if _, err := w.prepare(t, "tissue"); code(err) != "unrecognized" || len(w.work) > 0 {
		t.Errorf("%v, %v", err, w.keys())
	}
}

// A job that has gone, at whatever moment, ends quietly and leaves nothing.
func TestPrepareGone(t *testing.T) {
	ways := map[string]func(*world){
		"erased":          func(w *world) { w.record.Erased = true },
		"cancelled":       func(w *world) { w.record.Status = job.Cancelled },
		"another attempt": func(w *world) { w.record.Attempt = 2 },
		"unknown":         func(w *world) { w.gone = true },
	}
	for name, happen := range ways {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprint(name, before), func(t *testing.T) {
				w := dropped(t, zipOf(t, dicomtest.Series(4, 4, 4, nil)), nil)
				if before {
					happen(w)
				} else {
					w.onPut = func(string) { happen(w) }
				}
				out, err := w.prepare(t, "tissue")
				if err != nil || out != (job.PrepareOutput{Gone: true}) || len(w.work) > 0 {
					t.Errorf("%v %+v %v", err, out, w.keys())
				}
			})
		}
	}
}

// A scan at fault leaves nothing, and an error of the store is not the scan's.
func TestPrepareFails(t *testing.T) {
	w := dropped(t, zipOf(t, append(dicomtest.Series(3, 4, 4, nil), dicomtest.Series(6, 4, 4, nil)[5])), nil)
	if _, err := w.prepare(t, "tissue"); code(err) != "missing_slices" || len(w.work) > 0 || strings.Contains(fmt.Sprint(err), "ZZPHI") {
		t.Errorf("%v %v", err, w.keys())
	}
	w = dropped(t, ct(t), nil)
	w.putErr = errors.New("bucket on fire")
	if _, err := w.prepare(t, "tissue"); !errors.Is(err, w.putErr) || job.Named(err) != nil {
		t.Errorf("%v", err)
	}
	delete(w.uploads, file.Key)
	if _, err := w.prepare(t, "tissue"); code(err) != "missing_upload" {
		t.Errorf("%v", err)
	}
}

// A folder is read once it is quiet; what it consumed is listed before it is sealed.
func TestPrepareFolder(t *testing.T) {
	w := newWorld(job.DefaultOptions(), job.Upload{Bucket: bucket, Key: "in/0", Prefix: "in/"})
	for n, data := range dicomtest.Series(40, 4, 4, nil) {
		w.uploads[fmt.Sprintf("in/%d", 97*n%40)] = data
	}
	w.uploads["in/DICOMDIR"] = []byte("litter")
	w.uploads["in/deeper/0"] = []byte("another folder's")
	w.folder = job.Folder{Bucket: bucket, Prefix: "in/", Generation: 1, Job: id, LastArrival: w.now}
	waits := func(why string) {
		t.Helper()
		if out, err := w.prepare(t, "tissue"); err != nil || out != (job.PrepareOutput{}) || w.folder.Sealed {
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
	if err != nil || !out.Ready || !w.folder.Sealed || len(w.record.Warnings) > 0 {
		t.Fatalf("%v %+v %v", err, out, w.record.Warnings)
	}
	var consumed []string
	if err := json.Unmarshal(w.work[job.Key(id, 1, job.SlicesObject)], &consumed); err != nil || len(consumed) != 41 ||
		consumed[0] != job.SliceDigest("in/0", w.etag("in/0")) {
		t.Errorf("%d consumed, %v", len(consumed), err)
	}
	v, err := nifti.ReadVolume(bytes.NewReader(w.work[job.Key(id, 1, job.VolumeObject)]))
	if err != nil || v.Dims != [3]int{4, 4, 40} {
		t.Errorf("%v", err)
	}
	// Never quiet: after two hours it is read all the same.
	w.folder.Sealed, w.folder.LastArrival, w.record.CreatedAt = false, w.now, w.now.Add(-job.FolderBound)
	if out, err := w.prepare(t, "tissue"); err != nil || !out.Ready {
		t.Errorf("%v %+v", err, out)
	}
}
