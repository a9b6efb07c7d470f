package endpoint_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
	"github.com/iris-oculus/iris/internal/cloud/endpoint"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/sagemaker"
)

const modelRole = "IRIS_ENDPOINT_TEST_MODEL"

func TestMain(m *testing.M) {
	if os.Getenv(modelRole) != "" {
		http.HandleFunc("/ping", func(http.ResponseWriter, *http.Request) {})
		_ = http.ListenAndServe("127.0.0.1:"+os.Getenv("SAGEMAKER_BIND_TO_PORT"), nil)
		return
	}
	os.Exit(m.Run())
}

// nowhere is a store without objects.
type nowhere struct{}

func (nowhere) Head(context.Context, string) (job.Object, error) {
	return job.Object{}, job.ErrNotFound
}
func (nowhere) Get(context.Context, string) (io.ReadCloser, error) { return nil, job.ErrNotFound }
func (nowhere) Put(_ context.Context, _, _ string, body io.Reader, _ int64) error {
	_, err := io.Copy(io.Discard, body)
	return err
}

func open(t *testing.T, startAfter time.Duration, change ...func(*sagemaker.Endpoint)) *endpoint.Endpoint {
	t.Helper()
	declared := sagemaker.Endpoint{
		Name: "gpu", OutputPath: "s3://work", FailurePath: "s3://work/failures", StartAfter: startAfter,
		Model: sagemaker.Model{Command: []string{os.Args[0]}, Env: append(os.Environ(), modelRole+"=1")},
	}
	for _, c := range change {
		c(&declared)
	}
	s, err := sagemaker.New(sagemaker.Config{
		Clock: clock.Real{}, Bucket: func(string) sagemaker.Objects { return nowhere{} },
		Endpoints: []sagemaker.Endpoint{declared},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() { server.Close(); _ = s.Close() })
	return endpoint.New(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1, APIOptions: awsconfig.KeepConnection,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	}, endpoint.Config{Name: "gpu", MaxInstances: 3})
}

func until(t *testing.T, e *endpoint.Endpoint, want endpoint.State) {
	t.Helper()
	var st endpoint.State
	for range 12_000 {
		var err error
		if st, err = e.Describe(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("endpoint %+v, want %+v", st, want)
}

func TestLeversWakeAndPark(t *testing.T) {
	for _, name := range []string{endpoint.LeverBounds, endpoint.LeverWeights} {
		t.Run(name, func(t *testing.T) {
			e := open(t, 0)
			lever, err := e.Lever(name)
			if err != nil {
				t.Fatal(err)
			}
			awake := map[string]job.Capacity{endpoint.LeverBounds: {Desired: 1, Bound: 3}, endpoint.LeverWeights: {Desired: 1, Bound: 1}}[name]
			for range 2 {
				if err := lever.SetDesired(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				until(t, e, endpoint.State{Status: "InService", Desired: 1, Current: 1})
				got, err := lever.Capacity(t.Context())
				if diff := cmp.Diff(awake, got); err != nil || diff != "" {
					t.Errorf("awake (-want +got): %v\n%s", err, diff)
				}
				if up, err := e.Up(t.Context()); err != nil || !up {
					t.Errorf("up %v, %v", up, err)
				}
				if err := lever.SetDesired(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
				until(t, e, endpoint.State{Status: "InService"})
				got, err = lever.Capacity(t.Context())
				if diff := cmp.Diff(job.Capacity{}, got); err != nil || diff != "" {
					t.Errorf("asleep (-want +got): %v\n%s", err, diff)
				}
			}
		})
	}
}

func TestAChangeWhileUpdatingIsBusy(t *testing.T) {
	for _, name := range []string{endpoint.LeverBounds, endpoint.LeverWeights} {
		t.Run(name, func(t *testing.T) {
			lever, err := open(t, time.Hour).Lever(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := lever.SetDesired(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			var busy *job.BusyError
			if err := lever.SetDesired(t.Context(), 0); !errors.As(err, &busy) {
				t.Fatalf("parking while it starts: %v, want BusyError", err)
			}
			c, err := lever.Capacity(t.Context())
			if err != nil || c.Desired != 1 {
				t.Errorf("after the refusal %+v, %v", c, err)
			}
			if name == endpoint.LeverBounds && c.Bound != 0 {
				t.Errorf("the new bounds were not registered: %+v", c)
			}
		})
	}
}

func TestSendNamesTheResult(t *testing.T) {
	e := open(t, 0)
	r := job.InferenceRequest{Name: "job-1", Input: "s3://work/job/1/volume.nii.gz", Attributes: "task=total;fast=false", Folder: "job/1", File: "labels.bin"}
	output, failure, err := e.Send(t.Context(), r)
	if err != nil || output != "s3://work/job/1/labels.bin" || !strings.HasPrefix(failure, "s3://work/failures/job/1/") {
		t.Errorf("sent to %q, %q: %v", output, failure, err)
	}
	r.File = "labels.nii.gz"
	var failed *job.EndpointFailedError
	if _, _, err := e.Send(t.Context(), r); !errors.As(err, &failed) {
		t.Errorf("a name with two dots: %v, want EndpointFailedError", err)
	}
}

// While a deployment makes the endpoint the functions are there already, and so are the
// janitor and perhaps a scan: they try again, and nobody is told of a fault.
func TestAnEndpointThatIsBeingMadeIsBusy(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		busy   bool
	}{
		"there is none":       {400, `{"__type":"ValidationException","message":"Could not find endpoint \"arn:aws:sagemaker:us-east-1:1:endpoint/gpu\"."}`, true},
		"it is being made":    {200, `{"EndpointStatus":"Creating"}`, true},
		"another fault of it": {400, `{"__type":"ValidationException","message":"1 validation error detected"}`, false},
		"no variant":          {200, `{"EndpointStatus":"InService"}`, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		e := endpoint.New(aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")}, endpoint.Config{Name: "gpu"})
		_, err := e.Up(t.Context())
		var busy *job.BusyError
		if errors.As(err, &busy) != c.busy || err == nil {
			t.Errorf("%s: %v, busy want %v", name, err, c.busy)
		}
		server.Close()
	}
}

func TestUnknownLever(t *testing.T) {
	if _, err := open(t, 0).Lever("crowbar"); err == nil {
		t.Error("accepted")
	}
}
