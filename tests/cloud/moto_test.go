package cloud_test

import (
	"errors"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	smtypes "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/endpoint"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/leases"
	"github.com/iris-oculus/iris/internal/cloud/workflow"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/storetest"
)

// moto is the address of moto's server, in which tests/template/moto_stack.py has made the
// template's stack (make test-cloud): AWS by somebody else's reading of it.
func moto(t *testing.T) string {
	t.Helper()
	address := os.Getenv("IRIS_MOTO")
	if address == "" {
		t.Skip("SKIPPED: IRIS_MOTO is not set: make test-cloud")
	}
	return address
}

// The stores on moto's DynamoDB and S3, in the table and the bucket that the template made
// there, pass what the doubles in memory and those of this machine pass.
func TestStoresConformOnMoto(t *testing.T) {
	target, err := url.Parse(moto(t))
	if err != nil {
		t.Fatal(err)
	}
	both := &front{Handler: httputil.NewSingleHostReverseProxy(target)}
	web := httptest.NewServer(both)
	t.Cleanup(web.Close)
	cfg := config(web.URL)
	cfg.RetryMaxAttempts = 1
	table, bucket := os.Getenv("IRIS_MOTO_TABLE"), os.Getenv("IRIS_MOTO_BUCKET")
	storetest.Run(t, func(t testing.TB) storetest.World {
		return storetest.World{
			Jobs: jobs.New(cfg, table), Lease: leases.New(cfg, table, t.Name()), Blobs: blobs.New(cfg, bucket),
			Fail: func(f storetest.Fault) { both.fault.Store(int32(f)) },
		}
	})
}

// The endpoint as the SDK sees it at moto: described, woken and put to sleep by each lever.
// What happens in between is SageMaker's, which moto does not play.
func TestTheEndpointOnMoto(t *testing.T) {
	cfg, ctx := config(moto(t)), t.Context()
	control := sagemaker.NewFromConfig(cfg)
	name := aws.String("moto-endpoint")
	for _, err := range []error{
		second(control.CreateModel(ctx, &sagemaker.CreateModelInput{ModelName: name, ExecutionRoleArn: aws.String("arn:aws:iam::123456789012:role/model"), PrimaryContainer: &smtypes.ContainerDefinition{Image: aws.String("image")}})),
		second(control.CreateEndpointConfig(ctx, &sagemaker.CreateEndpointConfigInput{EndpointConfigName: name, ProductionVariants: []smtypes.ProductionVariant{{
			VariantName: aws.String("AllTraffic"), ModelName: name, InstanceType: "ml.g4dn.xlarge", InitialInstanceCount: aws.Int32(1), InitialVariantWeight: aws.Float32(1),
		}}})),
		second(control.CreateEndpoint(ctx, &sagemaker.CreateEndpointInput{EndpointName: name, EndpointConfigName: name})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	e := endpoint.New(cfg, endpoint.Config{Name: *name, MaxInstances: 3})
	if st, err := e.Describe(ctx); err != nil || st != (endpoint.State{Status: "InService", Desired: 1, Current: 1}) {
		t.Errorf("%+v, %v", st, err)
	}
	for _, lever := range []string{endpoint.LeverWeights, endpoint.LeverBounds} {
		l, err := e.Lever(lever)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{2, 0, 1} {
			if err := l.SetDesired(ctx, n); err != nil {
				t.Errorf("%s: set %d: %v", lever, n, err)
			}
			if _, err := l.Capacity(ctx); err != nil {
				t.Errorf("%s: capacity: %v", lever, err)
			}
		}
	}
	if c, err := mustLever(t, e, endpoint.LeverBounds).Capacity(ctx); err != nil || c.Bound != 3 {
		t.Errorf("awake, the bounds allow %+v, %v: want 3", c, err)
	}
	if _, err := endpoint.New(cfg, endpoint.Config{Name: "no-such"}).Describe(ctx); err == nil {
		t.Error("an endpoint that there is not is described")
	}
}

func mustLever(t *testing.T, e *endpoint.Endpoint, name string) endpoint.Lever {
	t.Helper()
	l, err := e.Lever(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func second[T any](_ T, err error) error { return err }

// Events and executions at moto: an event of ours is taken, and an execution is started
// once under its name.
func TestTheWorkflowOnMoto(t *testing.T) {
	w := workflow.New(config(moto(t)), "arn:aws:states:us-east-1:123456789012:stateMachine:moto1-scan")
	ctx, id := t.Context(), job.NewID(time.Now(), [10]byte{7})
	away := config(moto(t))
	away.Region = "eu-central-1" // without the stack's rules, at whose targets moto fails
	if err := workflow.New(away, "").Announce(ctx, job.EventReady, job.EventDetail{Job: id, Attempt: 1, Status: job.Ready}); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := w.Start(ctx, job.Execution{Job: id, Attempt: 1}); err != nil {
			t.Errorf("start: %v", err)
		}
	}
	if _, known, err := w.Running(ctx, job.ExecutionName(id, 1)); err != nil || !known {
		t.Errorf("known %v, %v", known, err)
	}
	if running, known, err := w.Running(ctx, job.ExecutionName(id, 2)); err != nil || running || known {
		t.Errorf("one that nobody started: running %v, known %v, %v", running, known, err)
	}
	if err := w.Stop(ctx, job.ExecutionName(id, 1)); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := w.Succeed(ctx, "no-such-token", struct{}{}); err != nil && !errors.Is(err, job.ErrStale) {
		t.Logf("a token that there is not: %v", err) // moto says it in its own way
	}
}

// Uploads in parts, by signed URLs, and erasures of every version at moto.
func TestUploadsAndErasuresOnMoto(t *testing.T) {
	b, ctx := blobs.New(config(moto(t)), os.Getenv("IRIS_MOTO_BUCKET")), t.Context()
	upload, err := b.StartParts(ctx, "jobs/1/a.nii", "application/octet-stream", map[string]string{"iris-fast": "true"})
	if err != nil {
		t.Fatal(err)
	}
	if parts, err := b.ListParts(ctx, "jobs/1/a.nii", upload); err != nil || len(parts) != 0 {
		t.Errorf("parts %v, %v", parts, err)
	}
	if signed, err := b.SignPart(ctx, "jobs/1/a.nii", upload, 1, 100); err != nil || !strings.Contains(signed, "partNumber=1") {
		t.Errorf("%s, %v", signed, err)
	}
	put(t, b, "jobs/1/b.nii", "scan")
	got, err := b.DeletePrefix(ctx, "jobs/1/")
	if d := cmp.Diff(job.Tally{Objects: 1, Bytes: 4, Uploads: 1}, got); err != nil || d != "" {
		t.Errorf("erased: %v (-want +got): %s", err, d)
	}
	if left, err := b.Tally(ctx, "jobs/1/"); err != nil || !left.Empty() {
		t.Errorf("left %+v, %v", left, err)
	}
}
