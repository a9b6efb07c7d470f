package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// forbidden are addresses to which nothing is sent.
var forbidden = []string{
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254", "169.254.170.2",
	"172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7",
	"203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	"::", "::1", "::7f00:1", "::a9fe:a9fe", "fe81::1", "febf::1", "2002:a9fe:a9fe::", "64:ff9b::a9fe:a9fe", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "100::1",
	"2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254",
	"fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1",
}

var open = []string{"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.1", "192.167.255.255", "223.255.255.255", "2606:4700::1111", "2a00:1450::1"}

func refused(err error) bool {
	var r *RefusedError
	return errors.As(err, &r)
}

func TestAddresses(t *testing.T) {
	c, err := New("https://example.com/hook", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range forbidden {
		if err := c.check("example.com", netip.MustParseAddr(text)); !refused(err) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range open {
		if err := c.check("example.com", netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestURLs(t *testing.T) {
	for _, raw := range append([]string{
		"", "example.com", "http://example.com/", "ftp://example.com/", "https://", "https:///x", "https:example.com", "https://user:pass@example.com/",
		"https://user@example.com", "https://example.com/#x", "https://[fe80::1%25eth0]/", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:8.8.8.8]/",
		"http://127.0.0.1:9000/", "file:///etc/passwd", "gopher://example.com/", "https://exa mple.com/", "https://example.com:port/",
		"https://example.com/" + strings.Repeat("x", maxURL),
	}, "https://169.254.169.254/latest/meta-data/") {
		if _, err := New(raw, nil); !refused(err) {
			t.Errorf("%.60q: %v", raw, err)
		} else if strings.Contains(err.Error(), "pass") && !strings.Contains(err.Error(), "a password") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
	for _, raw := range []string{"https://example.com", "https://EXAMPLE.com:8443/a?b=c", "https://8.8.8.8/", "https://[2606:4700::1111]/"} {
		if _, err := New(raw, nil); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	// What is allowed by its name may be private and unencrypted; credentials of a cloud
	// are not reached by a name.
	for raw, ok := range map[string]bool{
		"http://127.0.0.1:9000/": true, "http://localhost/": true, "http://169.254.169.254/": true, "http://10.0.0.1/": false, "http://localhost.example/": false,
	} {
		if _, err := New(raw, []string{"127.0.0.1", "localhost", "169.254.169.254"}); (err == nil) != ok {
			t.Errorf("%s: %v", raw, err)
		}
	}
	c, err := New("http://intern/", []string{"intern"})
	if err != nil {
		t.Fatal(err)
	}
	for text, ok := range map[string]bool{"10.1.2.3": true, "127.0.0.1": true, "169.254.169.254": false, "fd00:ec2::254": false, "fe80::1": false} {
		if err := c.check("intern", netip.MustParseAddr(text)); (err == nil) != ok {
			t.Errorf("intern at %s: %v", text, err)
		}
	}
}

// world is a server with a name, and a resolver whose answers the test chooses.
type world struct {
	*Client
	server *httptest.Server
	asked  int
	dialed []string
}

func newWorld(t *testing.T, handler http.HandlerFunc, answers ...[]string) *world {
	t.Helper()
	w := &world{server: httptest.NewTLSServer(handler)}
	t.Cleanup(w.server.Close)
	c, err := New("https://example.com/hook", nil) // httptest's certificate is for example.com
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(w.server.Certificate())
	c.tls = &tls.Config{RootCAs: roots}
	c.lookup = func(context.Context, string) (ips []netip.Addr, err error) {
		for _, text := range answers[min(w.asked, len(answers)-1)] {
			ips = append(ips, netip.MustParseAddr(text))
		}
		w.asked++
		return ips, nil
	}
	c.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		w.dialed = append(w.dialed, address)
		return (&net.Dialer{}).DialContext(ctx, network, w.server.Listener.Addr().String())
	}
	w.Client = c
	return w
}

func (w *world) post(t *testing.T) (int, error) {
	t.Helper()
	return w.Post(t.Context(), http.Header{"Webhook-Id": {"m"}}, []byte("{}"))
}

func TestANoticeArrives(t *testing.T) {
	var got *http.Request
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) { got = r; w.WriteHeader(http.StatusAccepted) }, []string{"8.8.8.8"})
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // is not used
	status, err := w.post(t)
	if err != nil || status != http.StatusAccepted || got.Method != http.MethodPost || got.Host != "example.com" || got.Header.Get("Webhook-Id") != "m" {
		t.Fatalf("%d %v %+v", status, err, got)
	}
	if len(w.dialed) != 1 || w.dialed[0] != "8.8.8.8:443" {
		t.Errorf("dialed %v", w.dialed)
	}
}

// A name that is public when it is checked and private when it is dialled would lead
// inside. It is resolved once for each request, and the address that was checked is the
// one that is dialled.
func TestRebinding(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {}, []string{"8.8.8.8"}, []string{"127.0.0.1"}, []string{"8.8.8.8", "10.0.0.1"}, []string{"::ffff:169.254.169.254"})
	if _, err := w.post(t); err != nil || w.asked != 1 || w.dialed[0] != "8.8.8.8:443" {
		t.Fatalf("%v, resolved %d times, dialed %v", err, w.asked, w.dialed)
	}
	for range 3 {
		if _, err := w.post(t); !refused(err) {
			t.Errorf("resolution %d: %v", w.asked, err)
		}
	}
	if len(w.dialed) != 1 {
		t.Errorf("dialed %v", w.dialed)
	}
}

// Spellings of an address that some resolvers take are names here, whose addresses are
// checked like those of any other (the forms of public reports of guards that were
// evaded); a name with a public IPv4 and a private IPv6 address is refused.
func TestOddHosts(t *testing.T) {
	for _, host := range []string{"2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localtest.me", "localhost."} {
		w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came") }, []string{"8.8.8.8", "::1"})
		c, err := New("https://"+host+"/", nil)
		if err != nil {
			continue
		}
		w.to = c.to
		if _, err := w.post(t); !refused(err) || len(w.dialed) != 0 {
			t.Errorf("%s: %v, dialed %v", host, err, w.dialed)
		}
	}
}

// A redirect is not followed, wherever it leads.
func TestRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		requests := 0
		w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", status)
		}, []string{"8.8.8.8"})
		if got, err := w.post(t); err != nil || got != status || requests != 1 || len(w.dialed) != 1 {
			t.Errorf("%d: %d %v, %d requests, dialed %v", status, got, err, requests, w.dialed)
		}
	}
}

// A server of another name, with a certificate that nobody signed, or that talks without
// end, gets nothing and holds nobody.
func TestServersThatAreNotTrusted(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came") }, []string{"8.8.8.8"})
	w.tls = nil
	if _, err := w.post(t); err == nil || refused(err) || strings.Contains(err.Error(), "/hook") {
		t.Errorf("a certificate of nobody: %v", err)
	}
	w = newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came") }, []string{"8.8.8.8"})
	w.to, _ = url.Parse("https://another.example.org/hook")
	if _, err := w.post(t); err == nil {
		t.Error("a certificate of another name is taken")
	}
	sent := 0
	w = newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		for {
			n, err := w.Write(make([]byte, 32<<10))
			if sent += n; err != nil || sent > 256<<20 {
				return
			}
		}
	}, []string{"8.8.8.8"})
	if status, err := w.post(t); err != nil || status != http.StatusOK {
		t.Errorf("an endless body: %d %v", status, err)
	}
	w = newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", maxHeader*2))
	}, []string{"8.8.8.8"})
	if _, err := w.post(t); err == nil {
		t.Error("an endless header is taken")
	}
	if _, err := w.Post(t.Context(), nil, make([]byte, maxRequestBody+1)); err == nil {
		t.Error("a body beyond the bound is sent")
	}
}
