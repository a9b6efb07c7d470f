package sagemaker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/clock"
	"github.com/iris-oculus/iris/internal/local/store"
	"github.com/iris-oculus/iris/internal/local/store/storetest"
)

// modelRole makes this test binary the model server of its own tests.
const modelRole = "IRIS_SAGEMAKER_TEST_MODEL"

func TestMain(m *testing.M) {
	if os.Getenv(modelRole) != "" {
		model()
		return
	}
	if os.Getenv(serviceRole) != "" {
		victim()
		return
	}
	os.Exit(m.Run())
}

// model answers a request as its custom attributes say.
func model() {
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM)
	http.HandleFunc("/ping", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/invocations", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch do, arg, _ := strings.Cut(r.Header.Get("X-Amzn-SageMaker-Custom-Attributes"), "="); do {
		case "sleep":
			d, _ := time.ParseDuration(arg)
			select {
			case <-time.After(d):
			case <-ends:
				os.Exit(0)
			}
		case "exit":
			os.Exit(3)
		case "refuse":
			status, _ := strconv.Atoi(arg)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"code":"bad_volume","message":"no"}`)
			return
		case "headers":
			w.Header().Set("X-Long", strings.Repeat("x", 5000))
		case "stream":
			_, _ = w.Write(body)
			w.(http.Flusher).Flush()
			return
		case "cut":
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(body)
			w.(http.Flusher).Flush()
			os.Exit(4)
		case "count": // says what it has counted until arg, a file, exists
			for n := 1; ; n++ {
				if _, err := os.Stat(arg); err == nil {
					break
				}
				fmt.Fprintf(os.Stderr, "{\"msg\":\"progress\",\"done\":%d,\"total\":3,\"unit\":\"tiles\",\"inference\":%q}\n",
					min(n, 3), r.Header.Get("X-Amzn-SageMaker-Inference-Id"))
				time.Sleep(20 * time.Millisecond)
			}
		case "once": // hangs the first time: arg is a file that then exists
			if _, err := os.Stat(arg); err != nil {
				_ = os.WriteFile(arg, nil, 0o600)
				select {}
			}
		}
		w.Header().Set("Content-Type", "application/gzip")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(bytes.ToUpper(body))
	})
	go func() {
		if s := <-ends; s != nil {
			time.Sleep(10 * time.Millisecond)
			os.Exit(0)
		}
	}()
	_ = http.ListenAndServe("127.0.0.1:"+os.Getenv("SAGEMAKER_BIND_TO_PORT"), nil)
}

// memory is S3 in memory: one map for all buckets.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	full    bool
	refused chan struct{} // one for each write that found it full, as far as it has room
}

type bucket struct {
	m    *memory
	name string
}

func (m *memory) bucket(name string) Objects { return bucket{m, name} }

func (m *memory) put(uri, body string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[strings.TrimPrefix(uri, "s3://")] = []byte(body)
}

func (m *memory) get(uri string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, found := m.objects[strings.TrimPrefix(uri, "s3://")]
	return string(b), found
}

func (b bucket) Head(_ context.Context, key string) (job.Object, error) {
	body, found := b.m.get(b.name + "/" + key)
	if !found {
		return job.Object{}, fmt.Errorf("head: %w", job.ErrNotFound)
	}
	return job.Object{Key: key, Size: int64(len(body))}, nil
}

func (b bucket) Get(_ context.Context, key string) (io.ReadCloser, error) {
	body, found := b.m.get(b.name + "/" + key)
	if !found {
		return nil, fmt.Errorf("get: %w", job.ErrNotFound)
	}
	return io.NopCloser(strings.NewReader(body)), nil
}

func (b bucket) Put(_ context.Context, key, _ string, body io.Reader, size int64) error {
	all, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if int64(len(all)) != size {
		return fmt.Errorf("put: %d bytes came of %d", len(all), size)
	}
	b.m.mu.Lock()
	full := b.m.full
	b.m.mu.Unlock()
	if full {
		select {
		case b.m.refused <- struct{}{}:
		default:
		}
		return fmt.Errorf("put: %w", syscall.ENOSPC)
	}
	b.m.put(b.name+"/"+key, string(all))
	return nil
}

// message is one thing published or emitted.
type message struct{ topic, text string }

// stage is a service under test, with everything around it in memory.
type stage struct {
	t        *testing.T
	s        *Service
	cfg      Config
	dir      string // of the store; empty: there is none
	store    *memory
	messages chan message
	states   chan stateChange
	server   *httptest.Server
	refuses  atomic.Int32 // messages that the topics refuse
}

func testEndpoint() Endpoint {
	return Endpoint{
		Name: "gpu", Config: "gpu-config", OutputPath: "s3://work", FailurePath: "s3://work/failures",
		SuccessTopic: "arn:ok", ErrorTopic: "arn:error",
		Model: Model{Command: []string{os.Args[0]}, Env: append(os.Environ(), modelRole+"=1"), StartTimeout: 2 * time.Minute},
	}
}

// setUp starts a service with one endpoint; change may alter its declaration.
func setUp(t *testing.T, dir string, change func(*Endpoint)) *stage {
	t.Helper()
	f := &stage{
		t: t, store: &memory{objects: map[string][]byte{}, refused: make(chan struct{}, 100)},
		messages: make(chan message, 100), states: make(chan stateChange, 1000),
	}
	e := testEndpoint()
	if change != nil {
		change(&e)
	}
	f.dir = dir
	f.cfg = Config{
		Clock: clock.Real{}, Bucket: f.store.bucket, Log: os.Stderr, Endpoints: []Endpoint{e},
		Publish: func(b *store.Batch, topic, _, text string) error {
			if f.refuses.Add(-1) >= 0 {
				return errors.New("no such topic")
			}
			b.Then(func() { f.messages <- message{topic, text} })
			return nil
		},
		Emit: func(_ context.Context, _, _ string, _ []string, detail any) error {
			f.states <- detail.(stateChange)
			return nil
		},
	}
	f.start()
	t.Cleanup(func() { f.server.Close(); _ = f.s.Close() })
	return f
}

// start opens the store, again from the disk if it was open, and the service.
func (f *stage) start() {
	f.t.Helper()
	if f.dir != "" {
		_ = f.cfg.Store.Close()
		f.cfg.Store = storetest.Open(f.t, f.dir)
	}
	s, err := New(f.cfg)
	if err != nil {
		f.t.Fatal(err)
	}
	f.s = s
	if f.server != nil {
		f.server.Close()
	}
	f.server = httptest.NewServer(s)
}

// sdk is a client configuration that reaches the service.
func (f *stage) sdk() aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &f.server.URL, RetryMaxAttempts: 1, APIOptions: awsconfig.KeepConnection,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	}
}

// next is the next message; it must come soon.
func (f *stage) next() message {
	f.t.Helper()
	select {
	case m := <-f.messages:
		return m
	case <-time.After(2 * time.Minute):
		f.t.Fatal("no message in two minutes")
		return message{}
	}
}

// until waits for the endpoint to be InService with n instances.
func (f *stage) until(n int) {
	f.t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		select {
		case st := <-f.states:
			v := st.ProductionVariants[0]
			if st.EndpointStatus == "IN_SERVICE" && v.CurrentInstanceCount == n && v.DesiredInstanceCount == n {
				return
			}
		case <-limit:
			f.t.Fatalf("not InService with %d instances in two minutes", n)
		}
	}
}
