package gateway

import (
	"net"
	"slices"
	"strings"
)

// Hosts are host names, without ports, that are ours beside localhost. A page
// that had its own name resolve to our address (DNS rebinding) sends its own
// name as Host, and so is told apart; an address is nobody's name.
type Hosts []string

// Allow says whether a Host header is ours.
func (h Hosts) Allow(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if net.ParseIP(host) != nil || strings.EqualFold(host, "localhost") {
		return true
	}
	return slices.ContainsFunc(h, func(ours string) bool { return strings.EqualFold(host, ours) })
}
