package metrics

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Process is what the system says of a process.
type Process struct {
	PID, Parent int
	Name        string // of the program, at most 15 bytes
	Resident    int64  // bytes
	Seconds     float64
	Files       int // that it has open
}

// ticks are those of a second in /proc, the same on every processor that Go knows.
const ticks = 100

// Processes are a process and all below it.
func Processes(root int) []Process {
	children := map[int][]Process{}
	var self *Process
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		p, ok := process(filepath.Dir(path))
		if !ok {
			continue // it has ended
		}
		children[p.Parent] = append(children[p.Parent], p)
		if p.PID == root {
			self = &p
		}
	}
	if self == nil {
		return nil
	}
	found := []Process{*self}
	for n := 0; n < len(found); n++ {
		found = append(found, children[found[n].PID]...)
	}
	for n := range found {
		if files, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(found[n].PID), "fd")); err == nil {
			found[n].Files = len(files)
		}
	}
	return found
}

// process reads /proc/PID/stat: PID (name) state parent …; the name may hold anything.
func process(dir string) (p Process, ok bool) {
	text, err := os.ReadFile(filepath.Join(dir, "stat"))
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if err != nil || open < 0 || end < open {
		return p, false
	}
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) < 22 {
		return p, false
	}
	integer := func(n int) int64 { v, _ := strconv.ParseInt(fields[n], 10, 64); return v }
	p.PID, _ = strconv.Atoi(filepath.Base(dir))
	p.Name = string(text[open+1 : end])
	p.Parent, p.Resident = int(integer(1)), integer(21)*int64(os.Getpagesize())
	p.Seconds = float64(integer(11)+integer(12)) / ticks
	return p, true
}
