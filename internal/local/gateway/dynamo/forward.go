package dynamo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"
)

const (
	// patience is how long a request waits for the child to come (back): less
	// than the 30 s of the functions that ask.
	patience = 25 * time.Second
	maxBody  = 16<<20 + 64<<10
	maxReply = 32 << 20 // the largest is BatchGetItem's, of 16 MiB
)

// ServeHTTP forwards a request. A child that dies of it (it cannot write: the
// disk is full) comes back, and then the request is sent again, as its SDK would
// after an InternalServerError.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request's body cannot be read, or is over 16 MiB", http.StatusBadRequest)
		return
	}
	if r.Header.Get("X-Amz-Target") == describeTimeToLive && s.timeToLive(w, body) {
		return
	}
	// A request that its client breaks off would end the child.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	for {
		if status, header, reply, err := s.forward(ctx, r, body); err == nil {
			maps.Copy(w.Header(), header)
			w.WriteHeader(status)
			_, _ = w.Write(reply)
			return
		}
		if !pause(ctx, againAfter) {
			break
		}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write([]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"DynamoDB does not start, or cannot write (is the disk full?): please retry"}`))
}

// forward sends a request to the child and reads the whole answer.
func (s *Server) forward(ctx context.Context, r *http.Request, body []byte) (int, http.Header, []byte, error) {
	out, err := http.NewRequestWithContext(ctx, r.Method, "http://dynamodb"+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	out.Header, out.Host = r.Header, r.Host
	resp, err := s.transport.RoundTrip(out)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if len(reply) > maxReply {
		return 0, nil, nil, fmt.Errorf("dynamodb: an answer of more than %d bytes", maxReply)
	}
	return resp.StatusCode, resp.Header, reply, err
}

const describeTimeToLive = "DynamoDB_20120810.DescribeTimeToLive"

// timeToLive answers for a table whose items our own sweep deletes: the child
// knows nothing of that and would say DISABLED. It returns false for a request of
// another kind.
func (s *Server) timeToLive(w http.ResponseWriter, body []byte) bool {
	var in struct{ TableName string }
	if json.Unmarshal(body, &in) != nil {
		return false
	}
	for _, t := range s.cfg.Tables {
		if t.Name == in.TableName && t.TTL != "" {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			_ = json.NewEncoder(w).Encode(map[string]any{"TimeToLiveDescription": map[string]string{"TimeToLiveStatus": "ENABLED", "AttributeName": t.TTL}})
			return true
		}
	}
	return false
}
