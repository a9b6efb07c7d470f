package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/local/bus"
	"github.com/iris-oculus/iris/internal/local/bus/topics"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/sagemaker"
	"github.com/iris-oculus/iris/internal/local/states"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/template"
)

const (
	account = "000000000000"
	region  = "us-east-1"
)

// epoch is when each run begins, within its bubble of testing/synctest.
var epoch = time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)

// world is the whole system in one process and in virtual time: the deployed workflow,
// the rules, topics and schedules of template.yaml, the functions as their mains build
// them, the endpoint, and a table and buckets in memory, all over one wire.
type world struct {
	template  *template.Template
	storm     *storm
	wire      *wire
	host      *host
	dynamo    *dynamo
	s3        *s3
	store     *store.Store
	bus       *bus.Service
	topics    *topics.Service
	sagemaker *sagemaker.Service
	states    *states.Service
	end       context.CancelFunc
	log       func(format string, args ...any)

	seen seen

	claimsLock sync.Mutex
	claims     map[string]*dropped // by job
}

// parameters of the template, as `iris up` sets them. Seeds that are even keep versions, as
// a deployment on AWS does.
var parameters = map[string]string{
	"UploadsBucketName": "iris-uploads", "WorkBucketName": "iris-work", "ResultsBucketName": "iris-results",
	"InstancePrice": "0", "EndpointName": "iris-model", "KeepVersions": "yes", "InferenceAmi": "",
	"ModelImageUri": "local/tissue", "Tasks": "total", "LingerSeconds": "120",
	"WebhookUrl": "https://hooks.example/iris", "WebhookSecrets": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLjdRwMTKmhsd",
}

func root(parts ...string) string { return filepath.Join(append([]string{"..", ".."}, parts...)...) }

var jsonata = root("build", "node", "node_modules", "jsonata", "jsonata-es5.min.js")

// loaded is the template, which is read once.
var loaded = sync.OnceValues(func() (*template.Template, error) {
	return template.Load(root("template.yaml"), template.Identity{Account: account, Region: region, Stack: "iris", APIEndpoint: "http://127.0.0.1:8000"}, parameters)
})

// newWorld must be called in a bubble; close ends everything that it starts.
func newWorld(t *testing.T, s *storm) *world {
	t.Helper()
	tp, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	over, end := context.WithCancel(context.Background())
	w := &world{template: tp, storm: s, dynamo: &dynamo{}, s3: &s3{versioned: s.seed%2 == 0}, end: end, log: t.Logf}
	w.host = &host{happens: s.happens, over: over}
	w.seen.w = w
	w.host.ended = w.seen.excuse
	w.dynamo.wrote = w.seen.wrote
	w.s3.created = w.created
	w.wire = &wire{storm: s}
	w.host.functions = w.functions()
	file := filepath.Join(memoryFolder(t), "store.db")
	if w.store, err = store.Open(file, nil); err != nil {
		t.Fatal(err)
	}
	w.build(t)
	w.wire.services = map[string]http.Handler{
		"s3": w.s3, "dynamodb": w.dynamo, "lambda": w.host, "states": w.states, "events": w.seen.events(w.bus),
		"sagemaker": w.sagemaker, "application-autoscaling": w.sagemaker,
	}
	w.bus.Start()
	w.topics.Start()
	return w
}

// memoryFolder is a folder for a file that is synced at each change, in memory where the
// machine has such a place.
func memoryFolder(t *testing.T) string {
	const memory = "/dev/shm"
	if dir, err := os.MkdirTemp(memory, "iris-chaos-"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) build(t *testing.T) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	var err error
	w.bus, err = bus.New(bus.Config{
		Store: w.store, Clock: clock.Real{}, Account: account, Region: region, Logger: quiet,
		Deliver: map[string]bus.Deliver{
			"lambda": func(ctx context.Context, to bus.Target, payload []byte) error {
				return w.deliver(ctx, to.ARN, payload)
			},
			"sns": func(ctx context.Context, to bus.Target, payload []byte) error {
				return w.topics.Publish(ctx, to.ARN, "", string(payload))
			},
		},
	})
	must(t, err)
	w.topics, err = topics.New(topics.Config{Store: w.store, Clock: clock.Real{}, Lambda: w.deliver, Logger: quiet})
	must(t, err)
	for _, topic := range w.template.Topics {
		w.topics.AddTopic(topic.ARN)
	}
	for _, sub := range w.template.Subscriptions {
		_, err := w.topics.Subscribe(sub.TopicARN, sub.FunctionARN)
		must(t, err)
	}
	for _, r := range w.template.Rules {
		rule := bus.Rule{Name: r.Name, Pattern: string(r.Pattern), Schedule: r.Schedule, State: bus.Enabled}
		for _, to := range r.Targets {
			rule.Targets = append(rule.Targets, bus.Target{ID: to.ID, ARN: to.ARN})
		}
		must(t, w.bus.AddRule(rule))
	}
	w.sagemaker, err = sagemaker.New(sagemaker.Config{
		Store: w.store, Clock: clock.Real{}, Emit: w.bus.Emit, Publish: w.topics.Add, Endpoints: w.endpoints(),
		Bucket: func(name string) sagemaker.Objects { return plain{w.s3, name, w.storm.full} },
	})
	must(t, err)
	w.states, err = states.New(states.Config{
		Store: w.store, Clock: clock.Real{}, Invoke: w.host.Invoke, Emit: w.bus.Add, JSONataPath: jsonata,
		Region: region, Account: account, Logger: quiet, Random: func() float64 { return w.storm.roll("jitter").Float64() },
	})
	must(t, err)
	for _, m := range w.template.StateMachines {
		text, err := os.ReadFile(root(filepath.FromSlash(m.Definition)))
		must(t, err)
		definition, err := m.Substitute(string(text))
		must(t, err)
		_, err = w.states.CreateOrUpdate(m.Name, []byte(definition), "arn:aws:iam::"+account+":role/iris")
		must(t, err)
		w.states.Alias(m.Name, m.Alias)
	}
	for _, target := range w.template.Targets {
		what := map[string]any{
			"ServiceNamespace": target.Namespace, "ScalableDimension": target.Dimension, "ResourceId": target.Target,
			"MinCapacity": target.Min, "MaxCapacity": target.Max,
		}
		must(t, w.sagemaker.Call("RegisterScalableTarget", what, &struct{}{}))
	}
}

func (w *world) endpoints() (all []sagemaker.Endpoint) {
	for _, e := range w.template.Endpoints {
		for _, c := range w.template.EndpointConfig {
			if c.Name == e.Config {
				all = append(all, sagemaker.Endpoint{
					Name: e.Name, Variant: c.Variant, Config: c.Name, Concurrency: c.Concurrency,
					OutputPath: c.OutputPath, FailurePath: c.FailurePath, SuccessTopic: c.SuccessTopic, ErrorTopic: c.ErrorTopic,
					Model: sagemaker.Model{Server: &model{storm: w.storm}}, StartAfter: 4 * time.Minute, StopAfter: time.Minute, ScaleAfter: 20 * time.Second,
				})
			}
		}
	}
	return all
}

func (w *world) close(t *testing.T) {
	t.Helper()
	w.end()
	err := errors.Join(w.states.Close(), w.bus.Close(), w.sagemaker.Close(), w.topics.Close())
	w.host.running.Wait()
	must(t, errors.Join(err, w.store.Close()))
}

// created announces a new object of the uploads bucket.
func (w *world) created(bucket string, v version, reason string) error {
	if bucket != "iris-uploads" {
		return nil
	}
	return w.bus.ObjectCreated(context.Background(), bus.Object{
		Bucket: bucket, Key: v.key, Size: int64(len(v.body)), ETag: v.etag, Sequencer: fmt.Sprintf("%018x", v.sequence), Reason: reason,
	})
}

// deliver brings an event or a message to a function: late, twice or not at all where the
// storm wants it and the service that brings it may do so.
func (w *world) deliver(_ context.Context, arn string, payload []byte) error {
	times := w.storm.delivery(nameOf(arn), payload)
	for _, wait := range times {
		w.host.running.Go(func() {
			if w.host.pause(wait) {
				_ = w.host.InvokeAsync(w.host.over, arn, payload) // its one error is that there is no such function
			}
		})
	}
	return nil
}

// api asks the HTTP API, whose function is one like all others.
func (w *world) api(method, path, body string, answer any) (status int, err error) {
	event := map[string]any{
		"rawPath": strings.SplitN(path, "?", 2)[0], "body": body, "headers": map[string]string{"content-type": "application/json"},
		"requestContext": map[string]any{
			"domainName": "127.0.0.1:8000", "http": map[string]any{"method": method, "path": strings.SplitN(path, "?", 2)[0]},
			"authorizer": map[string]any{"iam": map[string]any{"userArn": "arn:aws:iam::" + account + ":root"}},
		},
	}
	if _, query, ok := strings.Cut(path, "?"); ok {
		event["rawQueryString"] = query
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return 0, err
	}
	reply, functionError, err := w.host.Invoke(w.host.over, "iris-api", payload)
	if err != nil || functionError != "" {
		return http.StatusInternalServerError, nil // so API Gateway says
	}
	var out struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(reply, &out); err != nil {
		return 0, err
	}
	if answer != nil && out.StatusCode < 300 && out.Body != "" {
		err = json.Unmarshal([]byte(out.Body), answer)
	}
	return out.StatusCode, err
}
