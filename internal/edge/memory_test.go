package edge

import (
	"math"
	"runtime/debug"
	"testing"
)

// On AWS nothing sets GOMEMLIMIT: the function has to do so itself.
func TestMemoryLimit(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	for _, c := range []struct {
		size, own string
		want      int64
	}{
		{"3008", "", 3008 << 20 / 10 * 9}, {"256", "", 256 << 20 / 10 * 9}, {"", "", math.MaxInt64}, {"-1", "", math.MaxInt64},
		{"x", "", math.MaxInt64}, {"256", "1GiB", math.MaxInt64}, // the runtime has read that one itself
	} {
		debug.SetMemoryLimit(math.MaxInt64)
		t.Setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", c.size)
		t.Setenv("GOMEMLIMIT", c.own)
		if limitMemory(); debug.SetMemoryLimit(-1) != c.want {
			t.Errorf("%q MB, GOMEMLIMIT %q: %d, want %d", c.size, c.own, debug.SetMemoryLimit(-1), c.want)
		}
	}
}
