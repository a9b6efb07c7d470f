package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// special are the IPv4 networks that are not reached over the internet, or not by what
// their owner publishes there (IANA, IPv4 Special-Purpose Address Registry), and those of
// multicast (RFC 5771).
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
	"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
)

// global is the part of IPv6 that is given to networks of the internet (RFC 4291 §2.4 as
// IANA uses it). What lies outside is loopback, link-local, unique local, multicast,
// IPv4-mapped, or a translation of IPv4 (64:ff9b::/96), behind which any address may be.
var global = netip.MustParsePrefix("2000::/3")

// tunnels are the networks within global in which an address stands for another one, or
// for none: protocol assignments and Teredo, documentation, 6to4, AS112, segment routing.
var tunnels = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")

// credentials are where machines of clouds learn their credentials.
var credentials = prefixes("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "fd20:ce::254/128", "100.100.100.200/32", "168.63.129.16/32")

func prefixes(all ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(all))
	for i, text := range all {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

func inside(ip netip.Addr, all []netip.Prefix) bool {
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// check refuses an address that host may not have.
func (c *Client) check(host string, ip netip.Addr) error {
	literal := ip
	ip = ip.Unmap().WithZone("")
	allowed := slices.Contains(c.allow, strings.ToLower(host))
	byNumber := slices.Contains(c.allow, literal.String())
	switch {
	case inside(ip, credentials) && !byNumber:
	case allowed || byNumber || public(ip):
		return nil
	}
	return &RefusedError{fmt.Sprintf("%s has an address that is not public, and is not allowed by name", host)}
}

func public(ip netip.Addr) bool {
	if ip.Is4() {
		return !inside(ip, special) && !inside(ip, credentials)
	}
	return global.Contains(ip) && !inside(ip, tunnels)
}

// named is an error without the URL, which may hold a secret in its path.
func named(err error) error {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return refused
	}
	var sent *url.Error
	if errors.As(err, &sent) {
		if sent.Timeout() {
			return errors.New("webhook: no answer in time")
		}
		err = sent.Err
	}
	return fmt.Errorf("webhook: %w", err)
}
