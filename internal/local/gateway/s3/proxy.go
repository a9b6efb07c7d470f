package s3

import (
	"context"
	"encoding/xml"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

// Front is an S3 server on a socket as clients see it; tests of the server use it.
func Front(socket string, buckets ...Bucket) http.Handler {
	p := proxy(transport(unix(socket)), buckets, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { forward(p, w, r) })
}

func forward(p *httputil.ReverseProxy, w http.ResponseWriter, r *http.Request) {
	p.ServeHTTP(lowerCase{w}, r)
}

// transport is how requests reach the child; dial says where it is.
func transport(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext:           dial,
		DisableCompression:    true, // bodies and signed headers pass as they are
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// again sends a reading request once more when the child died before it answered:
// the second one waits until the child is back. Other requests are for their
// clients to repeat.
type again struct{ http.RoundTripper }

func (a again) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.RoundTripper.RoundTrip(r)
	reads := (r.Method == http.MethodGet || r.Method == http.MethodHead) && (r.Body == nil || r.Body == http.NoBody)
	if err != nil && reads && r.Context().Err() == nil {
		return a.RoundTripper.RoundTrip(r)
	}
	return resp, err
}

// proxy forwards requests as they came: Host, path and query are signed.
//
// Two things are not left to the child, which takes connections in a fixed number. It
// does not read the body in chunks of a request that it refuses, and then takes the rest
// for the next request, whose answer would be another client's: a request with a body
// has a connection of its own. And it begins to read a body before it refuses it, so
// that strangers with slow bodies would hold all connections: the body of a request that
// is not signed by the key is not forwarded. A nil key is any.
func proxy(transport http.RoundTripper, buckets []Bucket, key *sigv4.Key) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "s3"
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			r.Out.Host = r.In.Host
			if r.Out.ContentLength == 0 {
				return
			}
			r.Out.Close = true
			if key != nil && !sigv4.Names(r.In, *key) {
				r.Out.Body, r.Out.ContentLength, r.Out.TransferEncoding = http.NoBody, 0, nil
				r.Out.Header.Del("Expect")
			}
		},
		ModifyResponse: func(r *http.Response) error {
			asAWS(r)
			letIn(r.Header, r.Request, buckets)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) {
			letIn(w.Header(), r, buckets)
			unavailable(w, r)
		},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

// asAWS sends each request id once; versitygw repeats them.
func asAWS(r *http.Response) {
	for _, name := range []string{"X-Amz-Request-Id", "X-Amz-Id-2"} {
		if values := r.Header[name]; len(values) > 1 {
			r.Header[name] = values[:1]
		}
	}
}

// lowerCase spells the names of user metadata as S3 does: SDKs hand them to
// programs as they come, and Go's own headers are capitalised.
type lowerCase struct{ http.ResponseWriter }

const metadataPrefix = "X-Amz-Meta-"

func (w lowerCase) WriteHeader(status int) {
	h := w.Header()
	for name, values := range h {
		if strings.HasPrefix(name, metadataPrefix) {
			delete(h, name)
			h[strings.ToLower(name)] = values
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the proxy flush.
func (w lowerCase) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func unavailable(w http.ResponseWriter, r *http.Request) {
	said := struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}{Code: "ServiceUnavailable", Message: "S3 does not answer: please try again."}
	status := http.StatusServiceUnavailable
	if r.Context().Err() != nil {
		// The client left, or its body came too slowly. No answer would be 200, for a
		// part that is not stored.
		status, said.Code, said.Message = http.StatusBadRequest, "RequestTimeout", "Your socket connection to the server was not read from or written to within the timeout period."
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(said)
}
