package settle

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Times keeps how long stages take.
type Times interface {
	// Measure adds one sample to its class. It keeps nothing of the job.
	Measure(ctx context.Context, s job.Sample) error
}

// Meter tells whoever watches the deployment what ended and how long it took. It is told
// nothing else of a job.
type Meter interface {
	Count(status job.Status)
	Whole(took time.Duration)
	Stage(stage job.Status, took time.Duration)
}

// watched tells the meter of a job that has just ended: every stage of this attempt that
// came to an end, and the whole of a job that is ready at its first one.
func (s Stage) watched(r job.Record) {
	if s.Meter == nil {
		return
	}
	s.Meter.Count(r.Status)
	for _, stage := range r.Stages {
		if took := stage.EndedAt.Sub(stage.StartedAt); !stage.EndedAt.IsZero() && took >= 0 && slices.Contains(job.Measured, stage.Name) {
			s.Meter.Stage(stage.Name, took)
		}
	}
	if took := r.UpdatedAt.Sub(r.CreatedAt); r.Status == job.Ready && r.Attempt == 1 && took >= 0 {
		s.Meter.Whole(took)
	}
}

// measure counts the stages of a job that has just ended. It is called by the one
// invocation that wrote the ending, so that a job is counted once: what is cut off here is
// not counted at all, which is one sample of fifty.
func (s Stage) measure(ctx context.Context, r job.Record) {
	s.watched(r)
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
