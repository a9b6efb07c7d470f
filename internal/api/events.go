package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

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
}

// Names of events.
const (
	eventJob    = "job"    // it goes on
	eventEnd    = "end"    // it has ended; no event follows
	eventErased = "erased" // it is erased; no event follows
)

// events answers with server-sent events (WHATWG HTML, §9.2): the one that says where the
// job stands, if the client has not had it (Last-Event-ID), and else a comment. The reply
// ends there, because API Gateway does not pass on a reply before it has ended; the
// client asks again after the time in "retry", as EventSource does by itself. A gateway
// that can keep the connection open does the asking for it (local/gateway/apigw). Where
// no event will follow, the answer is 204, which tells the client to stop.
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
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(append([]byte(name), data...))
	event := hex.EncodeToString(sum[:8])
	known := r.Header.Get("Last-Event-ID") == event
	if known && name != eventJob {
		w.WriteHeader(http.StatusNoContent)
		return nil
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
