// Package trace carries a trace through the services of the stack, as X-Ray does on AWS,
// and tells an OpenTelemetry collector of its spans.
//
// In: the header X-Amzn-Trace-Id, which Lambda gives to a function and AWS's SDK hands on
// with every call that the function makes; a service keeps it with what it queues. Out:
// the same header for the next one, and spans in OTLP as JSON over HTTP (otlp.go). A span
// says which function, state or route, when and how it ended: never a payload, a key or an
// owner. Headers from outside are read strictly; what is not one begins a new trace.
package trace

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Header is the place of a request in a trace. The zero value is no place.
type Header struct {
	Trace  string // 32 hexadecimal digits; X-Ray's begin with the seconds of the time
	Parent string // 16 hexadecimal digits: the span that asks; empty for none
}

// New begins a trace.
func New(now time.Time) Header {
	return Header{Trace: fmt.Sprintf("%08x%s", uint32(now.Unix()), random(12))}
}

// Span makes the id of a new span.
func Span() string { return random(8) }

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// SpanOf is the id of a span that can be told again after a restart: that of an event of
// an execution.
func SpanOf(execution string, event int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", execution, event))
	return hex.EncodeToString(sum[:8])
}

// Under is the place of what a span asks for.
func (h Header) Under(span string) Header { return Header{h.Trace, span} }

// Text is the header X-Amzn-Trace-Id: Root=1-8 digits-24 digits;Parent=…;Sampled=0 or 1.
func (h Header) Text(sampled bool) string {
	if h.Trace == "" {
		return ""
	}
	text := "Root=1-" + h.Trace[:8] + "-" + h.Trace[8:]
	if h.Parent != "" {
		text += ";Parent=" + h.Parent
	}
	return text + ";Sampled=" + map[bool]string{true: "1", false: "0"}[sampled]
}

// maxHeader bounds a header that is read; X-Ray's own has 100 bytes.
const maxHeader = 512

// Parse reads the header; the zero value when it is none.
func Parse(text string) (h Header) {
	if len(text) > maxHeader {
		return Header{}
	}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Root":
			version, rest, _ := strings.Cut(value, "-")
			seconds, unique, _ := strings.Cut(rest, "-")
			if version == "1" && digits(seconds, 8) && digits(unique, 24) {
				h.Trace = seconds + unique
			}
		case "Parent":
			if digits(value, 16) {
				h.Parent = value
			}
		}
	}
	if h.Trace == "" || strings.Trim(h.Trace, "0") == "" {
		return Header{}
	}
	return h
}

// ParseW3C reads the header traceparent of the World Wide Web Consortium.
func ParseW3C(text string) Header {
	parts := strings.Split(text, "-")
	if len(text) > maxHeader || len(parts) < 4 || !digits(parts[0], 2) || parts[0] == "ff" || parts[0] == "00" && len(parts) > 4 ||
		!digits(parts[1], 32) || !digits(parts[2], 16) || !digits(parts[3], 2) ||
		strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return Header{}
	}
	return Header{parts[1], parts[2]}
}

// digits says whether a text is so many lower-case hexadecimal digits.
func digits(text string, n int) bool {
	return len(text) == n && strings.Trim(text, "0123456789abcdef") == ""
}

type key struct{}

// With puts a place into a context.
func With(ctx context.Context, h Header) context.Context {
	if h.Trace == "" {
		return ctx
	}
	return context.WithValue(ctx, key{}, h)
}

// From is the place of a context; the zero value when it has none.
func From(ctx context.Context) Header {
	h, _ := ctx.Value(key{}).(Header)
	return h
}
