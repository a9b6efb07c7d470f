package chaos

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/leases"
	"github.com/iris-oculus/iris/internal/job/storetest"
)

// told is a storm of one fault, as a test tells it.
type told struct{ fault atomic.Value }

func (f *told) at(c call) (fault, time.Duration) {
	is, _ := f.fault.Load().(fault)
	if is == cutInside && (c.service != "s3" || c.operation != http.MethodGet) {
		return none, 0
	}
	return is, 0
}

// The S3 and DynamoDB of this suite pass what those of this machine pass (tests/cloud),
// and the stores in memory (internal/job/jobtest).
func TestStoresConform(t *testing.T) {
	storm := &told{}
	n := &wire{services: map[string]http.Handler{"s3": &s3{}, "dynamodb": &dynamo{}}, storm: storm}
	cfg := n.config()
	cfg.RetryMaxAttempts = 1
	storetest.Run(t, func(t testing.TB) storetest.World {
		return storetest.World{
			Jobs: jobs.New(cfg, "iris-jobs"), Lease: leases.New(cfg, "iris-jobs", t.Name()), Blobs: blobs.New(cfg, "iris-work"),
			Fail: func(f storetest.Fault) {
				storm.fault.Store(map[storetest.Fault]fault{storetest.Busy: throttled, storetest.Short: cutInside}[f])
			},
		}
	})
}
