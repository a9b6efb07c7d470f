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
