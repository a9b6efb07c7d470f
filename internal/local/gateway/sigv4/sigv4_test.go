package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var (
	key = Key{ID: "AKIAIRIS", Secret: "s3cr3t/with+signs"}
	now = time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)
)

func verifier() Verifier {
	return Verifier{Key: key, Region: "us-east-1", Now: func() time.Time { return now }}
}

// signed lets the SDK's own signer sign, as an independent oracle.
func signed(t *testing.T, r *http.Request, body string, at time.Time) *http.Request {
	t.Helper()
	sum := sha256.Sum256([]byte(body))
	err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret},
		r, hex.EncodeToString(sum[:]), "states", "us-east-1", at)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func request(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "AWSStepFunctions.StartExecution")
	return r
}

func TestAcceptsWhatTheSDKSigns(t *testing.T) {
	for _, target := range []string{
		"http://127.0.0.1:4566/",
		"http://127.0.0.1:4566/2015-03-31/functions/arn%3Aaws%3Alambda/invocations?Qualifier=a%20b&A=2&A=1&empty",
		"http://127.0.0.1:4566/endpoints/iris~x/async-invocations?q=%2F%2B%3D",
	} {
		body := `{"input":"{}"}`
		r := signed(t, request("POST", target, body), body, now)
		if err := verifier().Verify(r, []byte(body)); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if got := Service(r); got != "states" {
			t.Errorf("%s: service %q", target, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	const body = `{"input":"{}"}`
	cases := []struct {
		name   string
		at     time.Time
		change func(*http.Request)
		body   string
		code   string
	}{
		{name: "unsigned", change: func(r *http.Request) { r.Header.Del("Authorization") }, code: "MissingAuthenticationTokenException"},
		{name: "another scheme", change: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, code: "IncompleteSignatureException"},
		{name: "no signature", change: func(r *http.Request) {
			h, _, _ := strings.Cut(r.Header.Get("Authorization"), ", Signature")
			r.Header.Set("Authorization", h)
		}, code: "IncompleteSignatureException"},
		{name: "another key", change: edit("AKIAIRIS", "AKIAOTHER"), code: "UnrecognizedClientException"},
		{name: "another region", change: edit("us-east-1", "eu-west-1"), code: "InvalidSignatureException"},
		{name: "another service", change: edit("/states/", "/events/"), code: "InvalidSignatureException"},
		{name: "another day", change: edit("20261124/", "20261123/"), code: "InvalidSignatureException"},
		{name: "host not signed", change: edit("host;", ""), code: "IncompleteSignatureException"},
		{name: "another body", body: `{"input":"[]"}`, code: "InvalidSignatureException"},
		{name: "another operation", change: func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSStepFunctions.StopExecution") }, code: "InvalidSignatureException"},
		{name: "another host", change: func(r *http.Request) { r.Host = "127.0.0.1:9" }, code: "InvalidSignatureException"},
		{name: "another path", change: func(r *http.Request) { r.URL.Path = "/x" }, code: "InvalidSignatureException"},
		{name: "another method", change: func(r *http.Request) { r.Method = "PUT" }, code: "InvalidSignatureException"},
		{name: "a payload hash of another body", change: func(r *http.Request) { r.Header.Set(payloadHeader, strings.Repeat("0", 64)) }, code: "InvalidSignatureException"},
		{name: "16 minutes old", at: now.Add(-Skew - time.Minute), code: "InvalidSignatureException"},
		{name: "16 minutes ahead", at: now.Add(Skew + time.Minute), code: "InvalidSignatureException"},
		{name: "no date", change: func(r *http.Request) { r.Header.Del("X-Amz-Date") }, code: "IncompleteSignatureException"},
		{name: "14 minutes old", at: now.Add(-Skew + time.Minute)},
		{name: "14 minutes ahead", at: now.Add(Skew - time.Minute)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			at, sent := c.at, c.body
			if at.IsZero() {
				at = now
			}
			if sent == "" {
				sent = body
			}
			r := signed(t, request("POST", "http://127.0.0.1:4566/", body), body, at)
			if c.change != nil {
				c.change(r)
			}
			err := verifier().Verify(r, []byte(sent))
			var problem *Error
			if c.code == "" && err != nil || c.code != "" && (!errors.As(err, &problem) || problem.Code != c.code) {
				t.Errorf("got %v, want %q", err, c.code)
			}
		})
	}
}

func edit(from, to string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.ReplaceAll(r.Header.Get("Authorization"), from, to))
	}
}

func TestServiceOfPresignedAndUnsigned(t *testing.T) {
	cases := []struct{ target, want string }{
		{"http://h/b/k?X-Amz-Credential=AKIA%2F20261124%2Fus-east-1%2Fs3%2Faws4_request", "s3"},
		{"http://h/b/k?X-Amz-Credential=AKIA%2F20261124", ""},
		{"http://h/b/k", ""},
	}
	for _, c := range cases {
		if got := Service(httptest.NewRequest("GET", c.target, nil)); got != c.want {
			t.Errorf("%s: %q, want %q", c.target, got, c.want)
		}
	}
}

func FuzzParseAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=A/20261124/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00")
	f.Fuzz(func(t *testing.T, header string) {
		if a, err := parseAuthorization(header); err == nil && (a.credential == "" || a.signature == "" || len(a.signed) == 0) {
			t.Errorf("%q: accepted %+v", header, a)
		}
	})
}
