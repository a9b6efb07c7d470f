package sagemaker

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	smtypes "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	"github.com/aws/smithy-go"

	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
)

// scale sets the desired count by the SDK.
func (f *stage) scale(n int32) error {
	_, err := sagemaker.NewFromConfig(f.sdk()).UpdateEndpointWeightsAndCapacities(f.t.Context(), &sagemaker.UpdateEndpointWeightsAndCapacitiesInput{
		EndpointName: aws.String("gpu"),
		DesiredWeightsAndCapacities: []smtypes.DesiredWeightAndCapacity{
			{VariantName: aws.String("AllTraffic"), DesiredInstanceCount: &n},
		},
	})
	return err
}

// invoke sends an input that the model treats as attributes say.
func (f *stage) invoke(name, attributes string, change func(*sagemakerruntime.InvokeEndpointAsyncInput)) (*sagemakerruntime.InvokeEndpointAsyncOutput, error) {
	f.store.put("s3://work/in/"+name, "volume of "+name)
	in := &sagemakerruntime.InvokeEndpointAsyncInput{
		EndpointName: aws.String("gpu"), InputLocation: aws.String("s3://work/in/" + name), InferenceId: &name,
		S3OutputPathExtension: aws.String(name + "/1"), Filename: aws.String("labels.bin"), CustomAttributes: &attributes,
		RequestTTLSeconds: aws.Int32(3600), InvocationTimeoutSeconds: aws.Int32(3600),
	}
	if change != nil {
		change(in)
	}
	return sagemakerruntime.NewFromConfig(f.sdk()).InvokeEndpointAsync(f.t.Context(), in)
}

func (f *stage) mustInvoke(name, attributes string) *sagemakerruntime.InvokeEndpointAsyncOutput {
	f.t.Helper()
	out, err := f.invoke(name, attributes, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func parse(t *testing.T, m message) notification {
	t.Helper()
	var n notification
	if err := json.Unmarshal([]byte(m.text), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAQueuedRequestRunsOnceAnInstanceIsUp(t *testing.T) {
	f := setUp(t, t.TempDir(), nil)
	out := f.mustInvoke("one", "task=tissue")
	if got, want := aws.ToString(out.OutputLocation), "s3://work/one/1/labels.bin"; got != want {
		t.Errorf("output at %s, want %s", got, want)
	}
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	n := parse(t, f.next())
	if n.InvocationStatus != "Completed" || n.InferenceID != "one" || n.ResponseParameters.OutputLocation != *out.OutputLocation {
		t.Errorf("message %+v", n)
	}
	if got, _ := f.store.get(*out.OutputLocation); got != "VOLUME OF ONE" {
		t.Errorf("result %q", got)
	}
	f.until(1)
	if err := f.scale(0); err != nil {
		t.Fatal(err)
	}
	f.until(0)
	if left := storetest.Count(t, f.cfg.Store, RequestBucket); left > 0 {
		t.Errorf("%d requests are left in the store", left)
	}
}

func TestFailuresAsSageMakerReportsThem(t *testing.T) {
	f := setUp(t, "", nil)
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, attributes, reason, object string
	}{
		{"wrong input", "refuse=400", "client error (400)", `{"code":"bad_volume","message":"no"}`},
		{"server error", "refuse=500", "server error (500)", `{"code":"bad_volume","message":"no"}`},
		{"container exits", "exit", "ended before it answered", "ModelError"},
		{"too many headers", "headers", "response headers", "ModelError"},
		{"no content length", "stream", "Content-Length", "ModelError"},
		{"reply is cut off", "cut", "ended before it answered", "ModelError"},
	}
	for n, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			name := "job" + string(rune('a'+n))
			out := f.mustInvoke(name, c.attributes)
			m := f.next()
			got := parse(t, m)
			if m.topic != "arn:error" || got.InvocationStatus != "Failed" || got.InferenceID != name || !strings.Contains(got.FailureReason, c.reason) {
				t.Errorf("message to %s: %+v, want a failure that says %q", m.topic, got, c.reason)
			}
			if body, _ := f.store.get(aws.ToString(out.FailureLocation)); !strings.Contains(body, c.object) {
				t.Errorf("failure object %q, want %q", body, c.object)
			}
			if _, found := f.store.get(*out.OutputLocation); found {
				t.Error("a failed request left a result")
			}
		})
	}
	f.mustInvoke("after", "task=tissue")
	if n := parse(t, f.next()); n.InvocationStatus != "Completed" {
		t.Errorf("after all that: %+v", n)
	}
}

func TestAnInputThatIsGoneFailsFast(t *testing.T) {
	f := setUp(t, "", nil)
	_, err := f.invoke("gone", "", func(in *sagemakerruntime.InvokeEndpointAsyncInput) {
		in.CustomAttributes = nil
		in.InputLocation = aws.String("s3://work/nowhere")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	if n := parse(t, f.next()); n.FailureReason != reasonInput {
		t.Errorf("reason %q", n.FailureReason)
	}
}

func TestChangesAreRefusedWhileUpdating(t *testing.T) {
	f := setUp(t, "", func(e *Endpoint) { e.StartAfter = time.Hour })
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	var api smithy.APIError
	if err := f.scale(0); !errors.As(err, &api) || api.ErrorCode() != "ValidationException" || !strings.Contains(api.ErrorMessage(), "Cannot update in-progress endpoint") {
		t.Errorf("a second change: %v", err)
	}
	out, err := sagemaker.NewFromConfig(f.sdk()).DescribeEndpoint(t.Context(), &sagemaker.DescribeEndpointInput{EndpointName: aws.String("gpu")})
	if err != nil {
		t.Fatal(err)
	}
	v := out.ProductionVariants[0]
	if out.EndpointStatus != smtypes.EndpointStatusUpdating || *v.DesiredInstanceCount != 1 || *v.CurrentInstanceCount != 0 {
		t.Errorf("described as %s %d %d", out.EndpointStatus, *v.DesiredInstanceCount, *v.CurrentInstanceCount)
	}
}

func TestAHangingModelIsEndedAtItsTimeout(t *testing.T) {
	f := setUp(t, "", nil)
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(t.TempDir(), "hung")
	short := func(in *sagemakerruntime.InvokeEndpointAsyncInput) { in.InvocationTimeoutSeconds = aws.Int32(1) }
	if _, err := f.invoke("hang", "once="+mark, short); err != nil {
		t.Fatal(err)
	}
	if n := parse(t, f.next()); n.FailureReason != reasonTimeout {
		t.Errorf("reason %q", n.FailureReason)
	}
	if _, err := f.invoke("again", "task=x", nil); err != nil { // whether the first reached the model or not
		t.Fatal(err)
	}
	if n := parse(t, f.next()); n.InvocationStatus != "Completed" || n.InferenceID != "again" {
		t.Errorf("the next request: %+v", n)
	}
}

func TestScaleInEndsARunningRequest(t *testing.T) {
	for _, lose := range []bool{false, true} {
		f := setUp(t, "", func(e *Endpoint) { e.LoseOnScaleIn = lose })
		if err := f.scale(1); err != nil {
			t.Fatal(err)
		}
		f.until(1)
		f.mustInvoke("slow", "sleep=1m")
		for f.running() == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		if err := f.scale(0); err != nil {
			t.Fatal(err)
		}
		f.until(0)
		if lose { // the next request's message is the first that comes
			if err := f.scale(1); err != nil {
				t.Fatal(err)
			}
			f.mustInvoke("later", "task=x")
			if n := parse(t, f.next()); n.InferenceID != "later" || n.InvocationStatus != "Completed" {
				t.Errorf("a lost request was announced: %+v", n)
			}
		} else if n := parse(t, f.next()); n.FailureReason != reasonEnded {
			t.Errorf("reason %q", n.FailureReason)
		}
	}
}

func (f *stage) running() int {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	n := 0
	for _, r := range f.s.endpoints[0].queue {
		if r.instance != 0 {
			n++
		}
	}
	return n
}

// TestRestartForgetsNothing closes the service, which does what kill -9 does to
// its requests, with one request running and two queued.
func TestRestartForgetsNothing(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "hung")
	f := setUp(t, t.TempDir(), nil)
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	f.until(1)
	f.mustInvoke("first", "once="+mark)
	f.mustInvoke("second", "task=x")
	f.mustInvoke("third", "task=x")
	for {
		if _, err := os.Stat(mark); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := f.s.Close(); err != nil {
		t.Fatal(err)
	}
	f.start()
	for _, want := range []string{"first", "second", "third"} {
		if n := parse(t, f.next()); n.InferenceID != want || n.InvocationStatus != "Completed" {
			t.Errorf("after the restart %+v, want %s completed", n, want)
		}
	}
}

func TestAFullStoreDelaysButLosesNothing(t *testing.T) {
	f := setUp(t, "", nil)
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	f.store.mu.Lock()
	f.store.full = true
	f.store.mu.Unlock()
	f.mustInvoke("one", "task=x")
	<-f.store.refused
	<-f.store.refused // tried again
	if _, found := f.store.get("s3://work/one/1/labels.bin"); found || len(f.messages) > 0 {
		t.Errorf("while the store is full: stored %v, %d messages", found, len(f.messages))
	}
	f.store.mu.Lock()
	f.store.full = false
	f.store.mu.Unlock()
	if n := parse(t, f.next()); n.InvocationStatus != "Completed" {
		t.Errorf("message %+v", n)
	}
	if _, found := f.store.get("s3://work/one/1/labels.bin"); !found {
		t.Error("the result is lost")
	}
}

// The message about a request and the request's removal are one transaction: a crash
// between the two would tell twice, or never.
func TestAnEndIsOneTransaction(t *testing.T) {
	f := setUp(t, t.TempDir(), nil)
	publish := f.cfg.Publish
	var before string
	f.cfg.Publish = func(b *store.Batch, topic, subject, text string) error {
		before = storetest.Crashed(t, f.dir)
		b.Put("told", "message", text)
		return publish(b, topic, subject, text)
	}
	if err := f.s.Close(); err != nil {
		t.Fatal(err)
	}
	f.start()
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	f.mustInvoke("one", "task=x")
	f.next()
	for name, want := range map[string]struct {
		dir           string
		waiting, told int
	}{"before": {before, 1, 0}, "after": {storetest.Crashed(t, f.dir), 0, 1}} {
		s := storetest.Open(t, want.dir)
		if w, n := storetest.Count(t, s, RequestBucket), storetest.Count(t, s, "told"); w != want.waiting || n != want.told {
			t.Errorf("%s: %d requests, %d messages: want %d and %d", name, w, n, want.waiting, want.told)
		}
	}
}

func TestAModelServerThatNeverAnswersIsGivenUp(t *testing.T) {
	for _, script := range []string{"exit 1", "sleep 60"} {
		t.Run(script, func(t *testing.T) {
			f := setUp(t, "", func(e *Endpoint) {
				e.Model = Model{Command: []string{"sh", "-c", script}, StartTimeout: 300 * time.Millisecond}
			})
			if err := f.scale(1); err != nil {
				t.Fatal(err)
			}
			f.until(0)
			out, err := sagemaker.NewFromConfig(f.sdk()).DescribeEndpoint(t.Context(), &sagemaker.DescribeEndpointInput{EndpointName: aws.String("gpu")})
			if err != nil || !strings.Contains(aws.ToString(out.FailureReason), "/ping") {
				t.Errorf("failure reason %q, %v", aws.ToString(out.FailureReason), err)
			}
		})
	}
}

func TestATopicThatTakesNothingHoldsNobodyUp(t *testing.T) {
	f := setUp(t, "", nil)
	f.refuses.Store(publishTries)
	if err := f.scale(1); err != nil {
		t.Fatal(err)
	}
	f.mustInvoke("one", "task=x")
	f.mustInvoke("two", "task=x")
	if n := parse(t, f.next()); n.InferenceID != "two" {
		t.Errorf("heard of %s, want two: the message about one is lost", n.InferenceID)
	}
	if _, found := f.store.get("s3://work/one/1/labels.bin"); !found {
		t.Error("the result of one is lost")
	}
}

func TestInvocationLimits(t *testing.T) {
	f := setUp(t, "", nil)
	type input = sagemakerruntime.InvokeEndpointAsyncInput
	cases := []struct {
		name   string
		change func(*input)
		ok     bool
	}{
		{"as it should be", func(*input) {}, true},
		{"no extension and no file", func(in *input) { in.S3OutputPathExtension, in.Filename = nil, nil }, true},
		{"two dots", func(in *input) { in.Filename = aws.String("labels.nii.gz") }, false},
		{"file of 32", func(in *input) { in.Filename = aws.String(strings.Repeat("a", 32)) }, true},
		{"file of 33", func(in *input) { in.Filename = aws.String(strings.Repeat("a", 33)) }, false},
		{"file begins with a dot", func(in *input) { in.Filename = aws.String(".x") }, false},
		{"extension with a scheme", func(in *input) { in.S3OutputPathExtension = aws.String("s3://b/x") }, false},
		{"extension of 513", func(in *input) { in.S3OutputPathExtension = aws.String(strings.Repeat("a", 513)) }, false},
		{"attributes of 1025", func(in *input) { in.CustomAttributes = aws.String(strings.Repeat("a", 1025)) }, false},
		{"id of 65", func(in *input) { in.InferenceId = aws.String(strings.Repeat("a", 65)) }, false},
		{"TTL 59", func(in *input) { in.RequestTTLSeconds = aws.Int32(59) }, false},
		{"TTL 21600", func(in *input) { in.RequestTTLSeconds = aws.Int32(21600) }, true},
		{"TTL 21601", func(in *input) { in.RequestTTLSeconds = aws.Int32(21601) }, false},
		{"timeout 0", func(in *input) { in.InvocationTimeoutSeconds = aws.Int32(0) }, false},
		{"timeout 3601", func(in *input) { in.InvocationTimeoutSeconds = aws.Int32(3601) }, false},
		{"input elsewhere", func(in *input) { in.InputLocation = aws.String("file:///etc/passwd") }, false},
		{"no such endpoint", func(in *input) { in.EndpointName = aws.String("other") }, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := f.invoke("job", "task=x", c.change)
			var api smithy.APIError
			if (err == nil) != c.ok || err != nil && (!errors.As(err, &api) || !strings.HasPrefix(api.ErrorCode(), "Validation")) {
				t.Errorf("got %v, want ok %v", err, c.ok)
			}
		})
	}
}
