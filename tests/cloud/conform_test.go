package cloud_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/leases"
	"github.com/iris-oculus/iris/internal/job/storetest"
	"github.com/iris-oculus/iris/internal/local/gateway/s3"
	"github.com/iris-oculus/iris/internal/local/gateway/s3/s3test"
)

// front stands before a service and fails as it is told.
type front struct {
	http.Handler
	fault atomic.Int32
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch storetest.Fault(f.fault.Load()) {
	case storetest.Busy:
		if strings.Contains(r.Header.Get("X-Amz-Target"), "DynamoDB") {
			w.WriteHeader(http.StatusBadRequest) // so DynamoDB says it
			_, _ = io.WriteString(w, `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		if r.Method != http.MethodHead {
			_, _ = io.WriteString(w, `<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`)
		}
	case storetest.Short:
		if r.Method == http.MethodGet {
			f.Handler.ServeHTTP(&halved{ResponseWriter: w}, r)
			panic(http.ErrAbortHandler) // the connection breaks
		}
		f.Handler.ServeHTTP(w, r)
	default:
		f.Handler.ServeHTTP(w, r)
	}
}

// The stores on DynamoDB's double and on a real S3 pass what the doubles in memory pass.
func TestStoresConform(t *testing.T) {
	table := &front{Handler: dynamoDouble(t)}
	tables := httptest.NewServer(table)
	t.Cleanup(tables.Close)
	s, err := s3.New(t.Context(), s3.Config{
		Program: s3test.Program(t), Dir: t.TempDir(), Socket: filepath.Join(t.TempDir(), "s3.sock"), Key: key, Region: "us-east-1", Buckets: []s3.Bucket{{Name: "iris-work"}},
		ObjectCreated: func(context.Context, s3.Created) error { return nil }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	bucket := &front{Handler: s}
	buckets := httptest.NewServer(bucket)
	t.Cleanup(buckets.Close)

	db, objects := config(tables.URL), config(buckets.URL)
	db.RetryMaxAttempts, objects.RetryMaxAttempts = 1, 1
	storetest.Run(t, func(t testing.TB) storetest.World {
		return storetest.World{
			Jobs: jobs.New(db, "iris-jobs"), Lease: leases.New(db, "iris-jobs", t.Name()), Blobs: blobs.New(objects, "iris-work"),
			Fail: func(f storetest.Fault) { table.fault.Store(int32(f)); bucket.fault.Store(int32(f)) },
		}
	})
}
