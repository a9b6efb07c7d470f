package apigw

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/iris-oculus/iris/internal/local/template"
)

// mostBuckets bounds the callers that are told apart; a bucket takes some 200 bytes.
const mostBuckets = 4096

// throttle is how often each caller may ask: a token bucket for each address and route,
// with the rates that the template's stage has. On AWS a route's limit is that of all
// callers together, and other services tell callers apart; here there is no other, and one
// who floods must not take the service from the rest.
type throttle struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[from]*rate.Limiter
	rest    map[string]*rate.Limiter // by route, for callers beyond mostBuckets
}

// from is whose requests fill one bucket.
type from struct {
	caller netip.Prefix
	route  string
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, buckets: map[from]*rate.Limiter{}, rest: map[string]*rate.Limiter{}}
}

// allow takes one request of a caller's, or says how long to wait until the next one.
func (t *throttle) allow(caller string, route template.Route) (wait time.Duration, ok bool) {
	if route.Throttle.Rate <= 0 {
		return 0, true
	}
	now := t.now()
	reserved := t.bucket(from{network(caller), route.Key}, route.Throttle, now).ReserveN(now, 1)
	if wait = reserved.DelayFrom(now); wait > 0 {
		reserved.CancelAt(now)
		return wait, false
	}
	return 0, true
}

func (t *throttle) bucket(who from, limit template.Throttle, now time.Time) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b, there := t.buckets[who]; there {
		return b
	}
	if len(t.buckets) >= mostBuckets {
		for other, b := range t.buckets {
			if b.TokensAt(now) >= float64(b.Burst()) { // whoever it was has not asked for a while
				delete(t.buckets, other)
			}
		}
	}
	fresh := func() *rate.Limiter { return rate.NewLimiter(rate.Limit(limit.Rate), max(limit.Burst, 1)) }
	if len(t.buckets) >= mostBuckets {
		if t.rest[who.route] == nil {
			t.rest[who.route] = fresh()
		}
		return t.rest[who.route]
	}
	t.buckets[who] = fresh()
	return t.buckets[who]
}

// network is what one caller can change his address within: an IPv4 address, or 64 bits of
// an IPv6 one. What is no address is one caller.
func network(remote string) netip.Prefix {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// tooMany answers 429 with the time after which the next request is taken.
func tooMany(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	fail(w, http.StatusTooManyRequests, "Too Many Requests")
}
