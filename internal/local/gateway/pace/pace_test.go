package pace

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// quick are bounds for tests whose clients never come to an end of their own.
var quick = Bounds{Grace: 50 * time.Millisecond, Rate: 1 << 30, Drain: 20 * time.Millisecond}

func TestWhatIsLeft(t *testing.T) {
	b := Bounds{Grace: 30 * time.Second, Rate: 1000, Drain: time.Second}
	for _, c := range []struct {
		received int
		waited   time.Duration
		want     time.Duration
	}{
		{0, 0, 30 * time.Second},
		{0, 29 * time.Second, time.Second},
		{0, 31 * time.Second, 0},
		{5000, 31 * time.Second, 4 * time.Second}, // a slow uplink that keeps on
		{15, 31 * time.Second, 0},                 // a byte every two seconds
		{1 << 30, 0, 60 * time.Second},            // what was fast may not be silent for a week
	} {
		if got := b.left(c.received, c.waited); got != c.want {
			t.Errorf("%d bytes, %v waited: %v, want %v", c.received, c.waited, got, c.want)
		}
	}
}

// dial sends the beginning of a request and never ends it.
func dial(t *testing.T, s *httptest.Server, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

const slowly = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx"

// A body that does not come ends, for its handler with an error that says so, and for its
// connection; whether the handler reads all of it, a little or nothing.
func TestASlowBodyEnds(t *testing.T) {
	for name, read := range map[string]func(io.Reader) error{
		"all":     func(r io.Reader) error { _, err := io.ReadAll(r); return err },
		"a byte":  func(r io.Reader) error { _, err := r.Read(make([]byte, 1)); return err },
		"nothing": func(io.Reader) error { return nil },
	} {
		said := make(chan error, 1)
		s := httptest.NewServer(Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			said <- read(r.Body)
			_, _ = io.WriteString(w, "answer")
		}), quick))
		c := dial(t, s, slowly)
		_, _ = io.ReadAll(c) // to the end of the connection
		if err := <-said; name == "all" && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the handler is told %v", name, err)
		}
		s.Close()
	}
}

// A client that asks for a long answer and does not read it ends its handler.
func TestAnAnswerThatNobodyReadsEnds(t *testing.T) {
	ended := make(chan error, 1)
	s := httptest.NewServer(Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for block := make([]byte, 1<<20); ; {
			if _, err := w.Write(block); err != nil {
				ended <- err
				return
			}
		}
	}), quick))
	defer s.Close()
	dial(t, s, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}

// deadlines writes down what a connection is told.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = append(d.read, t); return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.write = append(d.write, t); return nil }

// What takes its time within a handler is not the client's fault: a body that was read
// whole leaves the answer as much time as it takes, because net/http goes on to read and
// takes an error for a client that left. What was not read has a little time. Every part
// of an answer has its own.
func TestAHandlerMayTakeItsTime(t *testing.T) {
	b := Bounds{Grace: time.Hour, Rate: 1000, Drain: time.Minute}
	for _, c := range []struct {
		name  string
		read  int64
		whole bool
	}{{"whole", 100, true}, {"a part", 3, false}, {"nothing", 0, false}} {
		d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		began := time.Now()
		Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n, err := io.CopyN(io.Discard, r.Body, c.read); n != min(c.read, 10) || (err != nil) != c.whole {
				t.Errorf("%s: %d bytes, %v", c.name, n, err)
			}
			if last := d.read[len(d.read)-1]; last.IsZero() != c.whole {
				t.Errorf("%s: the connection has until %v while the handler works", c.name, last)
			}
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
		}), b).ServeHTTP(d, httptest.NewRequest("POST", "/", strings.NewReader("0123456789")))
		if last := d.read[len(d.read)-1]; !c.whole && last.After(time.Now().Add(b.Drain)) {
			t.Errorf("%s: what is left of the body may take until %v", c.name, last)
		}
		if len(d.write) != 4 || d.write[0].Before(began.Add(b.Grace)) || d.write[2].Before(began.Add(b.Grace+10*time.Second)) {
			t.Errorf("%s: %v", c.name, d.write)
		}
	}
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	Handler(http.NotFoundHandler(), b).ServeHTTP(d, httptest.NewRequest("GET", "/", nil))
	if len(d.read) != 0 {
		t.Errorf("a request without a body is given until %v", d.read)
	}
}

// far is a listener whose connections come from an address that the test chooses.
type far struct {
	net.Listener
	from chan string
}

type farConn struct {
	net.Conn
	from net.Addr
}

func (c farConn) RemoteAddr() net.Addr { return c.from }
func (c farConn) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(10, 9, 9, 9), Port: 8000} }

func (f far) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	from, err := net.ResolveTCPAddr("tcp", <-f.from)
	return farConn{c, from}, err
}

// One address, or 64 bits of one, gets its connections and no more; others get theirs
// until there are as many as altogether; this machine's own are not counted; what is
// closed makes room.
func TestConnectionsOfAnAddress(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := far{inner, make(chan string, 1)}
	l := Listener(f, 2, 3)
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	// from opens a connection and gives its server side, or nil when it is closed at once.
	from := func(address string) net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		f.from <- address
		closed := make(chan struct{})
		go func() {
			_, _ = c.Read(make([]byte, 1))
			close(closed)
		}()
		select {
		case s := <-accepted:
			return s
		case <-closed:
			return nil
		}
	}
	first := from("10.0.0.1:1")
	for _, c := range []struct {
		address string
		taken   bool
	}{
		{"[::ffff:10.0.0.1]:2", true}, {"10.0.0.1:3", false}, {"127.0.0.1:1", true}, {"[::1]:1", true}, {"[2001:db8::1]:1", true}, {"10.0.0.2:1", false}, {"127.0.0.1:2", true}, {"10.9.9.9:1", true},
	} {
		if got := from(c.address) != nil; got != c.taken {
			t.Errorf("%s: taken %v", c.address, got)
		}
	}
	_ = first.Close()
	_ = first.Close() // is counted once
	if from("10.0.0.2:2") == nil || from("10.0.0.3:1") != nil {
		t.Error("a connection that was closed does not make room for one")
	}
	_ = l.Close()
	if _, open := <-accepted; open || !strings.Contains(fmt.Sprint(l.(*listener).of), "10.0.0.2/32:1") {
		t.Errorf("%v", l.(*listener).of)
	}
}
