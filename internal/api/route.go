package api

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// handler answers a request, or returns the error that becomes a problem.
type handler func(http.ResponseWriter, *http.Request) error

// serve is what all routes have in common: headers, problems, compression and HEAD.
func serve(pattern string, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		out := &held{to: w}
		if err := h(out, r); err != nil {
			p := problemOf(err)
			if p.Status >= http.StatusInternalServerError {
				slog.Error("request failed", job.LogRoute, pattern, job.LogError, err.Error())
			}
			p.write(out)
		}
		if err := out.send(r); err != nil {
			slog.Warn("reply was not sent", job.LogRoute, pattern, job.LogError, err.Error())
		}
	})
}

// takes lets a request pass whose query has no other parameters than these. A parameter
// that is misspelt must not be answered as if it had not been sent.
func takes(names []string, h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return badQuery("the query cannot be read: percent-encode its values (a space is %20, a semicolon %3B, a percent sign %25)")
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			switch {
			case slices.Contains(names, name):
			case len(names) == 0:
				return badQuery(fmt.Sprintf("%s is not known: this address takes no parameters", quoted(name)))
			default:
				return badQuery(fmt.Sprintf("%s is not known: want %s", quoted(name), strings.Join(names, " or ")))
			}
		}
		return h(w, r)
	}
}

// methods are those that some route of the API has. A route of GET answers HEAD too.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete}

// elsewhere answers what no route takes: 405 with Allow where the address takes other
// methods (RFC 9110 §15.5.6), else 404.
func elsewhere(mux *http.ServeMux) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var allowed []string
		for _, method := range methods {
			other := &http.Request{Method: method, URL: r.URL, Host: r.Host}
			if _, pattern := mux.Handler(other); pattern != "/" && pattern != "" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) > 0 {
			list := strings.Join(allowed, ", ")
			w.Header().Set("Allow", list)
			return problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Detail: "this address takes " + list + " only"}
		}
		return nothingHere
	}
}

var nothingHere = problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is nothing at this address"}

// clean says whether http.ServeMux takes a path as it is. It would redirect any other
// (//v1/jobs, /v1/../v1/jobs) to another address, which no client of an API follows
// with the body that it has sent.
func clean(u *url.URL) bool {
	for _, p := range []string{u.EscapedPath(), u.Path} {
		if strings.HasSuffix(p, "/") && p != "/" {
			p = strings.TrimSuffix(p, "/")
		}
		if path.Clean("/"+p) != p {
			return false
		}
	}
	return true
}
