package stack

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/iris-oculus/iris/internal/local/durable"
)

// place is the state folder and what lies in it, as absolute paths: children
// have working directories of their own.
type place struct{ root, sockets string }

// longestSocket leaves room for a file name in a Unix socket's 104 bytes.
const longestSocket = 90

// newPlace makes the folders. Sockets go to a temporary folder where the state
// folder's own path is too long for them.
func newPlace(state string) (place, error) {
	root, err := filepath.Abs(state)
	if err != nil {
		return place{}, fmt.Errorf("state folder: %w", err)
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return place{}, fmt.Errorf("state folder: %w", err)
	}
	if err := durable.MakeDir(root); err != nil {
		return place{}, fmt.Errorf("state folder: %w", err)
	}
	p := place{root: root, sockets: filepath.Join(root, "run")}
	if len(p.sockets) <= longestSocket {
		return p, os.MkdirAll(p.sockets, 0o700)
	}
	p.sockets, err = os.MkdirTemp("", "iris-")
	return p, err
}

func (p place) path(name ...string) string {
	return filepath.Join(append([]string{p.root}, name...)...)
}

func (p place) socket(name string) string { return filepath.Join(p.sockets, name+".sock") }

// leave removes the sockets.
func (p place) leave() error { return os.RemoveAll(p.sockets) }

// loopback says whether only this machine reaches an address.
func loopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// url is how programs on this machine reach a listener.
func url(l net.Listener) string {
	tcp, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return "http://" + l.Addr().String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return fmt.Sprintf("http://%s", net.JoinHostPort(host, fmt.Sprint(tcp.Port)))
}

// origins are those of pages that the HTTP API serves.
func origins(l net.Listener) []string {
	tcp, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return []string{url(l)}
	}
	return []string{url(l), fmt.Sprintf("http://localhost:%d", tcp.Port)}
}
