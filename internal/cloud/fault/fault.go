// Package fault names every error of an AWS SDK call once. In: what was being
// done and the SDK's error. Out: an error of the contract (internal/job), with
// what was being done in its text and no address, no object key.
//
//	what AWS said                              what comes back            what follows
//	throttled, 5xx, a lost connection          *job.BusyError             the state machine retries; the API says 503
//	412, the object is another                 job.ErrReplaced            upload_replaced
//	404 of a key                               job.ErrNotFound            the caller decides
//	no such bucket, table, function            a plain error              the deployment is wrong: an alarm
//	anything else (access denied, validation)  a plain error              an alarm
//
// The SDK has tried three times before an error reaches this package.
package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/iris-oculus/iris/internal/job"
)

// busyCodes say "try again" and are not among those that the SDK retries.
var busyCodes = map[string]bool{
	"ExecutionLimitExceeded":      true, // Step Functions: too many open executions
	"ModelNotReadyException":      true, // SageMaker
	"InternalDependencyException": true,
	"ConditionalRequestConflict":  true, // S3: another write of the same key is under way
	"OperationAborted":            true,
	"InternalException":           true, // EventBridge, in an entry of an answer
	"InternalFailure":             true,
	"InternalError":               true, // S3, for one key of a DeleteObjects
	"ServiceUnavailable":          true, // the same
}

// Name names an error of an SDK call; nil stays nil.
func Name(doing string, err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	switch status := statusOf(err); {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, err)
	case job.Named(err) != nil:
		return fmt.Errorf("%s: %w", doing, err)
	case code == "NoSuchBucket":
		return fmt.Errorf("%s: the bucket is not there: the function's environment names another: %s", doing, code)
	case code == "NoSuchKey", code == "NotFound":
		return fmt.Errorf("%s: %w", doing, job.ErrNotFound)
	case status == http.StatusPreconditionFailed, code == "PreconditionFailed":
		return fmt.Errorf("%s: %w", doing, job.ErrReplaced)
	case busy(err, code, status):
		return &job.BusyError{Message: doing + ": " + reason(code, status)}
	}
	var sent *url.Error
	if errors.As(err, &sent) {
		err = sent.Err // its own text repeats the address, and in it the key
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Code names an error that an answer holds as a code alone, as an entry of
// PutEvents does.
func Code(doing, code string) error {
	return Name(doing, &smithy.GenericAPIError{Code: code, Message: "refused"})
}

// busy says whether the same call may succeed in a moment.
func busy(err error, code string, status int) bool {
	if status >= http.StatusInternalServerError && status != http.StatusNotImplemented || status == http.StatusTooManyRequests || busyCodes[code] {
		return true
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return true // an answer that broke off
	}
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

func statusOf(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

func reason(code string, status int) string {
	switch {
	case code != "":
		return "the service is throttled or failing: " + code
	case status > 0:
		return fmt.Sprintf("the service is throttled or failing: http %d", status)
	}
	return "the connection was lost"
}

// Body is an answer's body whose read errors are named: a connection that is
// lost in the middle is busy, not the fault of what is read.
func Body(doing string, body io.ReadCloser) io.ReadCloser { return &named{body, doing} }

type named struct {
	io.ReadCloser
	doing string
}

func (b *named) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return n, fmt.Errorf("%s: %w", b.doing, err)
	}
	return n, &job.BusyError{Message: b.doing + ": the connection was lost"}
}
