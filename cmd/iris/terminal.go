package main

import (
	"os"
	"strings"
)

// isTerminal says whether a person sees what is written to f.
func isTerminal(f *os.File) bool { return terminalOf(f) != noTerminal }

// terminal is what can be shown through a file. Progress is shown to people only.
type terminal uint8

const (
	noTerminal    terminal = iota // a file, a pipe or the null device
	plainTerminal                 // a console that shows escape sequences as text
	ansiTerminal                  // ECMA-48 escape sequences work
)

// plainWidth is how much of a line is overwritten on a console without escape sequences.
// The narrowest console has 80 columns, and the last column would begin a new line.
const plainWidth = 79

// eraser is what empties the line that the cursor is on and goes to its beginning.
func eraser(t terminal) string {
	switch t {
	case ansiTerminal:
		return "\r\x1b[K"
	case plainTerminal:
		return "\r" + strings.Repeat(" ", plainWidth) + "\r"
	}
	return ""
}
