package prepare_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
)

// losing is a bucket whose single object fails at some byte, as ranged reads do
// when the object is replaced or deleted meanwhile, or the store is busy.
type losing struct {
	*jobtest.Bucket
	at  int64
	err error
}

func (l losing) ReaderAt(ctx context.Context, key string) (io.ReaderAt, job.Object, error) {
	r, o, err := l.Bucket.ReaderAt(ctx, key)
	return losingFile{r, l}, o, err
}

type losingFile struct {
	io.ReaderAt
	losing
}

func (f losingFile) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.at {
		return 0, fmt.Errorf("get range: %w", f.err)
	}
	return f.ReaderAt.ReadAt(p, off)
}

// An upload that goes or changes while it is read ends by name, wherever the
// reading stands and whatever the file's reader makes of the error; a store that
// is busy is asked again.
func TestAnUploadThatIsLostWhileItIsRead(t *testing.T) {
	data := ct(t)
	for _, c := range []struct {
		err  error
		want string
	}{
		{job.ErrReplaced, "upload_replaced"},
		{job.ErrNotFound, "missing_upload"},
		{&job.BusyError{Message: "get range: throttled"}, "busy"},
	} {
		for at := int64(1); at < int64(len(data)); at += int64(len(data))/50 + 1 {
			w := dropped(t, data, nil)
			s := w.stage("tissue")
			s.Uploads = losing{w.uploads, at, c.err}
			_, err := s.Prepare(t.Context(), job.StageInput{Job: id, Attempt: 1})
			got := code(err)
			if _, busy := job.Named(err).(*job.BusyError); busy {
				got = "busy"
			}
			if err == nil || got != c.want || len(w.keys()) > 0 {
				t.Errorf("%v from byte %d of %d: %v, left %v", c.err, at, len(data), err, w.keys())
			}
		}
	}
}

func newFolder(t *testing.T, slices int) *world {
	t.Helper()
	w := newWorld(job.DefaultOptions(), job.Upload{Bucket: bucket, Key: "in/00", Prefix: "in/"})
	for n, data := range dicomtest.Series(slices, 4, 4, nil) {
		w.upload(fmt.Sprintf("in/%02d", n), data)
	}
	w.jobs.SetFolder(job.Folder{Bucket: bucket, Prefix: "in/", Generation: 1, Job: id, LastArrival: w.now.Add(-time.Minute)})
	return w
}

func TestASliceThatIsLostWhileTheFolderIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		want   string
	}{
		"replaced": {func(w *world) { w.upload("in/05", w.uploads.Bytes("in/06")) }, "upload_replaced"},
		"deleted":  {func(w *world) { w.lose("in/05") }, "missing_upload"},
	} {
		w := newFolder(t, 8)
		onCall(w.uploads, "GetIf", func(key string) error {
			if key == "in/05" {
				c.change(w)
			}
			return nil
		})
		if _, err := w.prepare(t, "tissue"); code(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// A repeat after the folder was sealed, and a later attempt, read the slices that
// were read first: what came late changes no byte.
func TestARepeatReadsTheSameSlices(t *testing.T) {
	w := newFolder(t, 8)
	for n := 5; n < 8; n++ {
		w.lose(fmt.Sprintf("in/%02d", n))
	}
	if out, err := w.prepare(t, "tissue"); err != nil || !out.Ready {
		t.Fatal(out, err)
	}
	first, list := w.object(job.VolumeObject), w.object(job.SlicesObject)
	for n, data := range dicomtest.Series(8, 4, 4, nil) {
		w.upload(fmt.Sprintf("in/%02d", n), data)
	}
	for _, newer := range []string{id, "01JD0000000000000000000009"} { // sealed by this job, then by a later generation's
		f := w.folder()
		f.Job = newer
		w.jobs.SetFolder(f)
		if out, err := w.prepare(t, "tissue"); err != nil || !out.Ready {
			t.Fatal(out, err)
		}
		if !bytes.Equal(w.object(job.VolumeObject), first) || !bytes.Equal(w.object(job.SlicesObject), list) {
			t.Errorf("the folder's job is now %s: a late slice changed what the repeat made", newer)
		}
	}
	w.lose("in/01")
	_, err := w.prepare(t, "tissue")
	if code(err) != "missing_upload" || !strings.Contains(err.Error(), "1 of the folder's 5 files") {
		t.Errorf("a slice that is not there any more: %v", err)
	}
}

var _ prepare.Uploads = losing{}
