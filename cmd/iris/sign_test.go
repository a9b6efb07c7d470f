package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

// What the CLI sends to an API elsewhere passes a verifier that is not the
// SDK's, for API Gateway's service and the region in the address.
func TestRequestsElsewhereAreSigned(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	for _, c := range []struct{ address, region string }{
		{"https://abc123.execute-api.us-east-2.amazonaws.com/v1/jobs?key=a%20b%2Fc&limit=1", "us-east-2"},
		{"https://api.iris-oculus.com/v1/jobs/01J00000000000000000000000/artifacts/model.glb?structure=a%2Bb", "eu-west-1"},
		{"https://api.iris-oculus.com/v1/jobs", "eu-west-1"},
	} {
		for _, body := range []string{"", `{"file":"scan.nii.gz"}`} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.address, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if err := (&client{}).authorize(t.Context(), req, []byte(body), ""); err != nil {
				t.Fatal(err)
			}
			if got := sigv4.Service(req); got != "execute-api" {
				t.Errorf("%s is signed for %q", c.address, got)
			}
			v := sigv4.Verifier{Key: sigv4.Key{ID: "AKIDEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, Region: c.region, Now: time.Now}
			if err := v.Verify(req, []byte(body)); err != nil {
				t.Errorf("%s: %v", c.address, err)
			}
			if err := v.Verify(req, []byte(body+" ")); err == nil {
				t.Errorf("%s: another body passes", c.address)
			}
		}
	}
}

func TestWhoIsNotSigned(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	for address, token := range map[string]string{
		"http://127.0.0.1:8000/v1/jobs": "", "http://localhost:8000/v1/jobs": "", "http://[::1]:8000/v1/jobs": "", "https://api.iris-oculus.com/v1/jobs": "token",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := (&client{token: token}).authorize(t.Context(), req, nil, ""); err != nil {
			t.Fatal(err)
		}
		want := ""
		if token != "" {
			want = "Bearer " + token
		}
		if got := req.Header.Get("Authorization"); got != want || req.Header.Get("X-Amz-Date") != "" {
			t.Errorf("%s: %q", address, got)
		}
	}
}
