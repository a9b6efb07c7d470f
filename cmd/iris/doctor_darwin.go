package main

import "golang.org/x/sys/unix"

// memoryBytes is the memory of this machine.
func memoryBytes() (uint64, error) { return unix.SysctlUint64("hw.memsize") }

// setClock is the command that sets this machine's clock.
const setClock = "sudo sntp -sS time.apple.com"
