package sagemaker

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/local/trace"
)

// Limits of InvokeEndpointAsync, as the service's model gives them.
const (
	maxURI          = 1024
	maxAttributes   = 1024
	maxInferenceID  = 64
	maxExtension    = 512
	maxFilename     = 32
	minTTL, maxTTL  = 60, 21600
	maxTimeout      = 3600
	defaultTimeout  = 900
	headerPrefix    = "X-Amzn-SageMaker-"
	failureSuffix   = "-error.out"
	invocationsPath = "async-invocations"
)

// filenamePattern, together with at most one dot.
var (
	filenamePattern  = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9\-_.]*$`)
	visiblePattern   = regexp.MustCompile(`^[\x21-\x7e]*$`)
	printablePattern = regexp.MustCompile(`^[\x20-\x7e]*$`)
)

// serveRuntime answers POST /endpoints/{name}/async-invocations.
func (s *Service) serveRuntime(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if r.Method != http.MethodPost || len(parts) != 3 || parts[0] != "endpoints" || parts[2] != invocationsPath {
		writeError(w, &apiError{http.StatusNotFound, "UnknownOperationException", "want POST /endpoints/{name}/async-invocations: an asynchronous endpoint takes no other call"})
		return
	}
	q, err := s.invoke(parts[1], r.Header)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(headerPrefix+"OutputLocation", q.Output)
	if q.Failure != "" {
		w.Header().Set(headerPrefix+"FailureLocation", q.Failure)
	}
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(map[string]string{"InferenceId": q.InferenceID})
}

// invoke checks a request's headers and queues it.
func (s *Service) invoke(name string, h http.Header) (Request, error) {
	q, stem, err := parseInvocation(h)
	if err != nil {
		return q, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.get(name)
	if err != nil {
		return q, err
	}
	now := s.cfg.Clock.Now()
	q.Received, q.Expires, q.Trace = now, now.Add(q.ttl), trace.Parse(h.Get("X-Amzn-Trace-Id")).Text(true)
	q.Output = join(e.OutputPath, q.Output)
	if e.FailurePath != "" {
		q.Failure = join(e.FailurePath, stem+failureSuffix)
	}
	return q, s.enqueue(e, q)
}

// parseInvocation reads the headers. Output is relative to the endpoint's path;
// stem is the same for failures.
func parseInvocation(h http.Header) (q Request, stem string, err error) {
	get := func(name string) string { return h.Get(headerPrefix + name) }
	q = Request{
		InferenceID: get("Inference-Id"), Input: get("InputLocation"),
		ContentType: get("Content-Type"), Accept: get("Accept"), Attributes: get("Custom-Attributes"),
	}
	if _, key, err := parseS3(q.Input); err != nil || key == "" || len(q.Input) > maxURI {
		return q, "", runtimeError("InputLocation: want an s3:// URI of at most %d characters (a request's body cannot be the input on one machine)", maxURI)
	}
	if len(q.Attributes) > maxAttributes || !visiblePattern.MatchString(strings.ReplaceAll(q.Attributes, " ", "")) {
		return q, "", runtimeError("CustomAttributes of %d characters: want at most %d visible ASCII characters", len(q.Attributes), maxAttributes)
	}
	if len(q.InferenceID) > maxInferenceID || !printablePattern.MatchString(q.InferenceID) {
		return q, "", runtimeError("InferenceId of %d characters: want 1..%d printable ASCII characters", len(q.InferenceID), maxInferenceID)
	}
	if len(q.ContentType) > maxURI || len(q.Accept) > maxURI {
		return q, "", runtimeError("ContentType or Accept: want at most %d characters", maxURI)
	}
	ttl, err := number(get("RequestTTLSeconds"), maxTTL, minTTL, maxTTL, "RequestTTLSeconds")
	if err != nil {
		return q, "", err
	}
	timeout, err := number(get("InvocationTimeoutSeconds"), defaultTimeout, 1, maxTimeout, "InvocationTimeoutSeconds")
	if err != nil {
		return q, "", err
	}
	q.Timeout, q.ttl = time.Duration(timeout)*time.Second, time.Duration(ttl)*time.Second
	if q.InferenceID == "" {
		q.InferenceID = newInferenceID()
	}
	extension, file := strings.Trim(get("S3OutputPathExtension"), "/"), get("Filename")
	if len(extension) > maxExtension || strings.Contains(extension, "://") {
		return q, "", runtimeError("S3OutputPathExtension of %d characters: want a path of at most %d without a scheme", len(extension), maxExtension)
	}
	stem = newInferenceID()
	q.Output = stem + ".out"
	if file != "" {
		if len(file) > maxFilename || !filenamePattern.MatchString(file) || strings.Count(file, ".") > 1 {
			return q, "", runtimeError("Filename: want at most %d letters, digits, - and _, beginning with a letter or digit, and one dot at most", maxFilename)
		}
		q.Output = file
		stem, _, _ = strings.Cut(file, ".")
	}
	if extension != "" {
		q.Output, stem = extension+"/"+q.Output, extension+"/"+stem
	}
	return q, stem, nil
}

// runtimeError is the runtime's own spelling of an invalid request.
func runtimeError(format string, args ...any) error {
	e := invalid(format, args...)
	e.code = "ValidationError"
	return e
}

func number(s string, missing, low, high int, name string) (int, error) {
	if s == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		return 0, runtimeError("%s: want %d..%d", name, low, high)
	}
	return n, nil
}

func join(path, name string) string { return strings.TrimRight(path, "/") + "/" + name }

func newInferenceID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return hex.EncodeToString(b[:])
}
