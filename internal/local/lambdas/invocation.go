package lambdas

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/local/trace"
)

// invocation is one event on its way through a process.
type invocation struct {
	f        *function
	id       string
	payload  []byte
	deadline time.Time
	answered chan outcome // receives the first answer
	trace    trace.Header // of who asks
	span     string       // its own

	startup time.Duration // of the process, when this invocation had to start it
	begun   time.Time     // handed over; before that, made

	mu   sync.Mutex
	tail []byte
}

// newInvocation is an event on its way, in the trace of who asks or in a new one.
func newInvocation(f *function, at trace.Header, id string, payload []byte) *invocation {
	now := time.Now()
	if at.Trace == "" {
		at = trace.New(now)
	}
	return &invocation{f: f, id: id, payload: payload, answered: make(chan outcome, 1), begun: now, trace: at, span: trace.Span()}
}

// tailBytes is what LogType Tail returns at most.
const tailBytes = 4 << 10

// logf writes one line to the function's log, under this invocation's request id.
func (c *invocation) logf(format string, args ...any) { c.line(fmt.Sprintf(format, args...)) }

func (c *invocation) line(text string) {
	c.f.log.write(c.id, text)
	if c.f.host.config.Line != nil {
		c.f.host.config.Line(text)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tail = append(append(c.tail, text...), '\n')
	if extra := len(c.tail) - tailBytes; extra > 0 {
		c.tail = append(c.tail[:0], c.tail[extra:]...)
	}
}

func (c *invocation) lastLines() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]byte(nil), c.tail...)
}

// report writes the END and REPORT lines of Lambda; in is nil when no process
// came up.
func (c *invocation) report(in *instance) {
	took := time.Since(c.begun)
	ms := float64(took.Microseconds()) / 1000
	c.logf("END RequestId: %s", c.id)
	line := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB",
		c.id, ms, math.Ceil(ms), c.f.spec.MemoryMB)
	if in != nil {
		line += fmt.Sprintf("\tMax Memory Used: %d MB", in.peak.Load()>>20)
	}
	if c.startup > 0 {
		line += fmt.Sprintf("\tInit Duration: %.2f ms", float64(c.startup.Microseconds())/1000)
	}
	c.line(line)
}
