package stack

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/iris-oculus/iris/internal/local/durable"
)

// stateDir is the state folder and the folder for sockets, as absolute paths:
// children have working directories of their own.
type stateDir struct{ root, sockets string }

// longestSocket leaves room for a file name in a Unix socket's 104 bytes.
const longestSocket = 90

// newStateDir makes the folders. Sockets go to a temporary folder where the state
// folder's own path is too long for them.
func newStateDir(state string) (stateDir, error) {
	root, err := filepath.Abs(state)
	if err != nil {
		return stateDir{}, fmt.Errorf("state folder: %w", err)
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return stateDir{}, fmt.Errorf("state folder: %w", err)
	}
	if err := durable.MakeDir(root); err != nil {
		return stateDir{}, fmt.Errorf("state folder: %w", err)
	}
	d := stateDir{root: root, sockets: filepath.Join(root, "run")}
	if len(d.sockets) <= longestSocket {
		return d, os.MkdirAll(d.sockets, 0o700)
	}
	d.sockets, err = os.MkdirTemp("", "iris-")
	return d, err
}

func (d stateDir) path(name ...string) string {
	return filepath.Join(append([]string{d.root}, name...)...)
}

func (d stateDir) socket(name string) string { return filepath.Join(d.sockets, name+".sock") }

// removeSockets removes the folder for sockets.
func (d stateDir) removeSockets() error { return os.RemoveAll(d.sockets) }

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
