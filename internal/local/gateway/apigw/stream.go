package apigw

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// API Gateway passes on a reply when it has ended, so that a function's server-sent
// events end after each one and the client asks again (WHATWG HTML, §9.2). On one machine
// the connection stays open instead, and this adapter asks for the client, as the client
// itself would: with the id of the last event, until the answer is another one than 200.
const (
	streamEvery = time.Second      // between two questions
	streamBeat  = 15 * time.Second // the longest silence; proxies close after 30 s and more
	streamFor   = 5 * time.Minute  // then the client comes again, with its token
	streamWrite = 10 * time.Second // how long a client may not read
	maxStreams  = 64               // more are answered as on AWS
)

// streamed is a reply of server-sent events for a client that asks for these, as
// EventSource does, and false for any other. Whoever takes anything gets the one event.
func streamed(r *http.Request, reply []byte) (body string, ok bool) {
	var resp events.APIGatewayV2HTTPResponse
	if r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), "text/event-stream") || json.Unmarshal(reply, &resp) != nil {
		return "", false
	}
	return resp.Body, resp.StatusCode == http.StatusOK && !resp.IsBase64Encoded && resp.Headers["content-encoding"] == "" &&
		strings.HasPrefix(resp.Headers["content-type"], "text/event-stream")
}

// lastID is the id of the last event in a body, or the one before when it has none.
func lastID(body, before string) string {
	for line := range strings.SplitSeq(body, "\n") {
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			before = id
		}
	}
	return before
}

// stream goes on with a reply of events whose first part is written. A client that does
// not read ends its stream when a write has waited for streamWrite; no more than one
// event is held for it.
func (a *Adapter) stream(w http.ResponseWriter, r *http.Request, body string, ask func(*http.Request) ([]byte, bool)) {
	select {
	case a.streams <- struct{}{}:
		defer func() { <-a.streams }()
	default:
		return
	}
	connection := http.NewResponseController(w)
	flush := func(text string) bool {
		_ = connection.SetWriteDeadline(time.Now().Add(a.writeWait)) // a recorder in a test has none
		_, err := io.WriteString(w, text)
		return err == nil && connection.Flush() == nil
	}
	defer func() { _ = connection.SetWriteDeadline(time.Time{}) }()
	if !flush("") {
		return
	}
	last := lastID(body, r.Header.Get("Last-Event-ID"))
	ended, every := time.After(streamFor), time.NewTicker(a.every)
	defer every.Stop()
	for quiet := time.Duration(0); ; {
		select {
		case <-r.Context().Done():
			return
		case <-ended:
			return
		case <-every.C:
		}
		next := r.Clone(r.Context())
		next.Header.Set("Last-Event-ID", last)
		reply, ok := ask(next)
		if !ok {
			return
		}
		if body, ok = streamed(next, reply); !ok {
			return // it has ended, or may not be read any more
		}
		id := lastID(body, last)
		if quiet += a.every; id == last && quiet < a.beat {
			continue
		}
		if last, quiet = id, 0; !flush(body) {
			return
		}
	}
}
