package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// eventBody is what an event says: where a job stands. Whoever wants more reads the job.
type eventBody struct {
	ID        string     `json:"id"`
	Status    job.Status `json:"status"`
	Attempt   int        `json:"attempt"`
	Artifacts []string   `json:"artifacts"`
	Error     *string    `json:"error"` // its code
	Erased    bool       `json:"erased"`
	NoGlimpse string     `json:"no_glimpse,omitempty"` // its code

	GPU      *gpuBody      `json:"gpu,omitempty"`
	Queue    *queueBody    `json:"queue,omitempty"`
	Progress *progressBody `json:"progress,omitempty"`
}

// Names of events.
const (
	eventJob      = "job"      // it goes on
	eventProgress = "progress" // it goes on as before, but for the GPU, its place in the queue or its progress
	eventEnd      = "end"      // it has ended; no event follows
	eventErased   = "erased"   // it is erased; no event follows
)

// events answers with server-sent events (WHATWG HTML, §9.2): the one that says where the
// job stands, if the client has not had it (Last-Event-ID), and else a comment. The reply
// ends there, because API Gateway does not pass on a reply before it has ended; the
// client asks again after the time in "retry", as EventSource does by itself. A gateway
// that can keep the connection open does the asking for it (local/gateway/apigw). Where
// no event will follow, the answer is 204, which tells the client to stop.
//
// The id has two digests, one of where the job stands and one of all that is said. By the
// first it is seen that an event says no more than the GPU's state, the place in the queue
// and the progress, which change often: it has another name, and nobody who reads the job
// at each change of it reads it for that.
func (a *API) events(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.provenJob(r)
	if err != nil {
		return err
	}
	body := eventBody{ID: rec.ID, Status: rec.Status, Attempt: rec.Attempt, Artifacts: []string{}, Erased: rec.Erased}
	name := eventJob
	switch {
	case rec.Erased:
		name = eventErased
	case rec.Status.Ended():
		name = eventEnd
	}
	if !rec.Erased {
		for _, x := range rec.Artifacts {
			body.Artifacts = append(body.Artifacts, x.Name)
		}
		if rec.Error != nil {
			body.Error = &rec.Error.Code
		}
		if rec.NoGlimpse != nil {
			body.NoGlimpse = rec.NoGlimpse.Code
		}
	}
	state, err := digestOf(name, body)
	if err != nil {
		return err
	}
	if name == eventJob {
		out := a.now(r.Context(), rec)
		body.GPU, body.Queue, body.Progress = out.GPU, out.Queue, out.Progress
	}
	whole, err := digestOf(name, body)
	if err != nil {
		return err
	}
	event, last := state+"."+whole, r.Header.Get("Last-Event-ID")
	known := last == event
	if known && name != eventJob {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if name == eventJob && strings.HasPrefix(last, state+".") {
		name = eventProgress
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "retry: %d\n", max(a.askAgain(rec), 1)*1000)
	if known {
		out.WriteString(": nothing new\n\n")
	} else {
		fmt.Fprintf(&out, "id: %s\nevent: %s\ndata: %s\n\n", event, name, data)
	}
	return send(w, "text/event-stream", out.Bytes())
}

// digestOf is a short digest of an event.
func digestOf(name string, body eventBody) (string, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(name), data...))
	return hex.EncodeToString(sum[:8]), nil
}
