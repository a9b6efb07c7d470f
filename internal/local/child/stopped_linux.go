package child

import (
	"errors"

	"golang.org/x/sys/unix"
)

// stopped returns when every thread of the child has stopped. The child's end is not
// taken from who waits for it.
func (p *Process) stopped() error {
	for {
		err := unix.Waitid(unix.P_PID, p.Pid(), nil, unix.WSTOPPED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
