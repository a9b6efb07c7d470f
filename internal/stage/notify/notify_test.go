package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/stage/notify"
)

const (
	id     = "01JD0000000000000000000001"
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	older  = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// world is a job, and a server that answers as the test says.
type world struct {
	notify.Stage
	store   jobtest.Store
	now     time.Time
	waits   []time.Duration
	answers []int // 0 is no answer; the last one holds
	headers []http.Header
	bodies  []string
}

func newWorld(t *testing.T, answers ...int) *world {
	t.Helper()
	keys, err := notify.ParseKeys(secret + ", " + older)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{now: start, answers: answers}
	w.Stage = notify.Stage{Jobs: &w.store, Server: w, Keys: keys, API: "https://api.example", Now: func() time.Time { return w.now },
		Pause: func(_ context.Context, d time.Duration) error {
			w.waits, w.now = append(w.waits, d), w.now.Add(d)
			return nil
		}}
	r := job.Record{ID: id, Attempt: 2, Status: job.Ready, Owner: "alice", Upload: job.Upload{Key: "Doe^Jane/ct.nii"}, UpdatedAt: start}
	if _, _, err := w.store.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) Post(_ context.Context, h http.Header, body []byte) (int, error) {
	status := w.answers[min(len(w.bodies), len(w.answers)-1)]
	w.headers, w.bodies = append(w.headers, h), append(w.bodies, string(body))
	if status == 0 {
		return 0, errors.New("no answer in time")
	}
	return status, nil
}

func (w *world) told(t *testing.T) int {
	t.Helper()
	r, err := w.store.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return len(r.Told)
}

// The example that the specification's implementations share.
func TestSignature(t *testing.T) {
	keys, err := notify.ParseKeys(secret)
	if err != nil {
		t.Fatal(err)
	}
	got := notify.Sign(keys[0], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestKeys(t *testing.T) {
	for _, text := range []string{"", "none", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_%%", secret + ",", secret + ",x", "whsec_" + strings.Repeat("QUFB", 22)} {
		if _, err := notify.ParseKeys(text); err == nil || strings.Contains(err.Error(), "MfKQ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A notice says what ended and where more is to be read, and nothing of the scan; it is
// signed by both keys while one is exchanged.
func TestANotice(t *testing.T) {
	for _, c := range []struct {
		detail job.EventDetail
		want   string
	}{
		{job.EventDetail{Job: id, Attempt: 2, Status: job.Ready},
			`{"type":"job.ready","timestamp":"2026-11-24T12:00:00.000Z","data":{"job":"` + id + `","attempt":2,"status":"ready","code":null,"links":{"job":"https://api.example/v1/jobs/` + id +
				`","model":"https://api.example/v1/jobs/` + id + `/artifacts/model.glb","receipt":"https://api.example/v1/jobs/` + id + `/receipt"}}}`},
		{job.EventDetail{Job: id, Attempt: 1, Status: job.Rejected, Code: "too_large"},
			`{"type":"job.rejected","timestamp":"2026-11-24T12:00:00.000Z","data":{"job":"` + id + `","attempt":1,"status":"rejected","code":"too_large","links":{"job":"https://api.example/v1/jobs/` + id +
				`","receipt":"https://api.example/v1/jobs/` + id + `/receipt"}}}`},
	} {
		w := newWorld(t, 204)
		for range 2 { // the event comes twice
			if err := w.Handle(t.Context(), c.detail); err != nil {
				t.Fatal(err)
			}
		}
		if len(w.bodies) != 1 || w.bodies[0] != c.want || w.told(t) != 1 {
			t.Errorf("%d notices, %d told, %s, want %s", len(w.bodies), w.told(t), w.bodies[0], c.want)
		}
		h := w.headers[0]
		signatures := strings.Split(h.Get("webhook-signature"), " ")
		if len(signatures) != 2 || signatures[0] == signatures[1] || h.Get("webhook-timestamp") != "1795521600" || !strings.HasPrefix(h.Get("webhook-id"), "msg_"+id) || h.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", h)
		}
		for n, key := range w.Keys {
			if want := notify.Sign(key, h.Get("webhook-id"), h.Get("webhook-timestamp"), []byte(w.bodies[0])); signatures[n] != want {
				t.Errorf("signature %d is %s, want %s", n, signatures[n], want)
			}
		}
	}
}

// A server that is away is asked again, with longer waits and a new timestamp under the
// same id; the function's own repeats come on top, and then the dead letters.
func TestRepeats(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []int
		asked   int
		fails   bool
		told    int
	}{
		{"taken at once", []int{200}, 1, false, 1},
		{"away, then there", []int{0, 503, 200}, 3, false, 1},
		{"always away", []int{0}, 3, true, 0},
		{"always failing", []int{500}, 3, true, 0},
		{"a redirect is no answer", []int{307}, 3, true, 0},
		{"refused", []int{401}, 3, true, 0},
		{"wants none", []int{410}, 1, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c.answers...)
			err := w.Handle(t.Context(), job.EventDetail{Job: id, Attempt: 2, Status: job.Ready})
			if (err != nil) != c.fails || len(w.bodies) != c.asked || w.told(t) != c.told {
				t.Errorf("%v after %d requests, %d told", err, len(w.bodies), w.told(t))
			}
			for n := 1; n < len(w.headers); n++ {
				if w.headers[n].Get("webhook-id") != w.headers[0].Get("webhook-id") || w.headers[n].Get("webhook-timestamp") == w.headers[n-1].Get("webhook-timestamp") {
					t.Errorf("request %d: %v", n, w.headers[n])
				}
			}
			if len(w.waits) == 2 && (w.waits[0] != 2*time.Second || w.waits[1] != 8*time.Second) {
				t.Errorf("waits %v", w.waits)
			}
		})
	}
}

// Nothing is told of an erased job, or of what is no ending.
func TestNoNotice(t *testing.T) {
	w := newWorld(t, 200)
	if _, err := w.store.Amend(t.Context(), id, func(r *job.Record) error { r.Erased = true; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, d := range []job.EventDetail{{Job: id, Attempt: 2, Status: job.Ready}, {Job: "01JD0000000000000000000009", Status: job.Failed}} {
		if err := w.Handle(t.Context(), d); err != nil || len(w.bodies) != 0 {
			t.Errorf("%+v: %v, %v", d, err, w.bodies)
		}
	}
	for _, d := range []job.EventDetail{{Job: id, Status: job.Meshing}, {Job: "../x", Status: job.Ready}, {}} {
		if err := w.Handle(t.Context(), d); err == nil || len(w.bodies) != 0 {
			t.Errorf("%+v: %v, %v", d, err, w.bodies)
		}
	}
}

// Whatever fails between the server's answer and the record, the repeat is the same
// notice under the same id.
func TestARepeatAfterTheAnswerWasLost(t *testing.T) {
	w := newWorld(t, 200)
	fails := true
	w.store.Before = func(call, _ string) error {
		if call == "Amend" && fails {
			fails = false
			return &job.BusyError{Message: "throttled"}
		}
		return nil
	}
	detail := job.EventDetail{Job: id, Attempt: 2, Status: job.Ready}
	if err := w.Handle(t.Context(), detail); err == nil {
		t.Error("the failure is not told")
	}
	if err := w.Handle(t.Context(), detail); err != nil {
		t.Fatal(err)
	}
	if len(w.bodies) != 2 || w.bodies[0] != w.bodies[1] || w.headers[0].Get("webhook-id") != w.headers[1].Get("webhook-id") || !json.Valid([]byte(w.bodies[0])) {
		t.Errorf("%v %v", w.bodies, w.headers)
	}
}
