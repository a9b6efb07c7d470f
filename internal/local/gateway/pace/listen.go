package pace

import (
	"net"
	"net/netip"
	"sync"
)

// Connections of other machines: of one address, and of all together. They leave most of
// the files that a process may open, 1,024 on many systems, to what the stack itself
// opens. This machine's own are not counted: its functions come over the same listener.
const (
	PerAddress = 256
	Altogether = 512
)

// Listener is l with no more than some connections of other machines at a time. One
// beyond that is closed at once.
func Listener(l net.Listener, perAddress, altogether int) net.Listener {
	return &listener{Listener: l, perAddress: perAddress, altogether: altogether, of: map[netip.Prefix]int{}}
}

type listener struct {
	net.Listener
	perAddress, altogether int

	mu  sync.Mutex
	of  map[netip.Prefix]int
	all int
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, counted := network(c.RemoteAddr(), c.LocalAddr())
		if !counted {
			return c, nil
		}
		if l.take(from) {
			return &connection{Conn: c, close: sync.OnceFunc(func() { l.give(from) })}, nil
		}
		_ = c.Close()
	}
}

func (l *listener) take(from netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.altogether || l.of[from] >= l.perAddress {
		return false
	}
	l.all++
	l.of[from]++
	return true
}

func (l *listener) give(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.of[from]--; l.of[from] == 0 {
		delete(l.of, from)
	}
}

// network is what one caller can change an address within: an IPv4 address, or 64 bits
// of an IPv6 one; false for this machine's own: loopback, and who comes from the very
// address that is listened on.
func network(remote, local net.Addr) (netip.Prefix, bool) {
	ip, ours := address(remote), address(local)
	if !ip.IsValid() || ip.IsLoopback() || ip == ours {
		return netip.Prefix{}, false
	}
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	prefix, err := ip.Prefix(bits)
	return prefix, err == nil
}

func address(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

// connection is counted until it is closed.
type connection struct {
	net.Conn
	close func()
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.close()
	return c.Conn.Close()
}
