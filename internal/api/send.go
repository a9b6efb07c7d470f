package api

import (
	"bytes"
	"compress/gzip"
	"net/http"

	"github.com/iris-oculus/iris/internal/accept"
)

// held keeps a reply until its handler has ended. Only then is it known whether it is
// long enough to be compressed. All replies of this API are short: files are behind
// signed URLs.
type held struct {
	to     http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *held) Header() http.Header { return h.to.Header() }

func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *held) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(p)
}

// send writes the reply: in gzip where the request accepts it, and without its body for
// HEAD (RFC 9110 §9.3.2).
func (h *held) send(r *http.Request) error {
	h.WriteHeader(http.StatusOK)
	h.Header().Add("Vary", "Accept-Encoding")
	body := h.body.Bytes()
	if compressed(r, len(body)) {
		h.Header().Set("Content-Encoding", "gzip")
		var packed bytes.Buffer
		z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
		if err != nil {
			return err
		}
		if _, err := z.Write(body); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		body = packed.Bytes()
	}
	h.to.WriteHeader(h.status)
	if r.Method == http.MethodHead || len(body) == 0 {
		return nil
	}
	_, err := h.to.Write(body)
	return err
}

// leastCompressed is how long a body must be to be compressed: a shorter one fits into
// one packet of 1,500 bytes anyway.
const leastCompressed = 1400

// compressed says whether a body of this length is sent in gzip.
func compressed(r *http.Request, length int) bool {
	return length >= leastCompressed && accept.Gzip(r.Header.Get("Accept-Encoding"))
}
