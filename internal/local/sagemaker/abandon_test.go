package sagemaker

import (
	"testing"

	"github.com/iris-oculus/iris/internal/local/clock"
)

// A request can outlive its container: a scale-in has ended that, and S3 has not taken the
// result yet when the request's time is over.
func TestAbandonAfterAScaleIn(t *testing.T) {
	s := newService(Config{Clock: clock.Real{}})
	m := newMachine(s)
	m.abandon(&endpoint{}, 7, Request{Sequence: 1}, reasonTimeout)
	s.stop()
	m.close()
}
