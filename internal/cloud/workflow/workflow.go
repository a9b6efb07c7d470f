// Package workflow calls Step Functions and EventBridge. In: the name of an execution, a
// task token or an event. Out: whether an execution runs. Errors are as cloud/fault
// names them.
package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// Workflow is the deployed scan workflow. Make one with New.
type Workflow struct {
	start   string // ARN by which it is started: of an alias, or of the machine itself
	machine string // ARN
	states  *sfn.Client
	events  *eventbridge.Client
}

// New binds a state machine by its ARN or by that of an alias, …:stateMachine:NAME:ALIAS,
// which is started then: executions are the machine's, whichever alias started them.
func New(cfg aws.Config, arn string) *Workflow {
	return &Workflow{start: arn, machine: unqualified(arn), states: sfn.NewFromConfig(cfg), events: eventbridge.NewFromConfig(cfg)}
}

// machineFields are those of a machine's ARN; the ARN of an alias has one more.
const machineFields = 7

func unqualified(arn string) string {
	fields := strings.Split(arn, ":")
	return strings.Join(fields[:min(len(fields), machineFields)], ":")
}

// executionARN follows from the machine's: …:stateMachine:NAME → …:execution:NAME:EXECUTION.
func (w *Workflow) executionARN(name string) string {
	return strings.Replace(w.machine, ":stateMachine:", ":execution:", 1) + ":" + name
}

// Start starts the attempt's execution. One that was started before, running or
// closed, is success.
func (w *Workflow) Start(ctx context.Context, e job.Execution) error {
	input, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("start execution: %w", err)
	}
	_, err = w.states.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &w.start,
		Name:            aws.String(job.ExecutionName(e.Job, e.Attempt)),
		Input:           aws.String(string(input)),
	})
	var exists *types.ExecutionAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fault.Name("start execution", err)
	}
	return nil
}

// Stop aborts an execution; one that is closed or unknown is left as it is.
func (w *Workflow) Stop(ctx context.Context, name string) error {
	_, err := w.states.StopExecution(ctx, &sfn.StopExecutionInput{
		ExecutionArn: aws.String(w.executionARN(name)),
		Error:        aws.String("Cancelled"),
	})
	var missing *types.ExecutionDoesNotExist
	if err != nil && !errors.As(err, &missing) {
		return fault.Name("stop execution", err)
	}
	return nil
}

// Running says whether an execution runs, and whether the workflow knows it at all.
func (w *Workflow) Running(ctx context.Context, name string) (running, known bool, err error) {
	out, err := w.states.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(w.executionARN(name))})
	var missing *types.ExecutionDoesNotExist
	if errors.As(err, &missing) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fault.Name("describe execution", err)
	}
	return out.Status == types.ExecutionStatusRunning, true, nil
}

// AllRunning is the names of the executions that run, a thousand a call. AWS lists
// what has just started or ended with a delay of seconds.
func (w *Workflow) AllRunning(ctx context.Context) (map[string]bool, error) {
	names := map[string]bool{}
	pages := sfn.NewListExecutionsPaginator(w.states, &sfn.ListExecutionsInput{
		StateMachineArn: &w.machine, StatusFilter: types.ExecutionStatusRunning, MaxResults: 1000,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fault.Name("list running executions", err)
		}
		for _, e := range page.Executions {
			names[aws.ToString(e.Name)] = true
		}
	}
	return names, nil
}

// Succeed completes a task token. A token that is spent or timed out wraps job.ErrStale.
func (w *Workflow) Succeed(ctx context.Context, token string, output any) error {
	body, err := json.Marshal(output)
	if err != nil {
		return fmt.Errorf("complete task: %w", err)
	}
	_, err = w.states.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: &token, Output: aws.String(string(body))})
	return settled("complete task", err)
}

// Fail fails a task token with a named error, as Succeed.
func (w *Workflow) Fail(ctx context.Context, token, name, cause string) error {
	const maxCause = 32768 // SendTaskFailure's bound
	if len(cause) > maxCause {
		cause = cause[:maxCause]
	}
	_, err := w.states.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{TaskToken: &token, Error: &name, Cause: &cause})
	return settled("fail task", err)
}

func settled(doing string, err error) error {
	var late *types.TaskTimedOut
	var gone *types.TaskDoesNotExist
	var invalid *types.InvalidToken
	if errors.As(err, &late) || errors.As(err, &gone) || errors.As(err, &invalid) {
		return fmt.Errorf("%s: %w", doing, job.ErrStale)
	}
	return fault.Name(doing, err)
}

// Announce puts one event on the default bus.
func (w *Workflow) Announce(ctx context.Context, detailType string, detail job.EventDetail) error {
	body, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("put event: %w", err)
	}
	out, err := w.events.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventtypes.PutEventsRequestEntry{{
		Source: aws.String(job.EventSource), DetailType: &detailType, Detail: aws.String(string(body)),
	}}})
	if err != nil {
		return fault.Name("put event", err)
	}
	if out.FailedEntryCount > 0 && len(out.Entries) > 0 {
		return fault.Code("put event", aws.ToString(out.Entries[0].ErrorCode))
	}
	return nil
}
