package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// answering is an SDK configuration whose service always answers so; status 0
// cuts the connection.
func answering(t *testing.T, status int, body string) aws.Config {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = io.WriteString(w, body)
		}
	}))
	t.Cleanup(web.Close)
	return aws.Config{Region: "us-east-1", BaseEndpoint: &web.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
		RetryMaxAttempts: 1}
}

// kind is what a named error says.
func kind(err error) string {
	var busy *job.BusyError
	switch {
	case errors.As(err, &busy):
		return "busy"
	case errors.Is(err, job.ErrNotFound):
		return "not found"
	case errors.Is(err, job.ErrReplaced):
		return "replaced"
	case job.Named(err) != nil:
		return "another name"
	}
	return "plain"
}

// The SDK's own clients meet every kind of answer.
func TestEveryKindOfAnswer(t *testing.T) {
	get := func(cfg aws.Config) error {
		_, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(t.Context(),
			&s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("Jane Doe.nii")})
		return err
	}
	head := func(cfg aws.Config) error {
		_, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).HeadObject(t.Context(),
			&s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("Jane Doe.nii")})
		return err
	}
	item := func(cfg aws.Config) error {
		_, err := dynamodb.NewFromConfig(cfg).DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("t")})
		return err
	}
	start := func(cfg aws.Config) error {
		_, err := sfn.NewFromConfig(cfg).StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String("a")})
		return err
	}
	invoke := func(cfg aws.Config) error {
		_, err := sagemakerruntime.NewFromConfig(cfg).InvokeEndpointAsync(t.Context(), &sagemakerruntime.InvokeEndpointAsyncInput{
			EndpointName: aws.String("e"), InputLocation: aws.String("s3://b/k")})
		return err
	}
	xml := func(code string) string { return "<Error><Code>" + code + "</Code><Message>m</Message></Error>" }
	json := func(code string) string { return `{"__type":"com.amazonaws.x#` + code + `","message":"m"}` }
	for _, c := range []struct {
		call   func(aws.Config) error
		status int
		body   string
		want   string
	}{
		{get, 404, xml("NoSuchKey"), "not found"},
		{head, 404, "", "not found"},
		{get, 404, xml("NoSuchBucket"), "plain"},
		{get, 412, xml("PreconditionFailed"), "replaced"},
		{head, 412, "", "replaced"},
		{get, 409, xml("ConditionalRequestConflict"), "busy"},
		{get, 503, xml("SlowDown"), "busy"},
		{get, 500, xml("InternalError"), "busy"},
		{get, 502, "<html>", "busy"},
		{head, 503, "", "busy"},
		{get, 403, xml("AccessDenied"), "plain"},
		{get, 501, xml("NotImplemented"), "plain"},
		{get, 0, "", "busy"},
		{item, 400, json("ThrottlingException"), "busy"},
		{item, 400, json("ProvisionedThroughputExceededException"), "busy"},
		{item, 400, json("RequestLimitExceeded"), "busy"},
		{item, 500, json("InternalServerError"), "busy"},
		{item, 400, json("ResourceNotFoundException"), "plain"},
		{item, 400, json("ValidationException"), "plain"},
		{item, 0, "", "busy"},
		{start, 400, json("ExecutionLimitExceeded"), "busy"},
		{start, 400, json("ThrottlingException"), "busy"},
		{start, 400, json("StateMachineDoesNotExist"), "plain"},
		{invoke, 400, json("ThrottlingException"), "busy"},
		{invoke, 503, json("ServiceUnavailable"), "busy"},
		{invoke, 500, json("InternalFailure"), "busy"},
		{invoke, 400, json("ValidationError"), "plain"},
	} {
		err := fault.Name("ask", c.call(answering(t, c.status, c.body)))
		if got := kind(err); got != c.want || !strings.HasPrefix(err.Error(), "ask: ") || strings.Contains(err.Error(), "Jane") {
			t.Errorf("%d %s: %q (%v), want %q", c.status, c.body, got, err, c.want)
		}
	}
}

func TestWhatIsNoAnswer(t *testing.T) {
	if fault.Name("ask", nil) != nil {
		t.Error("no error became one")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := dynamodb.NewFromConfig(answering(t, 200, "{}")).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("t")})
	if err = fault.Name("ask", err); kind(err) != "plain" || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	rejected := job.Reject("bad_parts", "no")
	if err := fault.Name("ask", fmt.Errorf("x: %w", rejected)); !errors.Is(err, rejected) {
		t.Errorf("a named error: %v", err)
	}
	for code, want := range map[string]string{"ThrottlingException": "busy", "InternalFailure": "busy", "InternalException": "busy", "NotAuthorizedForSourceException": "plain"} {
		if err := fault.Code("put event", code); kind(err) != want {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// A body that breaks off in the middle is the connection's fault.
func TestABodyThatBreaksOff(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
	}))
	defer web.Close()
	res, err := http.Get(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	body := fault.Body("get object", res.Body)
	defer body.Close()
	text, err := io.ReadAll(body)
	if string(text) != "half" || kind(err) != "busy" {
		t.Errorf("%q, %v", text, err)
	}
}
