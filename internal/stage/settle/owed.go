package settle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// owesEvent says whether an event has been on the record so long that the writer of the
// ending must have died, or been refused by the bus, before it announced the event.
func owesEvent(r job.Record, now time.Time) bool {
	return len(r.Owed) > 0 && now.Sub(r.UpdatedAt) >= startWithin
}

// announce puts each event that a record owes on the bus and then removes it from the
// record.
func (s Stage) announce(ctx context.Context, r job.Record) error {
	for _, owed := range r.Owed {
		if err := s.Workflow.Announce(ctx, owed.Type, owed.Detail); err != nil {
			return err
		}
		_, err := s.Jobs.Amend(ctx, r.ID, func(now *job.Record) error {
			i := slices.Index(now.Owed, owed)
			if i < 0 {
				return job.ErrStale // another has announced it as well
			}
			now.Owed = slices.Delete(now.Owed, i, i+1)
			return nil
		})
		if err != nil && !errors.Is(err, job.ErrStale) && !errors.Is(err, job.ErrNotFound) {
			return fmt.Errorf("record that the event was announced: %w", err)
		}
	}
	return nil
}
