package topics_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/iris-oculus/iris/internal/local/bus/topics"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/clock/clocktest"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

const (
	topic    = "arn:aws:sns:us-east-1:000000000000:done"
	function = "arn:aws:lambda:us-east-1:000000000000:function:f"
)

type inbox struct {
	mu     sync.Mutex
	refuse func(n int) error
	n      int
	got    []string
}

func (b *inbox) take(_ context.Context, arn string, payload []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n++; b.refuse != nil {
		if err := b.refuse(b.n); err != nil {
			return err
		}
	}
	b.got = append(b.got, arn+" "+string(payload))
	return nil
}

func (b *inbox) attempts() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

// opened is the topics with their store, which Close closes too.
type opened struct {
	*topics.Service
	store *store.Store
}

func (o opened) Close() error { return errors.Join(o.Service.Close(), o.store.Close()) }

func open(t *testing.T, dir string, c clock.Clock, in *inbox) opened {
	t.Helper()
	o := opened{store: storetest.Open(t, dir)}
	var err error
	o.Service, err = topics.New(topics.Config{Store: o.store, Clock: c, Lambda: in.take})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	o.AddTopic(topic)
	if _, err := o.Subscribe(topic, function); err != nil {
		t.Fatal(err)
	}
	return o
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	// As long as the slowest machine needs: only what never comes ends here.
	for range 120_000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("waited two minutes in vain")
}

func TestAFunctionGetsAnSNSEvent(t *testing.T) {
	in := &inbox{}
	s := open(t, t.TempDir(), clocktest.New(start), in)
	s.Start()
	const message = `{"invocationStatus":"Completed","ü":"<&>"}`
	if err := s.Publish(t.Context(), topic, "a subject", message); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return s.Waiting() == 0 })
	if len(in.got) != 1 {
		t.Fatalf("%d deliveries: want 1", len(in.got))
	}
	arn, payload, _ := strings.Cut(in.got[0], " ")
	var e events.SNSEvent
	if err := json.Unmarshal([]byte(payload), &e); err != nil {
		t.Fatal(err)
	}
	r := e.Records[0]
	if arn != function || r.EventSource != "aws:sns" || r.EventVersion != "1.0" || !strings.HasPrefix(r.EventSubscriptionArn, topic+":") {
		t.Errorf("record %+v", r)
	}
	if r.SNS.Message != message || r.SNS.Subject != "a subject" || r.SNS.TopicArn != topic || r.SNS.Type != "Notification" || !r.SNS.Timestamp.Equal(start) || r.SNS.MessageID == "" {
		t.Errorf("message %+v", r.SNS)
	}
}

func TestWithoutASubjectItIsNull(t *testing.T) {
	in := &inbox{}
	s := open(t, t.TempDir(), clock.Real{}, in)
	s.Start()
	if err := s.Publish(t.Context(), topic, "", "m"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return s.Waiting() == 0 })
	if !strings.Contains(in.got[0], `"Subject":null`) || !strings.Contains(in.got[0], `"MessageAttributes":{}`) {
		t.Error(in.got[0])
	}
}

func TestSubscribingTwiceDeliversOnce(t *testing.T) {
	in := &inbox{}
	s := open(t, t.TempDir(), clock.Real{}, in)
	first, err1 := s.Subscribe(topic, function)
	again, err2 := open(t, t.TempDir(), clock.Real{}, in).Subscribe(topic, function)
	if first != again || err1 != nil || err2 != nil {
		t.Errorf("%s, %v; %s, %v: want one name", first, err1, again, err2)
	}
	s.Start()
	if err := s.Publish(t.Context(), topic, "", "m"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return s.Waiting() == 0 })
	if len(in.got) != 1 {
		t.Errorf("%d deliveries", len(in.got))
	}
}

func TestAcceptedMessagesSurvive(t *testing.T) {
	dir, in := t.TempDir(), &inbox{}
	s := open(t, dir, clock.Real{}, in) // never started
	for range 5 {
		if err := s.Publish(t.Context(), topic, "", "m"); err != nil {
			t.Fatal(err)
		}
	}
	next := open(t, storetest.Crashed(t, dir), clock.Real{}, in)
	next.Start()
	waitFor(t, func() bool { return next.Waiting() == 0 })
	if len(in.got) != 5 {
		t.Errorf("%d of 5 arrived", len(in.got))
	}
}

// SNS's policy for functions: three retries at once, two after 1 s, then waits
// that grow to 20 s and stay there.
func TestRetries(t *testing.T) {
	in, v := &inbox{refuse: func(int) error { return errors.New("busy") }}, clocktest.New(start)
	s := open(t, t.TempDir(), v, in)
	s.Start()
	if err := s.Publish(t.Context(), topic, "", "m"); err != nil {
		t.Fatal(err)
	}
	for i, wait := range []time.Duration{1, 1, 2, 4, 8, 16, 20, 20, 20} {
		waitFor(t, func() bool { _, any := v.Next(); return any && in.attempts() == 4+i })
		if next, _ := v.Next(); next.Sub(v.Now()) != wait*time.Second {
			t.Errorf("attempt %d: then waits %v: want %d s", 4+i, next.Sub(v.Now()), wait)
		}
		v.Advance(wait * time.Second)
	}
}

type permanent struct{ error }

func (permanent) Permanent() bool { return true }

func TestPermanentFailureIsADeadLetter(t *testing.T) {
	dir, in := t.TempDir(), &inbox{refuse: func(int) error { return permanent{errors.New("no such function")} }}
	s := open(t, dir, clock.Real{}, in)
	s.Start()
	if err := s.Publish(t.Context(), topic, "", "precious"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return s.Waiting() == 0 })
	_ = s.Close()
	dead := open(t, dir, clock.Real{}, in).DeadLetters()
	if len(dead) != 1 || !strings.Contains(string(dead[0].Body), "precious") || in.attempts() != 1 {
		t.Errorf("dead letters %+v after %d attempts", dead, in.attempts())
	}
}

func TestRefused(t *testing.T) {
	s := open(t, t.TempDir(), clock.Real{}, &inbox{})
	for name, c := range map[string]struct {
		topic, subject, message string
		want                    error
	}{
		"unknown topic":  {"arn:aws:sns:us-east-1:000000000000:other", "", "m", topics.ErrNoTopic},
		"empty":          {topic, "", "", topics.ErrInvalid},
		"too large":      {topic, "", strings.Repeat("x", 256<<10+1), topics.ErrInvalid},
		"not UTF-8":      {topic, "", "\xff", topics.ErrInvalid},
		"two lines":      {topic, "a\nb", "m", topics.ErrInvalid},
		"long a subject": {topic, strings.Repeat("x", 101), "m", topics.ErrInvalid},
	} {
		if err := s.Publish(t.Context(), c.topic, c.subject, c.message); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Subscribe(topic, "https://example.com"); !errors.Is(err, topics.ErrInvalid) {
		t.Errorf("subscribe a URL: %v", err)
	}
}

func TestQueryAPI(t *testing.T) {
	in := &inbox{}
	s := open(t, t.TempDir(), clock.Real{}, in)
	s.Start()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for _, c := range []struct {
		name   string
		form   url.Values
		status int
		want   string
	}{
		{"publish", url.Values{"Action": {"Publish"}, "TopicArn": {topic}, "Message": {"from outside"}}, 200, "<PublishResult><MessageId>"},
		{"unknown topic", url.Values{"Action": {"Publish"}, "TopicArn": {topic + "x"}, "Message": {"m"}}, 404, "<Code>NotFound</Code>"},
		{"no message", url.Values{"Action": {"Publish"}, "TopicArn": {topic}}, 400, "<Code>InvalidParameter</Code>"},
		{"list", url.Values{"Action": {"ListTopics"}}, 200, "<Topics><member><TopicArn>" + topic + "</TopicArn></member></Topics>"},
		{"attributes", url.Values{"Action": {"GetTopicAttributes"}, "TopicArn": {topic}}, 200, "<entry><key>SubscriptionsConfirmed</key><value>1</value></entry>"},
		{"subscriptions", url.Values{"Action": {"ListSubscriptionsByTopic"}, "TopicArn": {topic}}, 200, "<Endpoint>" + function + "</Endpoint>"},
		{"unknown action", url.Values{"Action": {"CreatePlatformEndpoint"}}, 400, "<Code>InvalidAction</Code>"},
	} {
		res, err := http.PostForm(server.URL, c.form)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != c.status || !strings.Contains(string(b), c.want) {
			t.Errorf("%s: %d %s", c.name, res.StatusCode, b)
		}
	}
	waitFor(t, func() bool { return s.Waiting() == 0 })
	if len(in.got) != 1 || !strings.Contains(in.got[0], "from outside") {
		t.Errorf("arrived %v", in.got)
	}
}
