package gateway

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// Hosts are host names, without ports, that are ours beside loopback's. A page
// that had its own name resolve to 127.0.0.1 (DNS rebinding) sends its own name
// as Host, and so is told apart.
type Hosts []string

// Allow says whether a Host header is ours.
func (h Hosts) Allow(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return true
	}
	return strings.EqualFold(host, "localhost") || slices.ContainsFunc(h, func(ours string) bool {
		return strings.EqualFold(host, ours)
	})
}

// AllowOrigin says whether a page from this origin may call us: only pages that
// were served under a host name of ours.
func (h Hosts) AllowOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && h.Allow(u.Host)
}
