package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/tissue"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// body is a prepared volume as bytes.
func body(t testing.TB, v *volume.Volume) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := nifti.WriteVolume(&out, v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func start(t *testing.T, limit int64) string {
	t.Helper()
	s := httptest.NewServer(newServer(quiet, limit, math.MaxInt64).handler())
	t.Cleanup(s.Close)
	return s.URL
}

func post(t *testing.T, url, attributes string, b io.Reader) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/invocations", b)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(attributesHeader, attributes)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, out
}

func TestPing(t *testing.T) {
	resp, err := http.Get(start(t, 1000) + "/ping")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", resp, err)
	}
	resp.Body.Close()
}

func TestInvocation(t *testing.T) {
	v := phantom.Torso([3]int{80, 72, 64}, 5)
	url := start(t, 1<<30)
	var first []byte
	for _, attributes := range []string{"", "task=tissue;fast=false", "task=tissue; fast=true; structures=liver"} {
		resp, reply := post(t, url, attributes, bytes.NewReader(body(t, v)))
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Length") != strconv.Itoa(len(reply)) || resp.TransferEncoding != nil {
			t.Fatalf("%q: %s, Content-Length %q of %d bytes: %s", attributes, resp.Status, resp.Header.Get("Content-Length"), len(reply), reply)
		}
		size := 0
		for name, values := range resp.Header {
			size += len(name) + len(strings.Join(values, ","))
		}
		if size >= 4096 || !strings.Contains(resp.Header.Get(attributesHeader), "segment=") {
			t.Errorf("headers of %d bytes, %v", size, resp.Header)
		}
		m, err := nifti.ReadLabels(bytes.NewReader(reply))
		if err != nil {
			t.Fatal(err)
		}
		if m.Dims != v.Dims || m.Affine != v.Affine || len(m.Table.Labels) != 8 || m.Table.Provenance.Model != "tissue" || m.Table.Provenance.Note == "" {
			t.Errorf("dims %v, affine %v, table %+v", m.Dims, m.Affine, m.Table)
		}
		if first == nil {
			first = reply
		} else if !bytes.Equal(first, reply) {
			t.Error("the same volume gave other bytes")
		}
	}
}

func TestWrongInputIsTheSendersFault(t *testing.T) {
	mr := phantom.Torso([3]int{40, 36, 32}, 10)
	for n := range mr.Voxels {
		mr.Voxels[n] += 1024
	}
	good := body(t, phantom.Torso([3]int{40, 36, 32}, 10))
	for _, c := range []struct {
		name, attributes, code string
		body                   []byte
	}{
		{"empty", "", "unrecognized", nil},
		{"text", "", "unrecognized", []byte("not a scan at all")},
		{"cut", "", "truncated", good[:len(good)/2]},
		{"not in HU", "", "not_hounsfield", body(t, mr)},
		{"another task", "task=total", "bad_option", good},
		{"fast", "task=tissue;fast=perhaps", "bad_option", good},
		{"too large", "", "too_large", make([]byte, 1<<20+1)},
	} {
		resp, reply := post(t, start(t, 1<<20), c.attributes, bytes.NewReader(c.body))
		var e struct {
			Status        int
			Code, Message string
		}
		if err := json.Unmarshal(reply, &e); err != nil || e.Status != resp.StatusCode || resp.StatusCode != http.StatusBadRequest || e.Code != c.code || e.Message == "" {
			t.Errorf("%s: %s %s (%v), want 400 %s", c.name, resp.Status, reply, err, c.code)
		}
	}
	// Without a length the limit holds while the body is read.
	noise := make([]byte, 4<<20)
	copy(noise, good[:300])
	resp, reply := post(t, start(t, 1000), "", io.MultiReader(bytes.NewReader(good), bytes.NewReader(noise)))
	if resp.StatusCode != http.StatusBadRequest || !bytes.Contains(reply, []byte("too_large")) {
		t.Errorf("endless: %s %s, want 400 too_large", resp.Status, reply)
	}
	if resp, err := http.Get(start(t, 1) + "/invocations"); err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v %v", resp, err)
	}
}

// slow is a body that arrives when it is told to.
type slow struct {
	begun, release chan struct{}
	once           sync.Once
	rest           io.Reader
}

func newSlow(b []byte) *slow {
	return &slow{begun: make(chan struct{}), release: make(chan struct{}), rest: bytes.NewReader(b)}
}

func (s *slow) Read(p []byte) (int, error) {
	s.once.Do(func() { close(s.begun) })
	<-s.release
	return s.rest.Read(p)
}

// TestMemory: a scan that may take more memory than there is is refused from its header
// alone; of those that fit, as many are worked on as fit together, one more waits, and
// others are told to come back.
func TestMemory(t *testing.T) {
	dims := [3]int{40, 36, 32}
	b, need := body(t, phantom.Torso(dims, 10)), tissue.Memory(dims[0]*dims[1]*dims[2])
	send := func(s *server, body io.Reader) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.invoke(w, httptest.NewRequest(http.MethodPost, "/invocations", body))
		return w
	}
	// The header lies in the first half. The rest comes when it is released.
	half := func() (*slow, io.Reader) {
		rest := newSlow(b[len(b)/2:])
		return rest, io.MultiReader(bytes.NewReader(b[:len(b)/2]), rest)
	}
	rest, whole := half()
	w := send(newServer(quiet, 1<<30, need-1), whole)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "too_large") || !strings.Contains(w.Body.String(), "40 × 36 × 32") {
		t.Errorf("a scan that does not fit got %d %s, want 400 too_large with its size", w.Code, w.Body)
	}
	select {
	case <-rest.begun:
		t.Error("the voxels of a scan that does not fit were asked for")
	default:
	}
	for _, c := range []struct {
		name   string
		memory int64
		side   bool // by side
	}{{"memory for one", 2*need - 1, false}, {"memory for two", 2 * need, true}} {
		s := newServer(quiet, 1<<30, c.memory)
		var wg sync.WaitGroup
		var codes [queue]int
		var rests [queue]*slow
		for n := range rests {
			rest, whole := half()
			rests[n] = rest
			wg.Go(func() { codes[n] = send(s, whole).Code })
		}
		first := 0
		select {
		case <-rests[0].begun:
		case <-rests[1].begun:
			first = 1
		}
		if c.side {
			<-rests[1-first].begun
		}
		if s.free.TryAcquire(need) {
			t.Errorf("%s: there is memory for another one", c.name)
		}
		for len(s.admit) < queue { // the other has come in
			runtime.Gosched()
		}
		if w := send(s, bytes.NewReader(b)); w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), `"busy"`) {
			t.Errorf("%s: the third got %d %s, want 429 busy", c.name, w.Code, w.Body)
		}
		close(rests[first].release)
		<-rests[1-first].begun
		close(rests[1-first].release)
		wg.Wait()
		if codes != [queue]int{200, 200} {
			t.Errorf("%s: the two got %v, want 200 each", c.name, codes)
		}
		if !s.free.TryAcquire(c.memory) {
			t.Errorf("%s: not all memory was given back", c.name)
		}
	}
}

// TestNumber: what a container or a machine says of its memory.
func TestNumber(t *testing.T) {
	for text, want := range map[string]int64{"max\n": math.MaxInt64, " 24576 ": 24576 << 10, "": math.MaxInt64, "-1": math.MaxInt64, "9223372036854775807": math.MaxInt64} {
		if got := number(text, 1<<10); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if got := memory(); got <= 0 {
		t.Errorf("there are %d bytes", got)
	}
}

// TestStop: a stopped server fails its request at once, takes no other, and ends.
func TestStop(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, quiet) }()
	url := "http://" + l.Addr().String()

	b := newSlow(body(t, phantom.Torso([3]int{80, 72, 64}, 5)))
	status := make(chan int, 1)
	req, err := http.NewRequest(http.MethodPost, url+"/invocations", b)
	if err != nil {
		t.Fatal(err)
	}
	// The body begins when the server asks for it: then the request is within.
	req.Header.Set("Expect", "100-continue")
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	go func() {
		resp, err := client.Do(req)
		if err != nil {
			status <- 0
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	<-b.begun
	stop()
	close(b.release)
	if got := <-status; got != http.StatusServiceUnavailable {
		t.Errorf("the running request got %d, want 503", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("stopping: %v", err)
	}
	if _, err := http.Get(url + "/ping"); err == nil {
		t.Error("it still answers")
	}
}
