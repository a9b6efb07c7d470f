// Package pace lets go of clients that take a server's connections and do not use them.
// In: a handler, a listener. Out: the same, whose requests send their bodies and take
// their answers at no less than a byte rate, and whose remote addresses hold no more
// than a number of connections each. A body that comes too slowly is an error of its
// Read that wraps os.ErrDeadlineExceeded.
//
// net/http bounds the time of a whole request or nothing. An upload of 5 GiB takes as
// long as it takes, so what is bounded here is how long the server has waited for it.
package pace

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Bounds are how slowly a client may send and read. The zero value is what Default says.
type Bounds struct {
	Grace time.Duration // waited for without a byte
	Rate  int           // bytes a second beyond that
	Drain time.Duration // for the rest of a body that its handler did not read
}

// Default is what the slowest uplinks that people upload scans over still reach: four
// parts at once over 32 kbit/s.
var Default = Bounds{Grace: 30 * time.Second, Rate: 1 << 10, Drain: 2 * time.Second}

// longest is the longest silence, however fast a client was before it.
const longest = 2 // times Grace

// Handler is h for clients that keep pace.
func Handler(h http.Handler, b Bounds) http.Handler {
	if b == (Bounds{}) {
		b = Default
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &writer{w, http.NewResponseController(w), b}
		out.expect(0)
		if r.Body != nil && r.Body != http.NoBody {
			in := &body{ReadCloser: r.Body, connection: out.connection, bounds: b}
			// net/http may read what is left of the body before it sends the answer.
			_ = out.connection.SetReadDeadline(time.Now().Add(b.Grace))
			r.Body = in
			defer in.end()
		}
		h.ServeHTTP(out, r)
		out.expect(0)
	})
}

// body is a request's body whose reads are bounded.
type body struct {
	io.ReadCloser
	connection *http.ResponseController
	bounds     Bounds
	received   int
	waited     time.Duration // in reads
	whole      bool          // it was read to its end, or it broke off
}

// left is how long the next read may wait.
func (b Bounds) left(received int, waited time.Duration) time.Duration {
	allowed := b.Grace + time.Duration(float64(received)/float64(b.Rate)*float64(time.Second))
	return max(0, min(allowed-waited, longest*b.Grace))
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	began := time.Now()
	_ = b.connection.SetReadDeadline(began.Add(b.bounds.left(b.received, b.waited)))
	n, err := b.ReadCloser.Read(p)
	b.received += n
	b.waited += time.Since(began)
	if err != nil {
		b.whole = true
	}
	if errors.Is(err, io.EOF) {
		// From here on net/http reads to learn whether the client leaves, which may
		// take as long as the answer does.
		_ = b.connection.SetReadDeadline(time.Time{})
	}
	return n, err
}

// end bounds what net/http reads of a body before it takes the next request.
func (b *body) end() {
	if !b.whole {
		_ = b.connection.SetReadDeadline(time.Now().Add(b.bounds.Drain))
	}
}

// writer is an answer each of whose writes is bounded.
type writer struct {
	http.ResponseWriter
	connection *http.ResponseController
	bounds     Bounds
}

// expect bounds what is written next.
func (w *writer) expect(n int) {
	wait := w.bounds.Grace + time.Duration(n/w.bounds.Rate)*time.Second
	_ = w.connection.SetWriteDeadline(time.Now().Add(wait))
}

// WriteHeader implements http.ResponseWriter.
func (w *writer) WriteHeader(status int) {
	w.expect(0)
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	w.expect(len(p))
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
