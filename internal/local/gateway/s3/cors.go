package s3

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The headers that S3 says an answer depends on when it has looked at CORS rules.
const varies = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"

// letIn adds to an answer what its bucket's rules allow the page that asked, where the
// child said nothing. versitygw checks the signature before it looks at the rules, so
// that its refusals have no CORS headers: a page is then told of a broken connection
// where S3 tells it of an expired URL, because S3 adds them to its errors too.
func letIn(h http.Header, r *http.Request, buckets []Bucket) {
	origin := r.Header.Get("Origin")
	if origin == "" || r.Method == http.MethodOptions || h.Get("Access-Control-Allow-Origin") != "" {
		return
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	at := slices.IndexFunc(buckets, func(b Bucket) bool { return b.Name == name })
	if at < 0 {
		return
	}
	for _, rule := range buckets[at].CORS {
		pattern, allowed := rule.origin(origin)
		if !allowed || !slices.Contains(rule.AllowedMethods, r.Method) {
			continue
		}
		if pattern == "*" {
			h.Set("Access-Control-Allow-Origin", "*")
		} else {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		h.Set("Access-Control-Allow-Methods", strings.Join(rule.AllowedMethods, ", "))
		if len(rule.ExposeHeaders) > 0 {
			h.Set("Access-Control-Expose-Headers", strings.Join(rule.ExposeHeaders, ", "))
		}
		if rule.MaxAgeSeconds > 0 {
			h.Set("Access-Control-Max-Age", strconv.Itoa(int(rule.MaxAgeSeconds)))
		}
		h.Set("Vary", varies)
		return
	}
}

// origin is the pattern of the rule that an origin matches; a pattern has one * at most.
func (r CORSRule) origin(origin string) (pattern string, allowed bool) {
	for _, pattern := range r.AllowedOrigins {
		if before, after, wild := strings.Cut(pattern, "*"); wild {
			if len(origin) >= len(before)+len(after) && strings.HasPrefix(origin, before) && strings.HasSuffix(origin, after) {
				return pattern, true
			}
		} else if pattern == origin {
			return pattern, true
		}
	}
	return "", false
}
