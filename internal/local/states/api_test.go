package states_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/states"
)

// TestErrors is the API's errors, by AWS's names.
func TestErrors(t *testing.T) {
	b := open(t, t.TempDir(), clock.Real{}, echo)
	machine := b.create(t, "m", callMachine)
	arn := b.start(t, machine, "x", "{}")
	b.wait(t, arn)
	missing := "arn:aws:states:us-east-1:000000000000:stateMachine:none"
	role := aws.String("arn:aws:iam::000000000000:role/r")
	ctx, c := t.Context(), b.client
	for _, tc := range []struct {
		name, code string
		call       func() error
	}{
		{"create with a bad name", "InvalidName", func() error {
			_, err := c.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: aws.String("a/b"), Definition: aws.String(callMachine), RoleArn: role})
			return err
		}},
		{"create what is no definition", "InvalidDefinition", func() error {
			_, err := c.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: aws.String("n"), Definition: aws.String("{"), RoleArn: role})
			return err
		}},
		{"create another of the same name", "StateMachineAlreadyExists", func() error {
			_, err := c.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: aws.String(strings.Replace(callMachine, `"f"`, `"g"`, 1)), RoleArn: role})
			return err
		}},
		{"create an express machine", "StateMachineTypeNotSupported", func() error {
			_, err := c.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: aws.String("e"), Type: types.StateMachineTypeExpress, Definition: aws.String(callMachine), RoleArn: role})
			return err
		}},
		{"describe no machine", "StateMachineDoesNotExist", func() error {
			_, err := c.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &missing})
			return err
		}},
		{"describe by another ARN", "InvalidArn", func() error {
			_, err := c.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
			return err
		}},
		{"update a machine", "UnknownOperationException", func() error {
			_, err := c.UpdateStateMachine(ctx, &sfn.UpdateStateMachineInput{StateMachineArn: &machine, Definition: aws.String(callMachine)})
			return err
		}},
		{"start no machine", "StateMachineDoesNotExist", func() error {
			_, err := c.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &missing})
			return err
		}},
		{"start with what is no JSON", "InvalidExecutionInput", func() error {
			_, err := c.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Input: aws.String("{")})
			return err
		}},
		{"start with too much", "InvalidExecutionInput", func() error {
			_, err := c.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Input: aws.String(`"` + strings.Repeat("x", 256<<10) + `"`)})
			return err
		}},
		{"start with a bad name", "InvalidName", func() error {
			_, err := c.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Name: aws.String("a b")})
			return err
		}},
		{"describe no execution", "ExecutionDoesNotExist", func() error {
			_, err := c.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(arn + "y")})
			return err
		}},
		{"stop no execution", "ExecutionDoesNotExist", func() error {
			_, err := c.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: aws.String(arn + "y")})
			return err
		}},
		{"history of no execution", "ExecutionDoesNotExist", func() error {
			_, err := c.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: aws.String(arn + "y")})
			return err
		}},
		{"a page by a bad token", "InvalidToken", func() error {
			_, err := c.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, NextToken: aws.String("?")})
			return err
		}},
		{"too large a page", "ValidationException", func() error {
			_, err := c.ListStateMachines(ctx, &sfn.ListStateMachinesInput{MaxResults: 1001})
			return err
		}},
		{"answer what is no token", "InvalidToken", func() error {
			_, err := c.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: aws.String("x"), Output: aws.String("1")})
			return err
		}},
		{"answer with what is no JSON", "InvalidOutput", func() error {
			_, err := c.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: aws.String("x"), Output: aws.String("{")})
			return err
		}},
		{"heartbeat for what is no token", "InvalidToken", func() error {
			_, err := c.SendTaskHeartbeat(ctx, &sfn.SendTaskHeartbeatInput{TaskToken: aws.String("x")})
			return err
		}},
		{"an operation of activities", "UnknownOperationException", func() error {
			_, err := c.CreateActivity(ctx, &sfn.CreateActivityInput{Name: aws.String("a")})
			return err
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.call(); code(err) != tc.code {
				t.Errorf("%v: want %s", err, tc.code)
			}
		})
	}
}

func TestMalformedRequests(t *testing.T) {
	b := open(t, t.TempDir(), clock.Real{}, echo)
	for _, tc := range []struct{ target, body, want string }{
		{"", "{}", "UnknownOperationException"},
		{"AWSStepFunctions.StartExecution", "[", "SerializationException"},
		{"AWSStepFunctions.StartExecution", `{"input":7}`, "SerializationException"},
		{"AWSStepFunctions.StartExecution", strings.Repeat(" ", 4<<20+1), "ValidationException"},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(tc.body))
		r.Header.Set("X-Amz-Target", tc.target)
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		var reply struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || w.Code != 400 || reply.Type != tc.want || reply.Message == "" {
			t.Errorf("%s %.20q: %d %s: want 400 %s", tc.target, tc.body, w.Code, w.Body, tc.want)
		}
	}
}

// TestSameStart: while it runs, a start repeated with the same input is the same
// execution, with another input it is refused.
func TestSameStart(t *testing.T) {
	goOn := make(chan struct{})
	b := open(t, t.TempDir(), clock.Real{}, func(_ context.Context, _ string, payload []byte) ([]byte, string, error) {
		<-goOn
		return payload, "", nil
	})
	machine := b.create(t, "m", callMachine)
	arn := b.start(t, machine, "x", `{"a":1}`)
	if again := b.start(t, machine, "x", `{ "a": 1 }`); again != arn {
		t.Errorf("started again: %s: want %s", again, arn)
	}
	_, err := b.client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: aws.String("x"), Input: aws.String("{}")})
	if code(err) != "ExecutionAlreadyExists" {
		t.Errorf("another input: %v", err)
	}
	close(goOn)
	b.wait(t, arn)
}

func TestStopAndEvents(t *testing.T) {
	hang := make(chan struct{})
	b := open(t, t.TempDir(), clock.Real{}, func(context.Context, string, []byte) ([]byte, string, error) {
		<-hang
		return nil, "", nil
	})
	machine := b.create(t, "m", callMachine)
	arn := b.start(t, machine, "x", `{"a":1}`)
	stopped, err := b.client.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn, Error: aws.String("Mine"), Cause: aws.String("enough")})
	if err != nil {
		t.Fatal(err)
	}
	d := b.wait(t, arn)
	if d.Status != types.ExecutionStatusAborted || *d.Error != "Mine" || *d.Cause != "enough" || !d.StopDate.Equal(*stopped.StopDate) {
		t.Errorf("%+v", d)
	}
	again, err := b.client.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn})
	if err != nil || !again.StopDate.Equal(*stopped.StopDate) {
		t.Errorf("stopped again: %v, %v", again, err)
	}
	close(hang)
	got := b.events(t)
	if len(got) != 2 {
		t.Fatalf("events %s: want RUNNING and ABORTED", got)
	}
	for i, want := range []string{"RUNNING", "ABORTED"} {
		var e struct {
			Source     string   `json:"source"`
			DetailType string   `json:"detail-type"`
			Resources  []string `json:"resources"`
			Detail     map[string]any
		}
		if err := json.Unmarshal([]byte(got[i]), &e); err != nil {
			t.Fatal(err)
		}
		if e.Source != "aws.states" || e.DetailType != "Step Functions Execution Status Change" || e.Resources[0] != arn {
			t.Errorf("event %s", got[i])
		}
		if e.Detail["status"] != want || e.Detail["executionArn"] != arn || e.Detail["stateMachineArn"] != machine || e.Detail["name"] != "x" || e.Detail["input"] != `{"a":1}` {
			t.Errorf("detail %v", e.Detail)
		}
		if ended := want == "ABORTED"; (e.Detail["stopDate"] != nil) != ended || (e.Detail["error"] == "Mine") != ended || e.Detail["output"] != nil {
			t.Errorf("%s: stopDate %v, error %v, output %v", want, e.Detail["stopDate"], e.Detail["error"], e.Detail["output"])
		}
	}
}

// Machines that cannot run are refused by the name of what is wrong.
func TestMachinesThatAreRefused(t *testing.T) {
	b := open(t, t.TempDir(), clock.Real{}, echo)
	for _, c := range []struct{ name, definition, code, says string }{
		{"m", callMachine, "", ""},
		{"a/b", callMachine, "InvalidName", "a/b"},
		{"m", "{", "InvalidDefinition", ""},
		{"m", `{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`, "InvalidDefinition", "/States/A"},
		{"m", `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}`, "InvalidDefinition", "/States/A/Next"},
	} {
		_, err := b.CreateOrUpdate(c.name, []byte(c.definition), "arn:aws:iam::000000000000:role/r")
		var refused *states.Error
		if errors.As(err, &refused) != (c.code != "") || c.code != "" && (refused.Code != c.code || !strings.Contains(refused.Message, c.says)) {
			t.Errorf("%s %s: %v: want %s at %s", c.name, c.definition, err, c.code, c.says)
		}
	}
}

// An alias starts its machine: the execution is the machine's, and under its name the same
// as one that the machine itself was asked for. Nothing else is done by an alias.
func TestAnAliasStartsItsMachine(t *testing.T) {
	b := open(t, t.TempDir(), clock.Real{}, func(_ context.Context, _ string, payload []byte) ([]byte, string, error) { return payload, "", nil })
	machine := b.create(t, "m", callMachine)
	alias := machine + ":live"
	if _, err := b.client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &alias}); code(err) != "StateMachineDoesNotExist" {
		t.Errorf("an alias that nobody made: %v", err)
	}
	b.Alias("m", "live")
	arn := b.start(t, alias, "x", "{}")
	b.wait(t, arn)
	out, err := b.client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil || aws.ToString(out.StateMachineArn) != machine || out.Status != "SUCCEEDED" {
		t.Errorf("%+v, %v: want an execution of %s that succeeded", out, err, machine)
	}
	if _, err := b.client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: aws.String("x"), Input: aws.String("{}")}); code(err) != "ExecutionAlreadyExists" {
		t.Errorf("the same name by the machine's own ARN: %v", err)
	}
	_, _ = b.client.DeleteStateMachine(t.Context(), &sfn.DeleteStateMachineInput{StateMachineArn: &alias})
	if _, err := b.client.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: &machine}); err != nil {
		t.Errorf("a deletion by the alias took the machine: %v", err)
	}
}
