package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/clock/clocktest"
)

func client(t *testing.T, s opened) *eventbridge.Client {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return eventbridge.New(eventbridge.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1, APIOptions: awsconfig.KeepConnection,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func TestSDKMakesARuleAndItDelivers(t *testing.T) {
	dir, in := t.TempDir(), newInbox()
	s := open(t, dir, clock.Real{}, in)
	s.Start()
	c, ctx := client(t, s), t.Context()
	rule, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["mine"]}`), Description: aws.String("d")})
	if err != nil || *rule.RuleArn != "arn:aws:events:us-east-1:000000000000:rule/r" {
		t.Fatal(rule, err)
	}
	put, err := c.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{
		{Id: aws.String("good"), Arn: aws.String(function), RoleArn: aws.String("arn:aws:iam::000000000000:role/r")},
		{Id: aws.String("bad"), Arn: aws.String("arn:aws:sqs:us-east-1:000000000000:q")},
	}})
	if err != nil || put.FailedEntryCount != 1 || *put.FailedEntries[0].TargetId != "bad" {
		t.Fatal(put, err)
	}
	events, err := c.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{Source: aws.String("mine"), DetailType: aws.String("x"), Detail: aws.String(`{"n":42}`), Time: aws.Time(start)},
		{DetailType: aws.String("x"), Detail: aws.String(`{}`)},
		{Source: aws.String("mine"), DetailType: aws.String("x"), Detail: aws.String(`[]`)},
		{Source: aws.String("aws.s3"), DetailType: aws.String("x"), Detail: aws.String(`{}`)},
		{Source: aws.String("mine"), DetailType: aws.String("x"), Detail: aws.String(`{}`), EventBusName: aws.String("other")},
	}})
	if err != nil || events.FailedEntryCount != 4 || aws.ToString(events.Entries[0].EventId) == "" {
		t.Fatal(events, err)
	}
	for i, want := range []string{"", "InvalidArgument", "MalformedDetail", "NotAuthorizedForSourceException", "ResourceNotFoundException"} {
		if got := aws.ToString(events.Entries[i].ErrorCode); got != want {
			t.Errorf("entry %d: %q: want %q", i, got, want)
		}
	}
	var got bus.Event
	if err := json.Unmarshal([]byte(<-in.came), &got); err != nil || got.Source != "mine" || string(got.Detail) != `{"n":42}` || got.Time != "2026-01-02T03:04:05Z" {
		t.Errorf("delivered %+v, %v", got, err)
	}
	_ = s.Close()

	// A rule of a client outlives the process.
	c = client(t, open(t, dir, clock.Real{}, in))
	described, err := c.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("r")})
	if err != nil || *described.EventPattern != `{"source":["mine"]}` || described.State != types.RuleStateEnabled || *described.Description != "d" {
		t.Fatal(described, err)
	}
	targets, err := c.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String("r")})
	if err != nil || len(targets.Targets) != 1 || *targets.Targets[0].Arn != function {
		t.Fatal(targets, err)
	}
	if _, err := c.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r")}); code(err) != "ValidationException" {
		t.Errorf("deleted with targets: %v", err)
	}
	if removed, err := c.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: aws.String("r"), Ids: []string{"good", "none"}}); err != nil || removed.FailedEntryCount != 1 {
		t.Errorf("%+v %v", removed, err)
	}
	if _, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["mine"]}`), State: types.RuleStateDisabled}); err != nil {
		t.Error(err)
	}
	rules, err := c.ListRules(ctx, &eventbridge.ListRulesInput{NamePrefix: aws.String("r")})
	if err != nil || len(rules.Rules) != 1 || rules.Rules[0].State != types.RuleStateDisabled {
		t.Error(rules, err)
	}
	if _, err := c.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: aws.String("r")}); err != nil {
		t.Error(err)
	}
	if _, err := c.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("r")}); code(err) != "ResourceNotFoundException" {
		t.Errorf("described after deleting: %v", err)
	}
}

func TestSDKErrors(t *testing.T) {
	c := client(t, open(t, t.TempDir(), clock.Real{}, newInbox()))
	entries := func(n, size int) (list []types.PutEventsRequestEntry) {
		for range n {
			list = append(list, types.PutEventsRequestEntry{Source: aws.String("s"), DetailType: aws.String("d"), Detail: aws.String(`{"x":"` + strings.Repeat("x", size) + `"}`)})
		}
		return list
	}
	for name, call := range map[string]func(context.Context) error{
		"InvalidEventPatternException pattern": func(ctx context.Context) error {
			_, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":[{"prefix":1}]}`)})
			return err
		},
		"ValidationException schedule": func(ctx context.Context) error {
			_, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("rate(1 minutes)")})
			return err
		},
		"ValidationException one-shot": func(ctx context.Context) error {
			_, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("at(2026-01-02T03:04:05)")})
			return err
		},
		"ValidationException cron": func(ctx context.Context) error {
			_, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("cron(0 10 * * ? *)")})
			return err
		},
		"UnknownOperationException disable": func(ctx context.Context) error {
			_, err := c.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: aws.String("r")})
			return err
		},
		"ValidationException entries": func(ctx context.Context) error {
			_, err := c.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries(11, 1)})
			return err
		},
		"ValidationException size": func(ctx context.Context) error {
			_, err := c.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries(2, 128<<10)})
			return err
		},
		"ResourceNotFoundException targets": func(ctx context.Context) error {
			_, err := c.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String("none")})
			return err
		},
		"ResourceNotFoundException bus": func(ctx context.Context) error {
			_, err := c.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: aws.String("other")})
			return err
		},
		"UnknownOperationException archive": func(ctx context.Context) error {
			_, err := c.ListArchives(ctx, &eventbridge.ListArchivesInput{})
			return err
		},
		"ValidationException unread field": func(ctx context.Context) error {
			if _, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String(`{"source":["a"]}`)}); err != nil {
				return err
			}
			_, err := c.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{{
				Id: aws.String("t"), Arn: aws.String(function), SqsParameters: &types.SqsParameters{MessageGroupId: aws.String("g")},
			}}})
			return err
		},
		"ResourceNotFoundException rule": func(ctx context.Context) error {
			_, err := c.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("none")})
			return err
		},
	} {
		want, _, _ := strings.Cut(name, " ")
		if err := call(t.Context()); code(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A field that is not read is refused, whatever it would ask for.
func TestAFieldThatIsNotRead(t *testing.T) {
	s := open(t, t.TempDir(), clock.Real{}, newInbox())
	for body, want := range map[string]int{
		`{"Entries":[{"Source":"s","DetailType":"d","Detail":"{}"}]}`:                          http.StatusOK,
		`{"Entries":[{"Source":"s","DetailType":"d","Detail":"{}"}],"EndpointId":"abcde.veo"}`: http.StatusBadRequest,
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want || want != http.StatusOK && !strings.Contains(w.Body.String(), "ValidationException") {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}

// A schedule that a client makes goes on ticking after a restart.
func TestSDKSchedule(t *testing.T) {
	dir, in, v := t.TempDir(), newInbox(), clocktest.New(start)
	s := open(t, dir, v, in)
	c := client(t, s)
	if _, err := c.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("rate(1 hour)")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{{Id: aws.String("t"), Arn: aws.String(function)}}}); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	s = open(t, dir, v, in)
	s.Start()
	waitFor(t, func() bool { _, any := v.Next(); return any })
	v.Advance(time.Hour)
	if got := tickTime(t, <-in.came); got != "2026-01-02T04:04:05Z" {
		t.Errorf("tick at %s", got)
	}
}
