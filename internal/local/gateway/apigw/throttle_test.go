package apigw

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/template"
)

func throttled(t *testing.T, now *time.Time) *Adapter {
	t.Helper()
	slow := template.Throttle{Rate: 0.5, Burst: 3}
	a, err := New(Config{
		API: template.API{Routes: []template.Route{
			{Key: "$default", Timeout: time.Second, Authorization: template.AuthorizationIAM, Throttle: slow},
			{Key: "GET /open", Timeout: time.Second, Authorization: template.AuthorizationNone, Throttle: slow},
			{Key: "GET /free", Timeout: time.Second, Authorization: template.AuthorizationNone},
		}},
		Token: "secret", Throttled: true, Now: func() time.Time { return *now }, Invoke: says(`{"statusCode":204}`), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func ask(a *Adapter, path, remote, token string) (int, string) {
	r := request("GET", path, "", "Authorization", "Bearer "+token)
	r.RemoteAddr = remote
	w := serve(a, r)
	return w.Code, w.Header().Get("Retry-After")
}

// A burst is taken, then one request for each interval; who is refused is told how long to
// wait, and is then taken. Wrong tokens count, too.
func TestWhoAsksTooOftenWaits(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	a := throttled(t, &now)
	for n := range 3 {
		token, want := "secret", 204
		if n == 1 {
			token, want = "wrong", 401
		}
		if got, _ := ask(a, "/v1/jobs", "192.0.2.1:1", token); got != want {
			t.Errorf("request %d: %d", n, got)
		}
	}
	for range 5 { // to be refused costs nothing more
		if got, after := ask(a, "/v1/jobs", "192.0.2.1:2", "secret"); got != http.StatusTooManyRequests || after != "2" {
			t.Errorf("%d, Retry-After %q", got, after)
		}
	}
	for _, c := range []struct{ path, remote string }{{"/v1/jobs", "192.0.2.2:1"}, {"/open", "192.0.2.1:1"}, {"/free", "192.0.2.1:1"}} {
		if got, _ := ask(a, c.path, c.remote, "secret"); got != 204 {
			t.Errorf("%s of %s: %d", c.path, c.remote, got)
		}
	}
	now = now.Add(2 * time.Second)
	if got, _ := ask(a, "/v1/jobs", "192.0.2.1:1", "secret"); got != 204 {
		t.Errorf("after Retry-After: %d", got)
	}
	if got, _ := ask(a, "/v1/jobs", "192.0.2.1:1", "secret"); got != http.StatusTooManyRequests {
		t.Errorf("at once again: %d", got)
	}
}

// Addresses of one network of IPv6 are one caller, and IPv4 in IPv6's form is IPv4.
func TestCallersAreNetworks(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1:1", "192.0.2.1:9", true}, {"192.0.2.1:1", "192.0.2.2:1", false}, {"[2001:db8::1]:1", "[2001:db8::ffff:1]:2", true},
		{"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false}, {"[::ffff:192.0.2.1]:1", "192.0.2.1:1", true}, {"[fe80::1%eth0]:1", "[fe80::1%eth1]:1", true}, {"", "@", true},
	} {
		if got := network(c.a) == network(c.b); got != c.same {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}

// Ever new addresses do not fill the memory, and share a bucket beyond the bound; those
// who have not asked for a while make room.
func TestBucketsAreBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	a := throttled(t, &now)
	address := func(n int) string { return fmt.Sprintf("10.%d.%d.%d:1", n>>16, n>>8&255, n&255) }
	refused := 0
	for n := range mostBuckets + 100 {
		if got, _ := ask(a, "/open", address(n), ""); got == http.StatusTooManyRequests {
			refused++
		}
	}
	if got := len(a.throttle.buckets); got != mostBuckets || refused != 97 {
		t.Errorf("%d buckets, %d refused", got, refused)
	}
	now = now.Add(time.Minute)
	if got, _ := ask(a, "/open", address(mostBuckets+200), ""); got != 204 || len(a.throttle.buckets) != 1 {
		t.Errorf("%d, %d buckets", got, len(a.throttle.buckets))
	}
}

// What is not throttled is not, whatever the template says.
func TestLoopbackIsNotThrottled(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	a := throttled(t, &now)
	a.throttle = nil
	for n := range 50 {
		if got, _ := ask(a, "/v1/jobs", "127.0.0.1:1", "secret"); got != 204 {
			t.Fatalf("request %d: %d", n, got)
		}
	}
}
