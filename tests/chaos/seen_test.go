package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// seen is what an observer writes down who sees every write of a record, every event of
// an ending and every notice.
type seen struct {
	w *world

	mu      sync.Mutex
	wrong   []string
	endings map[string]job.Status // by "job attempt": how it ended
	tells   map[string]tally      // by "job attempt status": on the bus
	notices map[string]int        // by id: at the operator's server
}

// tally counts how often an event was told, and how often by an invocation that met a
// fault: what it had told may be told again.
type tally struct{ times, excused int }

func recordOf(it attributes) (r job.Record, ok bool) {
	if len(it) == 0 || !bytes.HasPrefix([]byte(text(it, "pk")), []byte("JOB#")) {
		return r, false
	}
	if err := json.Unmarshal([]byte(text(it, "doc")), &r); err != nil {
		panic(err)
	}
	return r, true
}

func (s *seen) accuse(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// wrote holds each write of a record against the rules of job.CanMove: within an attempt
// forward only, and out of an ending never.
func (s *seen) wrote(before, after attributes) {
	old, had := recordOf(before)
	r, has := recordOf(after)
	switch {
	case had && !has:
		s.accuse("the record of %s was deleted", old.ID)
		return
	case !has:
		return
	case had && old.Erased && !r.Erased:
		s.accuse("the erased job %s came back", r.ID)
	case had && (old.Attempt != r.Attempt || old.Status != r.Status) && !job.CanMove(old.Attempt, old.Status, r.Attempt, r.Status):
		s.accuse("job %s went from attempt %d %s to attempt %d %s", r.ID, old.Attempt, old.Status, r.Attempt, r.Status)
	case !had && r.Status.Rank() > job.Received.Rank():
		s.accuse("job %s began as %s", r.ID, r.Status)
	}
	if !r.Status.Ended() || had && old.Attempt == r.Attempt && old.Status.Ended() {
		return
	}
	if waits := waited(r); r.Error != nil && r.Error.Code == "timed_out" && waits >= answerWithin {
		s.accuse("job %s waited %v for an answer that had come, or for none", r.ID, waits)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.endings == nil {
		s.endings = map[string]job.Status{}
	}
	s.endings[fmt.Sprint(r.ID, " ", r.Attempt)] = r.Status
}

// answerWithin is how long Segment waits for its answer (statemachine/scan.asl.json). The
// endpoint answers sooner: a model that hangs does so for an hour, and only in the storm.
const answerWithin = 7500 * time.Second

// waited is how long the last attempt was with the endpoint.
func waited(r job.Record) (d time.Duration) {
	for _, st := range r.Stages {
		if st.Name == job.Warming || st.Name == job.Segmenting {
			d += st.EndedAt.Sub(st.StartedAt)
		}
	}
	return d
}

// events is the bus, whose events about endings are counted.
func (s *seen) events(bus http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		bus.ServeHTTP(answer, r)
		in, _ := r.Context().Value(invocationKey{}).(*invocation)
		var put struct {
			Entries []struct{ Source, DetailType, Detail string }
		}
		if err := json.Unmarshal(body, &put); err != nil {
			panic(err)
		}
		for _, e := range put.Entries {
			var d job.EventDetail
			if err := json.Unmarshal([]byte(e.Detail), &d); err != nil || e.Source != job.EventSource {
				panic(fmt.Sprintf("an event of %s: %v", e.Source, err))
			}
			s.announced(in, d)
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

func (s *seen) announced(in *invocation, d job.EventDetail) {
	what := fmt.Sprint(d.Job, " ", d.Attempt, " ", d.Status)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tells == nil {
		s.tells = map[string]tally{}
	}
	t := s.tells[what]
	t.times++
	s.tells[what] = t
	if in != nil {
		in.mu.Lock()
		in.told = append(in.told, what)
		in.mu.Unlock()
	}
}

// excuse notes that an invocation which met a fault had told events.
func (s *seen) excuse(in *invocation) {
	in.mu.Lock()
	told := in.told
	in.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range told {
		t := s.tells[what]
		t.excused++
		s.tells[what] = t
	}
}

func (s *seen) noticed(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.notices == nil {
		s.notices = map[string]int{}
	}
	s.notices[id]++
}
