package states_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/iris-oculus/iris/internal/local/clock"
)

// manyEvents is a machine whose history has events of most types.
const manyEvents = `{"QueryLanguage":"JSONata","StartAt":"Pass","States":{
"Pass":{"Type":"Pass","Assign":{"v":1},"Next":"Fails"},
"Fails":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"throw"},"TimeoutSeconds":9,"Catch":[{"ErrorEquals":["Mine"],"Next":"Direct"}],"Next":"Direct"},
"Direct":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","Next":"DirectFails"},
"DirectFails":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:throw","Catch":[{"ErrorEquals":["States.ALL"],"Next":"Slow"}],"Next":"Slow"},
"Slow":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"slow"},"TimeoutSeconds":1,"Catch":[{"ErrorEquals":["States.Timeout"],"Next":"SlowDirect"}],"Next":"SlowDirect"},
"SlowDirect":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:slow","TimeoutSeconds":1,"Catch":[{"ErrorEquals":["States.Timeout"],"Next":"Call"}],"Next":"Call"},
"Call":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f"},"Next":"Both"},
"Both":{"Type":"Parallel","Branches":[{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":0,"End":true}}}],"Next":"Each"},
"Each":{"Type":"Map","Items":[1,2],"MaxConcurrency":1,"ToleratedFailureCount":1,"ItemProcessor":{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input = 1 %}","Next":"F"}],"Default":"S"},
  "F":{"Type":"Fail","Error":"E"},"S":{"Type":"Succeed"}}},"Next":"Wrong"},
"Wrong":{"Type":"Pass","Output":"{% $none %}","End":true}}}`

// TestHistoryDetails: the SDK finds each event's details where it looks for them.
func TestHistoryDetails(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	b := open(t, t.TempDir(), clock.Real{}, func(_ context.Context, function string, payload []byte) ([]byte, string, error) {
		switch {
		case strings.HasSuffix(function, "throw"):
			return []byte(`{"errorType":"Mine","errorMessage":"m"}`), "Unhandled", nil
		case strings.HasSuffix(function, "slow"):
			<-hang
		}
		return payload, "", nil
	})
	arn := b.start(t, b.create(t, "m", manyEvents), "x", "{}")
	b.wait(t, arn)
	out, err := b.client.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 1000})
	if err != nil {
		t.Fatal(err)
	}
	without := map[string]bool{"ParallelStateStarted": true, "ParallelStateSucceeded": true, "MapStateSucceeded": true, "LambdaFunctionStarted": true}
	seen := map[string]bool{}
	for _, e := range out.Events {
		kind := string(e.Type)
		seen[kind] = true
		field := kind + "EventDetails"
		switch {
		case strings.HasSuffix(kind, "StateEntered"):
			field = "StateEnteredEventDetails"
		case strings.HasSuffix(kind, "StateExited"):
			field = "StateExitedEventDetails"
		}
		details := reflect.ValueOf(e).FieldByName(field)
		if !without[kind] && (!details.IsValid() || details.IsNil()) {
			t.Errorf("%s has no %s", kind, field)
		}
	}
	for _, kind := range strings.Fields("TaskFailed TaskTimedOut LambdaFunctionScheduled LambdaFunctionSucceeded LambdaFunctionFailed LambdaFunctionTimedOut MapIterationFailed MapIterationSucceeded EvaluationFailed ExecutionFailed WaitStateExited ChoiceStateExited") {
		if !seen[kind] {
			t.Errorf("no event of type %s", kind)
		}
	}
	if last := out.Events[len(out.Events)-1].ExecutionFailedEventDetails; aws.ToString(last.Error) != "States.QueryEvaluationError" || !strings.Contains(aws.ToString(last.Cause), "$none") {
		t.Errorf("ended with %v", last)
	}
	for _, e := range out.Events {
		if d := e.TaskScheduledEventDetails; d != nil && strings.Contains(*d.Parameters, "throw") && aws.ToInt64(d.TimeoutInSeconds) != 9 {
			t.Errorf("timeout %v: want 9", d.TimeoutInSeconds)
		}
		if d := e.StateExitedEventDetails; d != nil && *d.Name == "Pass" && d.AssignedVariables["v"] != "1" {
			t.Errorf("assigned %v: want v = 1", d.AssignedVariables)
		}
	}
}
