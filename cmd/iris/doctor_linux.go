package main

import (
	"golang.org/x/sys/unix"
)

// memoryBytes is the memory of this machine.
func memoryBytes() (uint64, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, err
	}
	return uint64(info.Totalram) * uint64(info.Unit), nil
}

// setClock is the command that sets this machine's clock.
const setClock = "timedatectl set-ntp true (as root)"
