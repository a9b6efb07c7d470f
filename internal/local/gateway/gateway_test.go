package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

var key = sigv4.Key{ID: "AKIAIRIS", Secret: "secret"}

func endpoint() *Gateway {
	says := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write([]byte(name + ":" + string(body)))
		})
	}
	return New(Config{
		Key: key, Region: "us-east-1", Account: "000000000000", Hosts: []string{"iris.example"},
		S3: says("s3"), Services: map[string]http.Handler{"states": says("states"), "sns": says("sns")},
	})
}

// call sends a request signed for a service; an empty service leaves it unsigned.
func call(t *testing.T, service, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("POST", "http://127.0.0.1:4566/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "T.Op")
	if service == "sns" || service == "sts" {
		r.Header.Del("X-Amz-Target")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if service != "" {
		sum := sha256.Sum256([]byte(body))
		err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret},
			r, hex.EncodeToString(sum[:]), service, "us-east-1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	endpoint().ServeHTTP(w, r)
	return w
}

func TestRouting(t *testing.T) {
	cases := []struct {
		name, service, body string
		change              func(*http.Request)
		status              int
		contains            string
	}{
		{"by scope", "states", "{}", nil, 200, "states:{}"},
		{"unsigned goes to S3", "", "x", nil, 200, "s3:x"},
		{"S3 is not read", "s3", "x", nil, 200, "s3:x"},
		{"an unknown service", "ec2", "{}", nil, 400, `\"ec2\" is not part`},
		{"a changed body, JSON", "states", "{}", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("[]")) }, 400, `"__type":"InvalidSignatureException"`},
		{"a changed body, query", "sns", "Action=Publish", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("Action=X")) }, 403, "<Code>SignatureDoesNotMatch</Code>"},
		{"a rebound name", "states", "{}", func(r *http.Request) { r.Host = "evil.example:4566" }, 421, "host name"},
		{"a rebound name, S3", "", "", func(r *http.Request) { r.Host = "evil.example" }, 421, "host name"},
		{"a page", "states", "{}", func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:8000") }, 403, "AccessDeniedException"},
		{"a page at S3", "s3", "", func(r *http.Request) { r.Header.Set("Origin", "https://elsewhere.example") }, 200, "s3:"},
		{"who am I", "sts", "Action=GetCallerIdentity&Version=2011-06-15", nil, 200, "<Account>000000000000</Account>"},
		{"another STS call", "sts", "Action=AssumeRole", nil, 400, "InvalidAction"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := call(t, c.service, c.body, c.change)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.contains) {
				t.Errorf("%d %s, want %d with %q", w.Code, w.Body, c.status, c.contains)
			}
		})
	}
}

func TestWritesWaitForTheDiskAndReadsAndS3DoNot(t *testing.T) {
	for _, c := range []struct {
		service, target string
		want            int
	}{
		{"states", "AWSStepFunctions.StartExecution", 1},
		{"states", "AWSStepFunctions.DescribeExecution", 0},
		{"states", "", 1},
		{"states", "AWSStepFunctions", 1},
		{"states", "DynamoDB_20120810.PutItem", 1},
		{"states", "DynamoDB_20120810.BatchWriteItem", 1},
		{"states", "DynamoDB_20120810.GetItem", 0},
		{"states", "DynamoDB_20120810.BatchGetItem", 0},
		{"states", "DynamoDB_20120810.Query", 0},
		{"s3", "", 0},
	} {
		waited := 0
		g := endpoint()
		g.cfg.WaitForDisk = func(context.Context) { waited++ }
		r := httptest.NewRequest("POST", "http://127.0.0.1:4566/", strings.NewReader("{}"))
		r.Header.Set("X-Amz-Target", c.target)
		sum := sha256.Sum256([]byte("{}"))
		err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret},
			r, hex.EncodeToString(sum[:]), c.service, "us-east-1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		g.ServeHTTP(httptest.NewRecorder(), r)
		if waited != c.want {
			t.Errorf("%s %s waited %d times, want %d", c.service, c.target, waited, c.want)
		}
	}
}

func TestBodyIsBounded(t *testing.T) {
	for _, size := range []int{MaxBody, MaxBody + 1} {
		w := call(t, "states", strings.Repeat(" ", size), nil)
		want := http.StatusOK
		if size > MaxBody {
			want = http.StatusRequestEntityTooLarge
		}
		if w.Code != want {
			t.Errorf("%d bytes: %d %.80s, want %d", size, w.Code, bytes.TrimSpace(w.Body.Bytes()), want)
		}
	}
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body of a stranger is read")
	return 0, io.EOF
}

// Who does not name the key, or not at this time, is refused without a byte of the body.
func TestBodiesOfStrangersAreNotRead(t *testing.T) {
	for name, header := range map[string]string{
		"another key":   "AWS4-HMAC-SHA256 Credential=AKIAOTHER/20261201/us-east-1/states/aws4_request, SignedHeaders=host, Signature=00",
		"another day":   "AWS4-HMAC-SHA256 Credential=AKIAIRIS/20010101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=00",
		"another place": "AWS4-HMAC-SHA256 Credential=AKIAIRIS/20261201/eu-west-1/states/aws4_request, SignedHeaders=host, Signature=00",
	} {
		r := httptest.NewRequest("POST", "http://127.0.0.1:4566/", unread{t})
		r.Header.Set("Authorization", header)
		r.Header.Set("X-Amz-Target", "T.Op")
		r.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
		w := httptest.NewRecorder()
		endpoint().ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:4566": true, "localhost:1": true, "LOCALHOST": true, "[::1]:4566": true,
		"iris.example:80": true, "IRIS.example": true,
		"": false, "evil.example": false, "127.0.0.1.evil.example": false, "10.0.0.1:4566": true, "iris.example.evil": false, "localhost.evil.example": false,
	} {
		if got := (Hosts{"iris.example"}).Allow(host); got != want {
			t.Errorf("Allow(%q) = %v", host, got)
		}
	}
}
