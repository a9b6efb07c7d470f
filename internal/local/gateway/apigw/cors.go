package apigw

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// isPreflight says whether a browser asks if a page may send another request.
func (a *Adapter) isPreflight(r *http.Request) bool {
	return a.cfg.API.CORS != nil && r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// preflight answers a CORS preflight; its headers are missing when the origin is
// not allowed. As on AWS it does so in the function's place only where no route
// names OPTIONS: a route that does sends the preflight to its function, whose
// status decides, and the headers are added to that answer.
// (github.com/aws/serverless-application-model/issues/1603)
func (a *Adapter) preflight(w http.ResponseWriter, r *http.Request) bool {
	if !a.isPreflight(r) {
		return false
	}
	if a.allow(w.Header(), r) {
		c := a.cfg.API.CORS
		set(w.Header(), "Access-Control-Allow-Methods", c.AllowMethods)
		set(w.Header(), "Access-Control-Allow-Headers", c.AllowHeaders)
		if c.MaxAge != 0 {
			w.Header().Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
		}
	}
	if route, ok := a.match(r); ok && strings.HasPrefix(route.Key, http.MethodOptions+" ") {
		a.answer(w, r, route, nil, nil)
		return true
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// allow puts the headers that let a page from an allowed origin read an answer.
func (a *Adapter) allow(h http.Header, r *http.Request) bool {
	c, origin := a.cfg.API.CORS, r.Header.Get("Origin")
	if c == nil || !a.originAllowed(origin) {
		return false
	}
	if slices.Contains(c.AllowOrigins, "*") {
		origin = "*"
	} else {
		h.Add("Vary", "Origin")
	}
	h.Set("Access-Control-Allow-Origin", origin)
	set(h, "Access-Control-Expose-Headers", c.ExposeHeaders)
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	return true
}

func (a *Adapter) originAllowed(origin string) bool {
	c := a.cfg.API.CORS
	return c != nil && origin != "" && (slices.Contains(c.AllowOrigins, origin) || slices.Contains(c.AllowOrigins, "*"))
}

func set(h http.Header, name string, values []string) {
	if len(values) > 0 {
		h.Set(name, strings.Join(values, ","))
	}
}

// mayChange refuses what a page of a stranger's sends to change something: on
// AWS its request would lack a token, here nothing else would stop it. Our own
// pages come from the very address that they call.
func (a *Adapter) mayChange(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return true
	}
	_, host, _ := strings.Cut(origin, "://")
	return host == r.Host || a.originAllowed(origin)
}
