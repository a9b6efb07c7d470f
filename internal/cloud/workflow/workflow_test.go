package workflow

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
)

// By an alias executions are started; whatever asks after them names the machine, which
// Step Functions does not do by itself: an execution's ARN holds no alias, and a list by
// an alias leaves out what was started without it.
func TestAnAliasOnlyStarts(t *testing.T) {
	const machine = "arn:aws:states:us-east-1:000000000000:stateMachine:iris-scan"
	const execution = "arn:aws:states:us-east-1:000000000000:execution:iris-scan:01JD0000000000000000000001-2"
	for name, arn := range map[string]string{"the machine": machine, "an alias": machine + ":live"} {
		asked := map[string]string{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var in struct{ StateMachineArn, ExecutionArn string }
			body, _ := io.ReadAll(r.Body)
			if err := json.Unmarshal(body, &in); err != nil {
				t.Error(err)
			}
			_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
			asked[operation] = in.StateMachineArn + in.ExecutionArn
			_, _ = io.WriteString(w, `{"executions":[],"status":"RUNNING"}`)
		}))
		w := New(aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}, arn)
		ctx, id := t.Context(), "01JD0000000000000000000001"
		if err := w.Start(ctx, job.Execution{Job: id, Attempt: 2}); err != nil {
			t.Error(err)
		}
		if _, _, err := w.Running(ctx, job.ExecutionName(id, 2)); err != nil {
			t.Error(err)
		}
		if err := w.Stop(ctx, job.ExecutionName(id, 2)); err != nil {
			t.Error(err)
		}
		if _, err := w.AllRunning(ctx); err != nil {
			t.Error(err)
		}
		want := map[string]string{"StartExecution": arn, "DescribeExecution": execution, "StopExecution": execution, "ListExecutions": machine}
		if d := cmp.Diff(want, asked); d != "" {
			t.Errorf("by %s (-want +got): %s", name, d)
		}
		server.Close()
	}
}
