package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// terminalOf asks the console for escape sequences, which Windows has known since 2016
// and leaves off until a program asks. A console that refuses shows plain text.
func terminalOf(f *os.File) terminal {
	handle, mode := windows.Handle(f.Fd()), uint32(0)
	if windows.GetConsoleMode(handle, &mode) != nil {
		return noTerminal
	}
	const ansi = windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING
	if mode&ansi != 0 || windows.SetConsoleMode(handle, mode|ansi) == nil {
		return ansiTerminal
	}
	return plainTerminal
}
