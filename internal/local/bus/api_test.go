package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/clock"
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

func TestSDKPutsEventsAndListsRules(t *testing.T) {
	in := newInbox()
	s := open(t, t.TempDir(), clock.Real{}, in)
	add(t, s, bus.Rule{Name: "r", Pattern: `{"source":["mine"]}`, Description: "d", Targets: to(function)})
	s.Start()
	c, ctx := client(t, s), t.Context()
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
	described, err := c.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: aws.String("r")})
	if err != nil || *described.Arn != "arn:aws:events:us-east-1:000000000000:rule/r" || *described.EventPattern != `{"source":["mine"]}` || described.State != types.RuleStateEnabled || *described.Description != "d" {
		t.Fatal(described, err)
	}
	targets, err := c.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: aws.String("r")})
	if err != nil || len(targets.Targets) != 1 || *targets.Targets[0].Arn != function {
		t.Fatal(targets, err)
	}
	for prefix, want := range map[string]int{"r": 1, "s": 0} {
		rules, err := c.ListRules(ctx, &eventbridge.ListRulesInput{NamePrefix: &prefix})
		if err != nil || len(rules.Rules) != want {
			t.Error(rules, err)
		}
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
		// Rules are the template's: a client that would change one is told.
		"UnknownOperationException rule": func(ctx context.Context) error {
			_, err := c.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("rate(1 minute)")})
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
