package states_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
	"github.com/google/uuid"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/states"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
)

// jsonata is the engine's file, as the Makefile installs it.
func jsonata(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "build/node/node_modules/jsonata/jsonata-es5.min.js")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: no JSONata engine at %s: run make", path)
	}
	return path
}

type invoke func(ctx context.Context, function string, payload []byte) ([]byte, string, error)

// echo is a function that gives back its payload.
func echo(_ context.Context, _ string, payload []byte) ([]byte, string, error) {
	return payload, "", nil
}

// bench is a service with an SDK client in front.
type bench struct {
	*states.Service
	client *sfn.Client
	dir    string
	clock  clock.Clock
	store  *store.Store
}

// eventBucket is where the tests' Emit puts events, in the batch that it is given and
// under keys that order by time.
const eventBucket = "test.events"

// events are those that got onto the bus, which outlives the service.
func (b *bench) events(t *testing.T) (list []string) {
	t.Helper()
	err := store.Each(b.store, eventBucket, "", func(_ string, event json.RawMessage) error {
		list = append(list, string(event))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Close closes the service and its store.
func (b *bench) Close() error { return errors.Join(b.Service.Close(), b.store.Close()) }

func open(t *testing.T, dir string, c clock.Clock, call invoke) *bench {
	t.Helper()
	b := &bench{dir: dir, clock: c, store: storetest.Open(t, dir)}
	service, err := states.New(states.Config{
		Store: b.store, Clock: c, Invoke: call, JSONataPath: jsonata(t), Region: "us-east-1", Account: "000000000000",
		Emit: func(batch *store.Batch, source, detailType string, resources []string, detail any) error {
			batch.Put(eventBucket, uuid.Must(uuid.NewV7()).String(), map[string]any{"source": source, "detail-type": detailType, "resources": resources, "detail": detail})
			return nil
		},
		Random: func() float64 { return 0.5 },
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Service = service
	server := httptest.NewServer(service)
	t.Cleanup(func() {
		server.Close()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	b.client = sfn.New(sfn.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), RetryMaxAttempts: 1, APIOptions: awsconfig.KeepConnection,
	})
	return b
}

// wait polls an execution until it has ended.
func (b *bench) wait(t *testing.T, arn string) *sfn.DescribeExecutionOutput {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(2 * time.Millisecond) {
		d, err := b.client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil {
			t.Fatal(err)
		}
		if d.Status != types.ExecutionStatusRunning {
			return d
		}
		if time.Now().After(end) {
			t.Fatalf("%s still runs: %v", arn, b.history(t, arn))
		}
	}
}

// history is the row of event types.
func (b *bench) history(t *testing.T, arn string) []string {
	t.Helper()
	var names []string
	pages := sfn.NewGetExecutionHistoryPaginator(b.client, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 3})
	for pages.HasMorePages() {
		p, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Events {
			names = append(names, string(e.Type))
		}
	}
	return names
}

func (b *bench) create(t *testing.T, name, definition string) string {
	t.Helper()
	out, err := b.client.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{Name: &name, Definition: &definition, RoleArn: aws.String("arn:aws:iam::000000000000:role/r")})
	if err != nil {
		t.Fatal(err)
	}
	return *out.StateMachineArn
}

func (b *bench) start(t *testing.T, machine, name, input string) string {
	t.Helper()
	out, err := b.client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: &input})
	if err != nil {
		t.Fatal(err)
	}
	return *out.ExecutionArn
}

// code is the name of an API error.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

const callMachine = `{"QueryLanguage":"JSONata","StartAt":"Call","States":{"Call":{"Type":"Task",
	"Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":"{% $states.input %}"},
	"Output":"{% $states.result.Payload %}","End":true}}}`

func TestSDKClient(t *testing.T) {
	b := open(t, t.TempDir(), clock.Real{}, echo)
	ctx := t.Context()
	machine := b.create(t, "calls", callMachine)
	if again := b.create(t, "calls", callMachine); again != machine {
		t.Errorf("created again: %s: want %s", again, machine)
	}
	arn := b.start(t, machine, "one", `{"a": 1}`)
	d := b.wait(t, arn)
	if d.Status != types.ExecutionStatusSucceeded || *d.Output != `{"a":1}` || *d.Input != `{"a":1}` || d.StopDate == nil {
		t.Fatalf("%s %v", d.Status, d.Output)
	}
	want := []string{"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited", "ExecutionSucceeded"}
	if got := b.history(t, arn); !slices.Equal(got, want) {
		t.Errorf("history %v: want %v", got, want)
	}
	reversed, err := b.client.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, ReverseOrder: true})
	if err != nil || reversed.Events[0].Type != types.HistoryEventTypeExecutionSucceeded || *reversed.Events[4].TaskScheduledEventDetails.ResourceType != "lambda" {
		t.Errorf("reversed history: %v, %v", reversed, err)
	}
	hidden, err := b.client.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, IncludeExecutionData: aws.Bool(false)})
	if err != nil || hidden.Events[1].StateEnteredEventDetails.Input != nil || *hidden.Events[1].StateEnteredEventDetails.Name != "Call" {
		t.Errorf("history without data: %v, %v", hidden, err)
	}
	_, err = b.client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Name: aws.String("one"), Input: aws.String(`{"a":1}`)})
	if code(err) != "ExecutionAlreadyExists" {
		t.Errorf("start of a closed name: %v", err)
	}
	for _, name := range []string{"two", "three"} {
		b.wait(t, b.start(t, machine, name, "{}"))
	}
	var names []string
	pages := sfn.NewListExecutionsPaginator(b.client, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: types.ExecutionStatusSucceeded, MaxResults: 2})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Executions {
			names = append(names, *e.Name)
		}
	}
	if len(names) != 3 || names[2] != "one" {
		t.Errorf("executions %v: want three, the newest first", names)
	}
	of, err := b.client.DescribeStateMachineForExecution(ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &arn})
	if err != nil || *of.Definition != callMachine || *of.Name != "calls" {
		t.Errorf("machine of the execution: %v, %v", of, err)
	}
	if again, err := b.CreateOrUpdate("calls", []byte(`{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Pass","Output":"new","End":true}}}`), "arn:aws:iam::000000000000:role/r"); err != nil || again != machine {
		t.Errorf("updated: %s, %v: want %s", again, err, machine)
	}
	if d := b.wait(t, b.start(t, machine, "four", "{}")); *d.Output != `"new"` {
		t.Errorf("after the update: %s", *d.Output)
	}
	if m, err := b.client.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &machine}); err != nil || m.Status != types.StateMachineStatusActive || m.Type != types.StateMachineTypeStandard {
		t.Errorf("describe: %v, %v", m, err)
	}
	if _, err := b.client.DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: &machine}); err != nil {
		t.Fatal(err)
	}
	if list, err := b.client.ListStateMachines(ctx, &sfn.ListStateMachinesInput{}); err != nil || len(list.StateMachines) != 0 {
		t.Errorf("list after the deletion: %v, %v", list, err)
	}
}
