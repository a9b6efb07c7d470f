//go:build !linux

package child

import "time"

// settling is far longer than a signal takes.
const settling = 100 * time.Millisecond

// stopped returns when the child should have stopped: the system does not say it here
// without taking its end, too.
func (p *Process) stopped() error {
	time.Sleep(settling)
	return nil
}
