package settle

import (
	"context"
	"log/slog"

	"github.com/iris-oculus/iris/internal/job"
)

// Times keeps how long stages take.
type Times interface {
	// Measure adds one sample to its class. It keeps nothing of the job.
	Measure(ctx context.Context, s job.Sample) error
}

// measure counts the stages of a job that has just ended. It is called by the one
// invocation that wrote the ending, so that a job is counted once: what is cut off here is
// not counted at all, which is one sample of fifty.
func (s Stage) measure(ctx context.Context, r job.Record) {
	if s.Times == nil {
		return
	}
	for _, sample := range r.Took() {
		if err := s.Times.Measure(ctx, sample); err != nil {
			slog.Warn("how long a stage took was not counted", job.LogJob, r.ID, job.LogError, err.Error())
			return
		}
	}
}
