package prepare_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/dicom/dicomtest"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// glimpses is the glimpse function: what it was asked for.
type glimpses struct {
	asked []any
	asks  func(context.Context) error // nil: it is queued
}

func (g *glimpses) Send(ctx context.Context, input any) error {
	g.asked = append(g.asked, input)
	if g.asks != nil {
		return g.asks(ctx)
	}
	return nil
}

func mrSeries(t *testing.T) []byte {
	t.Helper()
	return zipOf(t, dicomtest.Series(4, 4, 4, func(_ int, s *dicomtest.Slice) {
		s.Modality, s.Class, s.Intercept = "MR", "1.2.840.10008.5.1.4.1.1.4", "0"
	}))
}

// A first look is asked for once the record says what the scan is, where it has one; a
// scan that is no CT says that it has none.
func TestWhoGetsAFirstLook(t *testing.T) {
	m := &volume.LabelMap{Dims: [3]int{3, 3, 3}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, U8: make([]uint8, 27)}
	m.U8[13] = 5
	var labels bytes.Buffer
	if err := nifti.WriteLabels(&labels, m); err != nil {
		t.Fatal(err)
	}
	series := zipOf(t, dicomtest.Series(4, 4, 4, nil))
	for name, c := range map[string]struct {
		data  []byte
		task  string
		tasks []string
		asked bool
		none  string // the code of the reason why there is none
	}{
		"a CT for a model":          {series, job.TaskAuto, []string{"total", "total_mr"}, true, ""},
		"a CT for the tissue model": {series, job.TaskAuto, []string{"tissue"}, false, ""},
		"an MR":                     {mrSeries(t), job.TaskAuto, []string{"total", "total_mr"}, false, "glimpse_needs_ct"},
		"labels":                    {labels.Bytes(), job.TaskLabels, []string{"total"}, false, ""},
	} {
		w := dropped(t, c.data, func(o *job.Options) { o.Task = c.task })
		w.glimpses.asks = func(context.Context) error {
			if r := w.record(); !r.TakesGlimpse(1) || len(r.Artifacts) != 1 || w.object(job.VolumeObject) == nil {
				t.Errorf("%s: asked for when the record is %+v", name, r)
			}
			return nil
		}
		if out, err := w.prepare(t, c.tasks...); err != nil || !out.Ready {
			t.Fatalf("%s: %v %+v", name, err, out)
		}
		var want []any
		if c.asked {
			want = []any{job.StageInput{Job: id, Attempt: 1}}
		}
		if d := cmp.Diff(want, w.glimpses.asked); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if none := w.record().NoGlimpse; (none == nil) != (c.none == "") || none != nil && none.Code != c.none {
			t.Errorf("%s: %+v, want %q", name, none, c.none)
		}
	}
}

// A job does not wait for its first look, nor fail for want of it.
func TestAFirstLookHoldsNobodyUp(t *testing.T) {
	series := zipOf(t, dicomtest.Series(4, 4, 4, nil))
	for name, asks := range map[string]func(context.Context) error{
		"throttled": func(context.Context) error { return &job.BusyError{Message: "invoke function: throttled"} },
		"forbidden": func(context.Context) error { return errors.New("invoke function: AccessDenied") },
		"no answer": func(ctx context.Context) error {
			if _, bounded := ctx.Deadline(); !bounded {
				return errors.New("it would wait for ever")
			}
			<-ctx.Done()
			return ctx.Err()
		},
	} {
		w := dropped(t, series, nil)
		w.glimpses.asks = asks
		if out, err := w.prepare(t, "total"); err != nil || out != (job.PrepareOutput{Ready: true}) || w.record().NoGlimpse != nil {
			t.Errorf("%s: %v %+v %+v", name, err, out, w.record().NoGlimpse)
		}
		if name == "no answer" {
			continue
		}
		// A repeat asks again, and changes nothing else.
		before := w.record()
		if _, err := w.prepare(t, "total"); err != nil || len(w.glimpses.asked) != 2 || cmp.Diff(before, w.record()) != "" {
			t.Errorf("%s, a repeat: %v, asked %d times", name, err, len(w.glimpses.asked))
		}
	}
}

// Of a job that was cancelled meanwhile there is none.
func TestNoFirstLookOfWhatIsGone(t *testing.T) {
	w := dropped(t, zipOf(t, dicomtest.Series(4, 4, 4, nil)), nil)
	onCall(w.results, "Put", func(string) error {
		w.change(func(r *job.Record) { r.Status = job.Cancelled })
		return nil
	})
	if out, err := w.stage("total").Prepare(t.Context(), job.StageInput{Job: id, Attempt: 1}); err != nil || !out.Gone || len(w.glimpses.asked) > 0 {
		t.Errorf("%v %+v %v", err, out, w.glimpses.asked)
	}
}
