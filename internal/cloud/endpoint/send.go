package endpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// Times of a request (DESIGN.md §1): in the queue, and at the model server.
const (
	requestTTL        = time.Hour
	invocationTimeout = time.Hour
)

// Send queues r and says where its result and its failure will be.
func (e *Endpoint) Send(ctx context.Context, r job.InferenceRequest) (output, failure string, err error) {
	out, err := e.runtime.InvokeEndpointAsync(ctx, &sagemakerruntime.InvokeEndpointAsyncInput{
		EndpointName:             &e.cfg.Name,
		InputLocation:            &r.Input,
		InferenceId:              &r.Name,
		ContentType:              aws.String("application/gzip"),
		Accept:                   aws.String("application/gzip"),
		CustomAttributes:         &r.Attributes,
		S3OutputPathExtension:    &r.Folder,
		Filename:                 &r.File,
		RequestTTLSeconds:        aws.Int32(int32(requestTTL.Seconds())),
		InvocationTimeoutSeconds: aws.Int32(int32(invocationTimeout.Seconds())),
	})
	var busy *job.BusyError
	if named := fault.Name("queue the request", err); errors.As(named, &busy) {
		return "", "", named // the workflow sends it again in a moment
	}
	if err != nil {
		return "", "", fmt.Errorf("%w: queue the request: %w", &job.EndpointFailedError{Message: "the model server's endpoint does not take the request"}, err)
	}
	return aws.ToString(out.OutputLocation), aws.ToString(out.FailureLocation), nil
}
