//go:build !linux

package child

import "syscall"

// attributes sets no death signal: only Linux has PR_SET_PDEATHSIG, so elsewhere only
// the lifeline tells the child that its parent has ended.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
