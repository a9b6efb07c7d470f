package stack

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/local/gateway"
	"github.com/iris-oculus/iris/web"
)

// The API answers its own addresses, whatever the page has; the page answers all others, and
// only under names that are ours.
func TestThePageStandsBesideTheAPI(t *testing.T) {
	s := &Stack{AWS: "http://127.0.0.1:4566"}
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
	h, err := s.withPage(api, gateway.Hosts{"iris.example"})
	if err != nil {
		t.Fatal(err)
	}
	for target, status := range map[string]int{
		"http://127.0.0.1:8000/v1/jobs": 418, "http://127.0.0.1:8000/healthz": 418, "http://evil.example/v1/jobs": 418,
		"http://127.0.0.1:8000/config.json": 200, "http://iris.example/config.json": 200, "http://evil.example/config.json": 421,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		if w.Code != status {
			t.Errorf("%s: %d, want %d", target, w.Code, status)
		}
		if policy := w.Header().Get("Content-Security-Policy"); status == 200 && !strings.Contains(policy, "connect-src 'self' http://127.0.0.1:4566") {
			t.Errorf("%s: %q", target, policy)
		}
	}
}

func TestWhatThePageIsTold(t *testing.T) {
	aws := "http://127.0.0.1:4566"
	for name, c := range map[string]struct {
		stack   Stack
		signIn  *web.SignIn
		origins []string
	}{
		"loopback":  {Stack{AWS: aws}, nil, []string{aws}},
		"elsewhere": {Stack{AWS: aws, Token: "secret"}, &web.SignIn{Kind: "token"}, []string{aws}},
		"an issuer": {Stack{AWS: aws, Issuer: "https://id.example/pool", issuer: issuer{"iris", []string{"https://id.example", "https://sign-in.example"}}},
			&web.SignIn{Kind: "oidc", Issuer: "https://id.example/pool", Client: "iris"}, []string{aws, "https://id.example", "https://sign-in.example"}},
	} {
		config, origins := c.stack.page()
		if d := cmp.Diff(web.Config{SignIn: c.signIn}, config); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(c.origins, origins); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
