// Package calls records what the functions of the one-machine stack ask AWS for, so that a
// test can hold it against their policies, which nothing evaluates on one machine. In: the
// requests of the AWS endpoint. Out: each call once, as a line of JSON: which function,
// the permission that it needs, and the ARN that the permission must reach.
//
// A function says who it is by the application id in its User-Agent, which the stack gives
// it in AWS_SDK_UA_APP_ID. A URL that was signed beforehand has the rights of who signed
// it: the api function, of all functions, whose SDK names the operation in x-id. Other
// clients, and what they sign themselves, are not recorded.
package calls

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
)

// Call is one call of a function. Resource is empty where the request does not tell it.
type Call struct {
	Function string `json:"function"`
	Action   string `json:"action"`
	Resource string `json:"resource,omitempty"`
}

// Recorder hands requests on and writes down those of functions.
type Recorder struct {
	next            http.Handler
	region, account string
	signs           string // the function whose rights a signed URL has

	mu    sync.Mutex
	file  *os.File
	known map[Call]bool
}

// New begins or goes on with the file. Region and account are the stack's; signs is the
// name of the function that signs URLs.
func New(next http.Handler, path, region, account, signs string) (*Recorder, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &Recorder{next: next, region: region, account: account, signs: signs, file: file, known: map[Call]bool{}}, nil
}

// Close closes the file.
func (r *Recorder) Close() error { return r.file.Close() }

// application is the SDK's form of the application id.
var application = regexp.MustCompile(`(?:^| )app/([A-Za-z0-9_-]+)`)

func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	function := ""
	if m := application.FindStringSubmatch(req.Header.Get("User-Agent")); m != nil {
		function = m[1]
	} else if q := req.URL.Query(); q.Has("X-Amz-Signature") && q.Has("x-id") {
		function = r.signs
	}
	if function == "" {
		r.next.ServeHTTP(w, req)
		return
	}
	service := sigv4.Service(req)
	if service == "s3" || service == "" {
		asked := s3Calls(req)
		seen := &status{ResponseWriter: w}
		r.next.ServeHTTP(seen, req)
		if seen.code == http.StatusNotFound && (req.Method == http.MethodGet || req.Method == http.MethodHead) {
			bucket, _ := split(req)
			// Without this permission S3 answers 403 where there is nothing.
			asked = append(asked, Call{Action: "s3:ListBucket", Resource: bucketARN + bucket})
		}
		r.note(function, asked)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		return // the client is gone, or sends what the gateway refuses
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	r.note(function, r.calls(service, req, body))
	r.next.ServeHTTP(w, req)
}

// maxBody is the gateway's own bound.
const maxBody = 17 << 20

// note writes the calls that are new.
func (r *Recorder) note(function string, asked []Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range asked {
		c.Function = function
		if r.known[c] {
			continue
		}
		r.known[c] = true
		line, err := json.Marshal(c)
		if err != nil {
			continue
		}
		_, _ = r.file.Write(append(line, '\n'))
	}
}

// status remembers an answer's status.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	if s.code == 0 {
		s.code = code
	}
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap gives http.ResponseController what it flushes.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// arn is one of this account.
func (r *Recorder) arn(service, resource string) string {
	return strings.Join([]string{"arn", "aws", service, r.region, r.account, resource}, ":")
}
