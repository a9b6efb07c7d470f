package segment

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOneRequestIsSent(t *testing.T) {
	w := newWorld(t)
	must(t, w.start(t, token))
	want := []job.InferenceRequest{{
		Name: w.id + "-1", Input: "s3://bucket/" + w.id + "/1/volume.nii.gz", Attributes: "task=auto;fast=false",
		Folder: w.id + "/1", File: "labels.bin",
	}}
	if diff := cmp.Diff(want, w.sent); diff != "" {
		t.Error(diff)
	}
	r := w.record(t)
	if r.Status != job.Warming || r.Token != token || !r.Request.Outstanding || r.Request.Sent != 1 {
		t.Errorf("record: %s, %+v", r.Status, r.Request)
	}

	w.up = true
	must(t, w.start(t, "token-2")) // the workflow lost its first call
	if r := w.record(t); len(w.sent) != 1 || r.Token != "token-2" || r.Status != job.Segmenting {
		t.Errorf("again: %d sent, token %q, %s", len(w.sent), r.Token, r.Status)
	}
	w.up = false
	must(t, w.start(t, "token-2"))
	if r := w.record(t); r.Status != job.Segmenting {
		t.Errorf("an instance left, and the job went back to %s", r.Status)
	}
	must(t, w.stage().Answer(t.Context(), w.succeeded()))
	if diff := cmp.Diff(map[string][]string{"token-2": {job.Key(w.id, 1, "labels.bin")}}, w.answers); diff != "" {
		t.Error(diff)
	}
	if r := w.record(t); r.Request.Outstanding {
		t.Error("the request is still on record as under way")
	}
}

func TestAnOutputThatIsThereSettlesAtOnce(t *testing.T) {
	w := newWorld(t)
	w.succeeded()
	must(t, w.start(t, token))
	if len(w.sent) != 0 || len(w.answers[token]) != 1 {
		t.Errorf("%d sent, answers %v", len(w.sent), w.answers)
	}
}

func TestJobsThatHaveMovedOnAreGone(t *testing.T) {
	cases := map[string]func(*job.Record){
		"another attempt": func(r *job.Record) { r.Attempt = 2 },
		"cancelled":       func(r *job.Record) { r.Status = job.Cancelled },
		"erased":          func(r *job.Record) { r.Erased = true },
		"meshing":         func(r *job.Record) { r.Status = job.Meshing },
		"no record":       func(r *job.Record) {},
	}
	for name, change := range cases {
		w := newWorld(t)
		w.amend(t, change)
		if name == "no record" {
			w.amend(t, func(r *job.Record) { r.Erased = true })
			must(t, w.store.Erase(t.Context(), w.record(t), w.now))
		}
		must(t, w.start(t, token))
		if len(w.sent) != 0 || !slices.Equal(w.answers[token], []string{"gone"}) {
			t.Errorf("%s: %d sent, answers %v", name, len(w.sent), w.answers)
		}
	}
}

// A message that is late, repeated, unknown or of nobody changes nothing.
func TestMessagesThatAreSettledAlready(t *testing.T) {
	other := job.ExecutionName(job.NewID(time.Unix(9, 0), [10]byte{9}), 1)
	cases := []struct {
		name   string
		change func(*job.Record)
		alter  func(*Message)
		kept   bool // the result is
	}{
		{"of another system", nil, func(m *Message) { m.InferenceID = "unknown-1" }, true},
		{"of an unknown job", nil, func(m *Message) { m.InferenceID = other }, true},
		{"of the attempt before", func(r *job.Record) { r.Attempt = 2 }, nil, false},
		{"of a cancelled job", func(r *job.Record) { r.Status, r.Token = job.Cancelled, "" }, nil, false},
		{"of an erased job", func(r *job.Record) { r.Erased = true }, nil, false},
		{"before anybody waits", func(r *job.Record) { r.Token = "" }, nil, true},
	}
	for _, status := range []string{"Completed", "Failed"} {
		for _, c := range cases {
			w := newWorld(t)
			must(t, w.start(t, token))
			m := w.succeeded()
			m.InvocationStatus = status
			if c.change != nil {
				w.amend(t, c.change)
			}
			if c.alter != nil {
				c.alter(&m)
			}
			before := w.record(t)
			for range 2 {
				must(t, w.stage().Answer(t.Context(), m))
			}
			if len(w.answers) != 0 || len(w.sent) != 1 || !cmp.Equal(before, w.record(t)) {
				t.Errorf("%s %s: answers %v, %d sent", status, c.name, w.answers, len(w.sent))
			}
			if kept := w.work.Bytes(job.Key(w.id, 1, job.LabelsObject)) != nil; kept != c.kept {
				t.Errorf("%s %s: result kept: %v", status, c.name, kept)
			}
		}
	}
	w := newWorld(t)
	must(t, w.start(t, token))
	m := w.succeeded()
	for range 3 {
		must(t, w.stage().Answer(t.Context(), m))
	}
	if len(w.answers[token]) != 1 {
		t.Errorf("repeated: %v", w.answers)
	}
}

const lost = "ModelError: the model container ended before it answered"

func TestALostRequestIsSentOnceMore(t *testing.T) {
	for _, object := range []string{"", lost, `{"code":"stopping","message":"the server stops"}`,
		`{"status":503,"code":"starting","message":"the weights are read"}`, `{"status":429,"code":"busy","message":"a request is worked on"}`,
		`{"status":500,"code":"internal","message":"the model failed"}`} {
		w := newWorld(t)
		must(t, w.start(t, token))
		first := w.failedWith(object, lost)
		must(t, w.stage().Answer(t.Context(), first))
		if len(w.sent) != 2 || len(w.answers) != 0 || w.work.Bytes(failureKey) != nil {
			t.Fatalf("%q: %d sent, answers %v", object, len(w.sent), w.answers)
		}
		if !cmp.Equal(w.sent[0], w.sent[1]) {
			t.Errorf("the second request differs: %s", cmp.Diff(w.sent[0], w.sent[1]))
		}
		w.now = w.now.Add(time.Millisecond)
		must(t, w.stage().Answer(t.Context(), first)) // topics deliver at least once
		if r := w.record(t); len(w.sent) != 2 || len(w.answers) != 0 || !r.Request.Outstanding || r.Request.Sent != 2 {
			t.Fatalf("%q: the first message again: %d sent, answers %v, %+v", object, len(w.sent), w.answers, r.Request)
		}
		must(t, w.stage().Answer(t.Context(), w.failedWith(object, lost)))
		if got := w.answers[token]; len(w.sent) != 2 || len(got) != 1 || !strings.HasPrefix(got[0], "EndpointFailedError ") {
			t.Errorf("%q: lost twice: %d sent, answers %v", object, len(w.sent), got)
		}
	}
}

func TestALostRequestThatSucceedsThen(t *testing.T) {
	w := newWorld(t)
	must(t, w.start(t, token))
	must(t, w.stage().Answer(t.Context(), w.failedWith(lost, lost)))
	must(t, w.stage().Answer(t.Context(), w.succeeded()))
	if got := w.answers[token]; !slices.Equal(got, []string{job.Key(w.id, 1, job.LabelsObject)}) {
		t.Errorf("answers %v", got)
	}
}

func TestRequestsLostTooLateAreNotSentAgain(t *testing.T) {
	w := newWorld(t)
	must(t, w.start(t, token))
	w.now = w.now.Add(resendWithin)
	must(t, w.stage().Answer(t.Context(), w.failedWith("", "the request expired")))
	if len(w.sent) != 1 || len(w.answers[token]) != 1 {
		t.Errorf("%d sent, answers %v", len(w.sent), w.answers)
	}
}

func TestTheSameFailureTwentyTimesAtOnce(t *testing.T) {
	w := newWorld(t)
	must(t, w.start(t, token))
	m := w.failedWith("", lost)
	w.now = w.now.Add(time.Millisecond)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := w.stage().Answer(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if r := w.record(t); r.Request.Sent != 2 || !r.Request.Outstanding || len(w.answers) != 0 {
		t.Errorf("%+v, answers %v", r.Request, w.answers)
	}
}

// Whatever call a delivery dies at, its repeat and the janitor end the task
// once, in the right way.
func TestCrashesBetweenAnyTwoCalls(t *testing.T) {
	refused := `{"status":400,"code":"not_hu","message":"the volume is not in HU"}`
	cases := []struct {
		name string
		run  func(*testing.T, *world) []func() error // each is repeated until it succeeds
		want string
		most int // requests
	}{
		{"success", func(t *testing.T, w *world) []func() error {
			var m Message
			return []func() error{func() error { return w.start(t, token) }, func() error {
				if m.InferenceID == "" {
					m = w.succeeded()
				}
				return w.stage().Answer(t.Context(), m)
			}}
		}, "/1/labels.bin", 2},
		{"refusal", func(t *testing.T, w *world) []func() error {
			var m Message
			return []func() error{func() error { return w.start(t, token) }, func() error {
				if m.InferenceID == "" {
					m = w.failedWith(refused, refused)
				}
				return w.stage().Answer(t.Context(), m)
			}}
		}, `RejectedError {"errorMessage":"not_hu: the volume is not in HU"`, 2},
		{"lost, then success", func(t *testing.T, w *world) []func() error {
			var first, second Message
			return []func() error{func() error { return w.start(t, token) }, func() error {
				if first.InferenceID == "" {
					first = w.failedWith(lost, lost)
				}
				w.now = w.now.Add(time.Millisecond)
				return w.stage().Answer(t.Context(), first)
			}, func() error {
				return w.stage().Recover(t.Context(), w.record(t))
			}, func() error {
				if second.InferenceID == "" {
					second = w.succeeded()
				}
				return w.stage().Answer(t.Context(), second)
			}}
		}, "/1/labels.bin", 3},
	}
	for _, c := range cases {
		for _, after := range []bool{false, true} {
			for at := 1; ; at++ {
				w := newWorld(t)
				w.crash.At, w.crash.After = at, after
				for _, step := range c.run(t, w) {
					if err := step(); err != nil {
						must(t, step())
					}
				}
				if !w.crash.Happened() {
					break
				}
				got := strings.Join(w.answers[token], " and ")
				if len(w.answers[token]) != 1 || !strings.Contains(got, c.want) || len(w.sent) > c.most {
					t.Errorf("%s, crash at %d (after %v): %d sent, answered %q", c.name, at, after, len(w.sent), got)
				}
			}
		}
	}
}

func TestJanitor(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(*testing.T, *world)
		sent    int
		answer  string
	}{
		{"nothing has come", func(*testing.T, *world) {}, 1, ""},
		{"the result's message was lost", func(_ *testing.T, w *world) { w.succeeded() }, 1, "labels.bin"},
		{"the refusal's message was lost", func(_ *testing.T, w *world) { w.failedWith(`{"status":400,"code":"x","message":"y"}`, "") }, 1, "RejectedError"},
		{"a busy server's message was lost", func(_ *testing.T, w *world) { w.failedWith(`{"status":429,"code":"busy","message":"y"}`, "") }, 2, ""},
		{"the failure's message was lost", func(_ *testing.T, w *world) { w.failedWith(lost, lost) }, 2, ""},
		{"its sender died", func(t *testing.T, w *world) { w.amend(t, func(r *job.Record) { r.Request = job.Request{} }) }, 2, ""},
		{"nobody waits", func(t *testing.T, w *world) { w.succeeded(); w.amend(t, func(r *job.Record) { r.Token = "" }) }, 1, ""},
		{"it has ended", func(t *testing.T, w *world) { w.succeeded(); w.amend(t, func(r *job.Record) { r.Status = job.Ready }) }, 1, ""},
		{"it is meshed", func(t *testing.T, w *world) {
			w.amend(t, func(r *job.Record) { r.Status, r.Request.Outstanding = job.Meshing, false })
		}, 1, ""},
	}
	for _, c := range cases {
		w := newWorld(t)
		must(t, w.start(t, token))
		c.prepare(t, w)
		w.now = w.now.Add(5 * time.Minute)
		must(t, w.stage().Recover(t.Context(), w.record(t)))
		got := strings.Join(w.answers[token], " and ")
		if len(w.sent) != c.sent || (got == "") != (c.answer == "") || !strings.Contains(got, c.answer) {
			t.Errorf("%s: %d sent, answered %q", c.name, len(w.sent), got)
		}
	}
}

func TestAttributesStayWithinTheirBound(t *testing.T) {
	o := job.Options{Task: "total", Fast: true, Structures: []string{"liver", "spleen"}}
	if got := attributes(o); got != "task=total;fast=true;structures=liver,spleen" {
		t.Error(got)
	}
	o.Merge = []job.Merge{{Name: "both", Of: []string{"liver", "spleen"}}, {Name: "kidneys", Of: []string{"kidney_left", "kidney_right"}}}
	o.Structures = []string{"liver", "both"} // no model knows a group, and a merge needs its members
	if got := attributes(o); got != "task=total;fast=true;structures=liver,spleen,kidney_left,kidney_right" {
		t.Error(got)
	}
	o.Structures = nil
	if got := attributes(o); got != "task=total;fast=true" {
		t.Error(got)
	}
	o.Merge = nil
	o.Structures = slices.Repeat([]string{strings.Repeat("x", 64)}, 40)
	if got := attributes(o); got != "task=total;fast=true" {
		t.Error(got)
	}
}
