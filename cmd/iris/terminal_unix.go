//go:build !windows

package main

import (
	"os"

	"golang.org/x/term"
)

// terminalOf tells a terminal from other devices (the null device is one too) and, by
// TERM, one that knows escape sequences from one that does not.
func terminalOf(f *os.File) terminal {
	switch {
	case !term.IsTerminal(int(f.Fd())):
		return noTerminal
	case os.Getenv("TERM") == "dumb":
		return plainTerminal
	}
	return ansiTerminal
}
