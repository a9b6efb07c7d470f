package server

import (
	"bufio"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// memory is how many bytes requests may take together: what GOMEMLIMIT says, or a share
// of what the container or the machine has, the smaller. Where none of them is known
// there is no limit.
func memory() int64 {
	const tenths = 9 // the rest is the kernel's, and the collector's when it is late
	if own := debug.SetMemoryLimit(-1); own < math.MaxInt64 {
		return own
	}
	limit := int64(math.MaxInt64)
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		limit = min(limit, number(string(text), 1)) // "max" is no number
	}
	if f, err := os.Open("/proc/meminfo"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
				limit = min(limit, number(strings.TrimSuffix(text, "kB"), 1<<10))
			}
		}
	}
	if limit == math.MaxInt64 {
		return limit
	}
	return limit / 10 * tenths
}

// number is a number of units in bytes; what is no number is no limit.
func number(text string, unit int64) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64/unit {
		return math.MaxInt64
	}
	return n * unit
}
