package s3

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/pace"
	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

// The child is given a connection of its own for each request with a body, so that what
// it does not read of one is never taken for another's request; and no body of whoever
// does not name the key, however it is sent.
func TestBodiesDoNotReachEachOther(t *testing.T) {
	key := sigv4.Key{ID: "AKIAIRIS", Secret: "secret"}
	signed := "AWS4-HMAC-SHA256 Credential=%s/20261201/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"
	socket := filepath.Join(t.TempDir(), "s3.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	child := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		w.Header().Set("Seen", fmt.Sprintf("close %v, length %d, %s, %v", r.Close, r.ContentLength, body, err))
	})}
	go func() { _ = child.Serve(listener) }()
	t.Cleanup(func() { _ = child.Close() })
	p := proxy(transport(unix(socket)), nil, &key)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { forward(p, w, r) }))
	t.Cleanup(front.Close)
	for _, c := range []struct{ name, header, query, body, want string }{
		{"nothing", "", "", "", "close false, length 0, , <nil>"},
		{"nobody's", "", "", "hello", "close true, length 0, , <nil>"},
		{"a stranger's", fmt.Sprintf(signed, "AKIAOTHER"), "", "hello", "close true, length 0, , <nil>"},
		{"another scheme", "Bearer AKIAIRIS", "", "hello", "close true, length 0, , <nil>"},
		{"a stranger's URL", "", "?X-Amz-Credential=AKIAOTHER/20261201/us-east-1/s3/aws4_request", "hello", "close true, length 0, , <nil>"},
		{"the key's", fmt.Sprintf(signed, key.ID), "", "hello", "close true, length 5, hello, <nil>"},
		{"the key's URL", "", "?X-Amz-Credential=AKIAIRIS/20261201/us-east-1/s3/aws4_request", "hello", "close true, length 5, hello, <nil>"},
	} {
		for _, chunked := range []bool{false, true} {
			var body io.Reader = strings.NewReader(c.body)
			want := c.want
			if c.body == "" {
				body = nil
			} else if chunked {
				body = struct{ io.Reader }{body}
				want = strings.Replace(want, "length 5", "length -1", 1)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, front.URL+"/b/k"+c.query, body)
			if err != nil {
				t.Fatal(err)
			}
			if c.header != "" {
				req.Header.Set("Authorization", c.header)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := resp.Header.Get("Seen"); got != want {
				t.Errorf("%s, chunked %v: the child saw %q, want %q", c.name, chunked, got, want)
			}
		}
	}
}

// A body that breaks off because it came too slowly is refused: an answer of 200, which
// Go gives where nothing is written, would be believed by a client that is still there.
func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s3.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	child := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })}
	go func() { _ = child.Serve(listener) }()
	t.Cleanup(func() { _ = child.Close() })
	p := proxy(transport(unix(socket)), nil, nil)
	front := httptest.NewServer(pace.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { forward(p, w, r) }),
		pace.Bounds{Grace: 50 * time.Millisecond, Rate: 1 << 30, Drain: time.Millisecond}))
	t.Cleanup(front.Close)
	c, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx"); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c)
	if text := string(answer); strings.HasPrefix(text, "HTTP/1.1 200") || text != "" && !strings.Contains(text, "RequestTimeout") {
		t.Errorf("%s", text)
	}
}
