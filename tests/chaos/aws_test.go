package chaos

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
)

// wire is the network between the functions and AWS: an HTTP client of the SDK's whose
// requests are answered within this process, each after some time and as the storm wants it.
type wire struct {
	meanwhile atomic.Value // func(call), which happens just before a call has its effect

	services map[string]http.Handler // by the service that the signature names
	storm    interface {
		at(c call) (fault, time.Duration)
	}
}

// call is one request on its way.
type call struct {
	service, operation string
	key                string // of the object, if it is about one
	in                 *invocation
}

// fault is what becomes of a call.
type fault string

const (
	none        fault = ""
	throttled   fault = "throttled"   // refused: too many requests
	broken      fault = "500"         // refused
	unavailable fault = "503"         // refused
	full        fault = "full"        // a write refused: no room on the disk
	cutBefore   fault = "cut before"  // the connection ends before the service has the request
	cutAfter    fault = "cut after"   // the service has done it, its answer is lost
	cutInside   fault = "cut inside"  // the answer ends in its middle
	killBefore  fault = "kill before" // the process that asks dies, and the request was not sent
	killAfter   fault = "kill after"  // it dies, and the service has done it
	slow        fault = "slow"        // for longer than a function may take
)

var errCut = errors.New("read: connection reset by peer")

// serviceOf is the signature's service, or S3 for a signed URL.
func serviceOf(r *http.Request) string {
	if fields := strings.Split(r.Header.Get("Authorization"), "/"); len(fields) > 4 {
		return fields[3]
	}
	return "s3"
}

// operationOf is the operation as AWS names it; of S3's, the method and what is asked of it.
func operationOf(r *http.Request, service string) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	operation := r.Method
	for _, of := range []string{"versions", "uploads", "delete", "uploadId", "list-type", "versionId"} {
		if r.URL.Query().Has(of) {
			operation += "?" + of
		}
	}
	return operation
}

func (n *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	service := serviceOf(r)
	in, _ := r.Context().Value(invocationKey{}).(*invocation)
	c := call{service: service, operation: operationOf(r, service), key: r.URL.Path, in: in}
	if in.gone() {
		return nil, context.Canceled
	}
	f, takes := n.storm.at(c)
	in.met(f)
	select {
	case <-time.After(takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if in.gone() {
		return nil, context.Canceled
	}
	switch f {
	case killBefore:
		in.kill()
		return nil, context.Canceled
	case cutBefore:
		return nil, errCut
	case throttled, broken, unavailable, full:
		return n.refuse(r, service, f), nil
	}
	if meanwhile, ok := n.meanwhile.Load().(func(call)); ok {
		meanwhile(c)
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	n.services[service].ServeHTTP(w, r)
	switch f {
	case killAfter:
		in.kill()
		return nil, context.Canceled
	case cutAfter:
		return nil, errCut
	}
	response := w.Result()
	response.Request = r
	if r.Method == http.MethodHead {
		response.Body = http.NoBody
	} else if f == cutInside {
		half := w.Body.Bytes()[:w.Body.Len()/2]
		response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(half), failing{}))
	}
	return response, nil
}

// failing is a body that breaks off.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// refuse is the service's own way to say no.
func (n *wire) refuse(r *http.Request, service string, f fault) *http.Response {
	w := httptest.NewRecorder()
	status := map[fault]int{throttled: http.StatusTooManyRequests, broken: http.StatusInternalServerError, unavailable: http.StatusServiceUnavailable, full: http.StatusInsufficientStorage}[f]
	switch {
	case service == "s3":
		refuse(w, status, map[fault]string{throttled: "SlowDown", broken: "InternalError", unavailable: "ServiceUnavailable", full: "InsufficientStorage"}[f])
	case f == throttled:
		code := "ThrottlingException"
		if service == "dynamodb" {
			code = "ProvisionedThroughputExceededException"
		}
		if service != "lambda" {
			status = http.StatusBadRequest
		}
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"__type":"`+code+`","message":"slow down"}`)
	default: // 5xx with a body of JSON that could be taken for a refusal
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"status":400,"code":"bad_volume","message":"not this one"}`)
	}
	response := w.Result()
	response.Request = r
	if r.Method == http.MethodHead {
		response.Body = http.NoBody
	}
	return response
}

// config is the SDK's configuration over this wire. Its waits between attempts have no
// jitter, so that a seed repeats its run.
func (n *wire) config() aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String("http://127.0.0.1:4566"), HTTPClient: &http.Client{Transport: n},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIRIS", "secret", ""), APIOptions: awsconfig.KeepConnection,
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
					return time.Duration(attempt+1) * 400 * time.Millisecond, nil
				})
			})
		},
	}
}
