package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
)

const (
	maxSaid = 512      // bytes kept of what the child says beside its log
	maxLine = 16 << 10 // bytes of one line of its log
)

// relay passes the lines of the child's log on. Of other lines it keeps the
// beginning, which says why a child does not start, and logs none: versitygw
// prints errors with the names of files, and those are keys.
type relay struct {
	log *slog.Logger

	mu   sync.Mutex
	line []byte
	said []byte
}

func (r *relay) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for rest := b; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte("\n"))
		r.line = append(r.line, part[:min(len(part), maxLine-len(r.line))]...)
		rest = after
		if ended {
			r.pass(r.line)
			r.line = r.line[:0]
		}
	}
	return len(b), nil
}

func (r *relay) pass(line []byte) {
	var entry struct {
		Level      slog.Level
		Msg, Error string
	}
	if json.Unmarshal(line, &entry) == nil && entry.Msg != "" {
		r.log.Log(context.Background(), entry.Level, entry.Msg, "error", entry.Error)
		return
	}
	r.said = append(r.said, line[:min(len(line), maxSaid-len(r.said))]...)
	if len(r.said) < maxSaid {
		r.said = append(r.said, '\n')
	}
}

func (r *relay) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(strings.Fields(string(r.said)), " ")
}
