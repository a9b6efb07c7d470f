package lambdas

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/local/durable"
)

// A function's log is LogDir/<function>.log; each line is "time TAB request id
// TAB text", so that one request is found by its id. Beyond maxLog it becomes
// <function>.log.1 and a new one is begun: two files bound a function's logs.
const (
	maxLog  = 8 << 20
	maxLine = 64 << 10 // a longer line is cut in pieces
)

type logFile struct {
	path string

	mu   sync.Mutex
	file *os.File // nil once closed, or when it cannot be opened
	size int64
}

func openLog(dir, function string) (*logFile, error) {
	if err := durable.MakeDir(dir); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	l := &logFile{path: filepath.Join(dir, function+".log")}
	return l, l.open()
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open log: %w", errors.Join(err, f.Close()))
	}
	l.file, l.size = f, info.Size()
	return nil
}

// write adds lines. A log that cannot be written (a full disk) stops nothing.
func (l *logFile) write(id, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return
	}
	n, _ := fmt.Fprintf(l.file, "%s\t%s\t%s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), id, text)
	if l.size += int64(n); l.size <= maxLog {
		return
	}
	_ = l.file.Close()
	l.file = nil
	if os.Rename(l.path, l.path+".1") == nil {
		_ = l.open()
	}
}

// Close ends the log; later lines are dropped.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.Close()
}

// lineWriter is the stdout and stderr of a process: whole lines go to the log
// under the request that the process serves, or has served last.
type lineWriter struct {
	mu   sync.Mutex
	call *invocation
	part []byte
}

func newLineWriter(call *invocation) *lineWriter { return &lineWriter{call: call} }

func (w *lineWriter) redirect(call *invocation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call = call
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		if room := maxLine - len(w.part); len(line) > room {
			line, rest, whole = p[:room], p[room:], true
		}
		w.part, p = append(w.part, line...), rest
		if whole {
			w.call.line(string(w.part))
			w.part = w.part[:0]
		}
	}
	return n, nil
}

// flush writes the last line of a process that ended within it.
func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.part) > 0 {
		w.call.line(string(w.part))
		w.part = nil
	}
}
