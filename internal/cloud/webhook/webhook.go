// Package webhook sends requests to an address that somebody chose. In: a URL, headers
// and a body. Out: the status of the answer, of which nothing else is used. It speaks to
// public addresses only, unless a host is allowed by its name, so that whoever chooses
// the URL cannot reach what only this program can: names are resolved once, every
// address is checked, and the checked address is dialled. Redirects are not followed,
// proxies of the environment not used, certificates always verified.
//
// Errors: *RefusedError for an address that is not allowed, which no repeat changes; any
// other is of the moment.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Bounds of one request.
const (
	within         = 10 * time.Second // from the look-up of the name to the answer's status
	maxURL         = 2048
	maxHeader      = 16 << 10 // of the answer
	maxAnswer      = 64 << 10 // of its body, read so that the connection ends in order
	maxRequestBody = 64 << 10
)

// RefusedError is an address to which nothing is sent.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return "webhook: " + e.Reason }

// Client sends. Make one with New.
type Client struct {
	to     *url.URL
	allow  []string
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	tls    *tls.Config // nil: the system's certificates
}

// New checks a URL. It must be https, without user, password and fragment. A host that
// allow names may have an address of a private network or of this machine, and may be
// http; an address by which machines of a cloud learn their credentials (link-local) is
// allowed by its number only, as the URL's host.
func New(raw string, allow []string) (*Client, error) {
	if len(raw) > maxURL {
		return nil, &RefusedError{fmt.Sprintf("the URL has %d bytes: want at most %d", len(raw), maxURL)}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, &RefusedError{"the URL cannot be read"} // its own error repeats the URL, which may hold a password
	}
	allowed := slices.Contains(allow, strings.ToLower(u.Hostname()))
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !allowed):
		return nil, &RefusedError{"the URL must begin with https://"}
	case u.User != nil:
		return nil, &RefusedError{"the URL must not hold a user or a password"}
	case u.Fragment != "" || u.RawFragment != "" || u.Opaque != "":
		return nil, &RefusedError{"the URL must not have a fragment"}
	case u.Hostname() == "" || strings.Contains(u.Host, "%"):
		return nil, &RefusedError{"the URL names no host, or one with a zone"}
	}
	c := &Client{to: u, allow: allow, lookup: resolve, dial: (&net.Dialer{Timeout: within}).DialContext}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if ip.Is4In6() {
			return nil, &RefusedError{"the URL's host is an IPv4 address in the form of IPv6"}
		}
		if err := c.check(u.Hostname(), ip); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Host is the host of the URL.
func (c *Client) Host() string { return c.to.Hostname() }

func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// Post sends a body and says with which status it was answered.
func (c *Client) Post(ctx context.Context, header http.Header, body []byte) (status int, err error) {
	if len(body) > maxRequestBody {
		return 0, fmt.Errorf("webhook: the body has %d bytes: want at most %d", len(body), maxRequestBody)
	}
	ctx, done := context.WithTimeout(ctx, within)
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.to.String(), bytes.NewReader(body))
	if err != nil {
		return 0, &RefusedError{"the URL cannot be used"}
	}
	req.Header = header.Clone()
	client := &http.Client{
		Transport: &http.Transport{
			DialContext: c.connect, DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeader,
			TLSHandshakeTimeout: within, TLSClientConfig: c.tls, DisableCompression: true,
		},
		// The status of the redirect itself is the answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, named(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, nil
}

// connect resolves a host once, checks every address that it has, and dials one of them
// by its number. A name that has one forbidden address is refused altogether: whoever
// mixes them wants the one or the other by chance.
func (c *Client) connect(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &RefusedError{"the URL's host cannot be read"}
	}
	ips, err := c.lookup(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("webhook: the name cannot be resolved")
	}
	for _, ip := range ips {
		if err := c.check(host, ip); err != nil {
			return nil, err
		}
	}
	err = fmt.Errorf("webhook: the name has no address")
	for _, ip := range ips {
		var conn net.Conn
		if conn, err = c.dial(ctx, network, net.JoinHostPort(ip.Unmap().String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
