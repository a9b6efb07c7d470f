package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// board is the live table of a command over several scans: one line for each scan that is
// under way, and one that counts. It is drawn on a terminal only, below the lines of
// the scans that have ended. Its zero value draws nothing.
type board struct {
	w     io.Writer
	total int
	now   func() time.Time

	mu     sync.Mutex
	lines  []*boardLine // under way, in the order in which they began
	done   int
	failed int
	drawn  int // lines that are on the terminal now

	stop, stopped chan struct{}
}

// boardLine is a scan under way.
type boardLine struct {
	name, what string
	since      time.Time
}

// maxLines bounds the table, which must be shorter than the terminal.
const maxLines = 12

// newBoard is a table on the command's standard error, redrawn every second.
func newBoard(cmd *cobra.Command, total int) *board {
	b := &board{total: total, now: time.Now}
	if terminalOf(os.Stderr) != ansiTerminal {
		return b
	}
	b.w, b.stop, b.stopped = cmd.ErrOrStderr(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(b.stopped)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-b.stop:
				return
			case <-tick.C:
				b.change(func() {})
			}
		}
	}()
	return b
}

// close takes the table away.
func (b *board) close() {
	if b.stop == nil {
		return
	}
	close(b.stop)
	<-b.stopped
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprint(b.w, b.cleared())
}

// begin adds a scan.
func (b *board) begin(name string) *boardLine {
	l := &boardLine{name: shown(name), since: b.now()}
	b.change(func() { b.lines = append(b.lines, l) })
	return l
}

// set says what a scan is doing.
func (b *board) set(l *boardLine, what string) { b.change(func() { l.what = what }) }

// end takes a scan away and prints what came of it.
func (b *board) end(l *boardLine, good bool, print func()) {
	b.change(func() {
		for i := range b.lines {
			if b.lines[i] == l {
				b.lines = append(b.lines[:i], b.lines[i+1:]...)
				break
			}
		}
		b.done++
		if !good {
			b.failed++
		}
		if b.w != nil {
			fmt.Fprint(b.w, b.cleared())
		}
		print()
	})
}

// change changes the table and draws it.
func (b *board) change(how func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	how()
	if b.w != nil {
		fmt.Fprint(b.w, b.cleared()+b.text())
	}
}

// cleared goes back to the table's first line and clears what follows.
func (b *board) cleared() string {
	n := b.drawn
	b.drawn = 0
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", n)
}

// text is the table. A line that is longer than the terminal is cut by it, not wrapped, so
// that the number of lines is known.
func (b *board) text() string {
	var s strings.Builder
	s.WriteString("\x1b[?7l")
	for i, l := range b.lines {
		if i == maxLines {
			fmt.Fprintf(&s, "  and %d more\n", len(b.lines)-maxLines)
			b.drawn++
			break
		}
		fmt.Fprintf(&s, "  %-33s %5.0f s  %s\n", l.what, b.now().Sub(l.since).Seconds(), l.name)
		b.drawn++
	}
	fmt.Fprintf(&s, "%d of %d done", b.done, b.total)
	if b.failed > 0 {
		fmt.Fprintf(&s, ", %d of them without a result", b.failed)
	}
	s.WriteString("\x1b[?7h\n")
	b.drawn++
	return s.String()
}
