package apigw

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// live is a function that tells of a job's statuses, one after the other when the test
// says so, and a server before it.
type live struct {
	*Adapter
	url string

	mu     sync.Mutex
	status int // the present one; the last has no further event
	pad    string
	asked  []string // ids with which the function was asked
}

const statuses = 3

func newLive(t *testing.T) *live {
	t.Helper()
	l := &live{}
	l.Adapter = adapter(t, l.invoke, "")
	l.every = time.Millisecond
	route := l.routes["$default"]
	route.Timeout = time.Hour // a slow machine is no failure
	l.routes["$default"] = route
	server := httptest.NewServer(l.Adapter)
	t.Cleanup(server.Close)
	l.url = server.URL + "/v1/jobs/x/events"
	return l
}

func (l *live) next() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status++
}

func (l *live) questions() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.asked)
}

func (l *live) invoke(_ context.Context, _ string, payload []byte) ([]byte, string, error) {
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	last := e.Headers["last-event-id"]
	l.asked = append(l.asked, last)
	id := fmt.Sprint("s", l.status)
	switch {
	case last == id && l.status == statuses:
		return []byte(`{"statusCode":204}`), "", nil
	case last == id:
		return reply("retry: 2000\n: nothing new\n\n"), "", nil
	}
	return reply("retry: 2000\nid: " + id + "\nevent: job\ndata: {}" + l.pad + "\n\n"), "", nil
}

func reply(body string) []byte {
	text, err := json.Marshal(events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"content-type": "text/event-stream"}, Body: body})
	if err != nil {
		panic(err) // it is text
	}
	return text
}

// until waits for what another goroutine does.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func (l *live) open(t *testing.T, last string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// A client is told of each change over one connection, which ends with the job; one that
// was cut off goes on behind the last event that it had.
func TestAStreamOfEvents(t *testing.T) {
	l := newLive(t)
	resp := l.open(t, "")
	lines := bufio.NewScanner(resp.Body)
	var ids []string
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			if ids = append(ids, id); len(ids) <= statuses {
				l.next()
			}
		}
	}
	if got := strings.Join(ids, " "); got != "s0 s1 s2 s3" || lines.Err() != nil || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%s, %v, %v", got, lines.Err(), resp.Header)
	}
	if resp := l.open(t, "s1"); resp.StatusCode != http.StatusOK {
		t.Errorf("resumed: %s", resp.Status)
	} else if text, err := io.ReadAll(resp.Body); err != nil || strings.Count(string(text), "id: ") != 1 || !strings.Contains(string(text), "id: s3\n") {
		t.Errorf("resumed: %q, %v", text, err)
	}
	plain, err := http.Get(l.url)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(plain.Body); err != nil || strings.Count(string(text), "id: ") != 1 || plain.Body.Close() != nil {
		t.Errorf("a client that takes anything: %q, %v", text, err)
	}
	if resp := l.open(t, "s3"); resp.StatusCode != http.StatusNoContent {
		t.Errorf("after the end: %s", resp.Status)
	}
}

// A client that leaves ends its stream, and one beyond the bound gets its one event.
func TestStreamsAreBounded(t *testing.T) {
	l := newLive(t)
	l.every = 50 * time.Millisecond
	var all []*http.Response
	for range maxStreams {
		all = append(all, l.open(t, ""))
	}
	until(t, "all are open", func() bool { return len(l.streams) == maxStreams })
	if text, err := io.ReadAll(l.open(t, "").Body); err != nil || !strings.Contains(string(text), "id: s0") {
		t.Errorf("one more: %q, %v", text, err)
	}
	for _, resp := range all {
		_ = resp.Body.Close()
	}
	until(t, "all have ended", func() bool { return len(l.streams) == 0 })
}

// A client that does not read ends its stream, and until then holds one event.
func TestAClientThatNeverReads(t *testing.T) {
	l := newLive(t)
	l.writeWait = 50 * time.Millisecond
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimSuffix(l.url, "/v1/jobs/x/events"), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET /v1/jobs/x/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	until(t, "the stream is open", func() bool { return len(l.streams) == 1 })
	l.mu.Lock()
	l.pad = strings.Repeat("x", 16<<20) // more than the buffers of a connection hold
	l.mu.Unlock()
	l.next()
	until(t, "the stream has ended", func() bool { return len(l.streams) == 0 })
	asked := l.questions()
	l.next()
	if l.questions() != asked {
		t.Error("the function is still asked")
	}
}

// A comment comes when nothing happens, and not with each question.
func TestHeartbeats(t *testing.T) {
	l := newLive(t)
	body := &strings.Builder{}
	ticks := 0
	w := &recording{ResponseRecorder: httptest.NewRecorder(), body: body}
	ctx, cancel := context.WithCancel(t.Context())
	l.every, l.beat = time.Millisecond, 5*time.Millisecond
	defer cancel()
	r := request("GET", "/v1/jobs/x/events", "", "Last-Event-ID", "s0", "Accept", "text/event-stream").WithContext(ctx)
	l.stream(w, r, "retry: 2000\n: nothing new\n\n", func(*http.Request) ([]byte, bool) {
		if ticks++; ticks > 12 {
			cancel()
		}
		return reply("retry: 2000\n: nothing new\n\n"), true
	})
	if n := strings.Count(body.String(), ": nothing new"); n != 2 {
		t.Errorf("%d comments in the time of two", n)
	}
}

// recording keeps what is written.
type recording struct {
	*httptest.ResponseRecorder
	body *strings.Builder
}

func (r *recording) Write(p []byte) (int, error)       { return r.body.Write(p) }
func (r *recording) WriteString(s string) (int, error) { return r.body.WriteString(s) }

// A stream asks no longer than its token holds; who comes again is asked for a new one.
func TestAStreamEndsWithItsToken(t *testing.T) {
	asked := 0
	a := adapter(t, func(context.Context, string, []byte) ([]byte, string, error) {
		asked++
		return reply(": nothing new\n\n"), "", nil
	}, "")
	at := time.Unix(1_800_000_000, 0)
	a.cfg.Now = func() time.Time { return at }
	route := a.routes["$default"]
	route.Timeout = time.Hour // a slow machine is no failure
	for _, c := range []struct {
		who  *caller
		want bool
	}{
		{ofIAM(), true}, {ofToken(map[string]string{"exp": "1800000001"}), true}, {ofToken(map[string]string{"exp": "1799999971.5"}), true},
		{ofToken(map[string]string{"exp": "1799999970"}), false}, {ofToken(map[string]string{"exp": "1"}), false}, {ofToken(map[string]string{}), false}, {ofToken(map[string]string{"exp": "x"}), false},
	} {
		before := asked
		if _, ok := a.again(request("GET", "/v1/jobs/x/events", ""), route, c.who); ok != c.want || (asked > before) != c.want {
			t.Errorf("%+v: %v, the function was asked %d times", c.who.JWT, ok, asked-before)
		}
	}
}
