package storetest_test

import (
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/job/storetest"
)

func memory(testing.TB) storetest.World {
	var fault storetest.Fault
	busy := func() error {
		if fault == storetest.Busy {
			return &job.BusyError{Message: "throttled"}
		}
		return nil
	}
	bucket := &jobtest.Bucket{Before: func(string, string) error { return busy() }}
	return storetest.World{
		Jobs:  &jobtest.Store{Now: time.Now, Before: func(string, string) error { return busy() }},
		Lease: &jobtest.Lease{Before: func(string) error { return busy() }},
		Blobs: bucket,
		Fail:  func(f storetest.Fault) { fault, bucket.Short = f, f == storetest.Short },
		Locks: true,
	}
}

func TestTheDoublesInMemory(t *testing.T) { storetest.Run(t, memory) }
