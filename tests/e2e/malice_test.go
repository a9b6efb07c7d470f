package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// raw sends a request whose target is not touched, and gives its status and body.
func raw(t *testing.T, method, address string, header map[string]string, body io.Reader, length int64) (int, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, u.Scheme+"://"+u.Host, body)
	if err != nil {
		t.Fatal(err)
	}
	_, target, _ := strings.Cut(strings.TrimPrefix(address, u.Scheme+"://"), "/")
	req.URL.Opaque = "//" + u.Host + "/" + target
	req.ContentLength = length
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// made is a job that awaits its upload, with the URL of its part.
func (s *stack) made(t *testing.T, bytes int) (id, part string) {
	t.Helper()
	var plan struct {
		Job    struct{ ID string }
		Upload struct{ Signed []struct{ URL string } }
	}
	s.call(t, http.MethodPost, "/v1/jobs", fmt.Sprintf(`{"file":"a.nii","bytes":%d}`, bytes), &plan)
	if plan.Job.ID == "" || len(plan.Upload.Signed) != 1 {
		t.Fatalf("%+v", plan)
	}
	return plan.Job.ID, plan.Upload.Signed[0].URL
}

// A signed URL does what it was signed for and nothing else: no other key, part, method,
// query, length or lifetime, no header that copies from elsewhere or says what the object
// is, and no path that means another one. After the job is erased it does nothing.
func TestASignedURLCannotBeWidened(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir(), "--model", "none")
	const size = 1000
	other, _ := s.made(t, size)
	id, part := s.made(t, size)
	base, query, _ := strings.Cut(part, "?")
	content := strings.Repeat("x", size)
	for _, c := range []struct {
		name, method, url string
		header            map[string]string
		bytes             int
	}{
		{"another job's key", "PUT", strings.Replace(part, id, other, 1), nil, size},
		{"another part", "PUT", strings.Replace(part, "partNumber=1", "partNumber=2", 1), nil, size},
		{"a part more", "PUT", part + "&partNumber=2", nil, size},
		{"a part before", "PUT", base + "?partNumber=2&" + query, nil, size},
		{"another query", "PUT", part + "&acl", nil, size},
		{"a longer life", "PUT", strings.Replace(part, "X-Amz-Expires=900", "X-Amz-Expires=604800", 1), nil, size},
		{"a second life", "PUT", part + "&X-Amz-Expires=604800", nil, size},
		{"no life", "PUT", strings.Replace(part, "X-Amz-Expires=900&", "", 1), nil, size},
		{"fewer signed headers", "PUT", strings.Replace(part, "X-Amz-SignedHeaders=content-length%3Bhost", "X-Amz-SignedHeaders=host", 1), nil, size},
		{"no signature", "PUT", part[:strings.Index(part, "&X-Amz-Signature")], nil, size},
		{"one byte more", "PUT", part, nil, size + 1},
		{"one byte less", "PUT", part, nil, size - 1},
		{"nothing", "PUT", part, nil, 0},
		{"to read", "GET", part, nil, 0},
		{"its headers", "HEAD", part, nil, 0},
		{"to abort", "DELETE", part, nil, 0},
		{"to complete", "POST", part, nil, size},
		{"a copy of another's object", "PUT", part, map[string]string{"x-amz-copy-source": "/iris-uploads/jobs/" + other + "/scan.nii"}, size},
		{"public", "PUT", part, map[string]string{"x-amz-acl": "public-read"}, size},
		{"options", "PUT", part, map[string]string{"x-amz-meta-iris-task": "labels"}, size},
		{"a way up", "PUT", base + "/../../" + other + "/scan.nii?" + query, nil, size},
		{"an encoded way up", "PUT", base + "/%2e%2e/%2e%2e/" + other + "/scan.nii?" + query, nil, size},
		{"two slashes", "PUT", strings.Replace(part, "/jobs/", "//jobs/", 1), nil, size},
		{"a NUL", "PUT", base + "%00?" + query, nil, size},
		{"a backslash", "PUT", base + "%5c..%5cx?" + query, nil, size},
	} {
		body := io.Reader(http.NoBody)
		if c.bytes > 0 {
			body = strings.NewReader(strings.Repeat("x", c.bytes))
		}
		if status, text := raw(t, c.method, c.url, c.header, body, int64(c.bytes)); status < 400 || status >= 500 {
			t.Errorf("%s: %d %s", c.name, status, text)
		}
	}
	if status, text := raw(t, "PUT", part, nil, strings.NewReader(content), size); status != http.StatusOK {
		t.Fatalf("as it was signed: %d %s", status, text)
	}
	if status, text := raw(t, "DELETE", s.HTTP+"/v1/jobs/"+id, nil, http.NoBody, 0); status != http.StatusNoContent {
		t.Fatalf("erase: %d %s", status, text)
	}
	until(t, "the erased job's URL does nothing", time.Minute, func() bool {
		status, _ := raw(t, "PUT", part, nil, strings.NewReader(content), size)
		return status == http.StatusNotFound
	})
}

// Strangers at the AWS endpoint take nothing from those who have the key: neither by
// bodies that never end, of which there may be more than S3 takes connections, nor by
// bodies that look like a further request, whose answer would be somebody else's.
func TestStrangersTakeNoConnections(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir(), "--model", "none")
	address := strings.TrimPrefix(s.AWS, "http://")
	signed := "Authorization: AWS4-HMAC-SHA256 Credential=AKIASTRANGER/20261201/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=00\r\n"
	for n := range 1200 {
		head := "PUT /iris-uploads/a HTTP/1.1\r\nHost: " + address + "\r\nContent-Length: 100000\r\n"
		switch n % 3 {
		case 1:
			head += fmt.Sprintf(signed, "s3")
		case 2:
			head += fmt.Sprintf(signed, "dynamodb")
		}
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := io.WriteString(c, head+"\r\nx"); err != nil {
			t.Fatal(err)
		}
	}
	_, part := s.made(t, 3) // asks S3 for an upload
	inner := "GET /iris-evil/x HTTP/1.1\r\nHost: " + address + "\r\n\r\n"
	for range 200 {
		if status, text := raw(t, "PUT", s.AWS+"/iris-uploads/a", nil, strings.NewReader(inner), -1); status != http.StatusForbidden {
			t.Fatalf("a stranger's body in chunks: %d %s", status, text)
		}
		if status, text := raw(t, "PUT", part, map[string]string{"x-amz-acl": "private"}, strings.NewReader(inner), -1); status < 400 {
			t.Fatalf("a holder's body in chunks: %d %s", status, text)
		}
		if status, text := raw(t, "PUT", part, nil, strings.NewReader("abc"), 3); status != http.StatusOK {
			t.Fatalf("an upload beside them: %d %s", status, text)
		}
	}
}
