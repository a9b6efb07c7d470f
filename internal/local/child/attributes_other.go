//go:build !linux

package child

import "syscall"

// attributes: without PR_SET_PDEATHSIG only the lifeline tells the child.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
