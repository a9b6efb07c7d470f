package job

import "time"

// Enter moves the record to a status within its attempt and keeps the timeline of
// stages. The entry of the former status gets EndedAt, and a new entry begins, unless
// the status is an ending, which takes away what is provisional. Entering the present
// status changes nothing, because every stage may run twice. The error is ErrStale when
// CanMove forbids the move, and always from an ending.
func (r *Record) Enter(to Status, now time.Time) error {
	if r.Status == to && !to.Ended() {
		return nil
	}
	if !CanMove(r.Attempt, r.Status, r.Attempt, to) {
		return ErrStale
	}
	if n := len(r.Stages); n > 0 && r.Stages[n-1].EndedAt.IsZero() {
		r.Stages[n-1].EndedAt = now
	}
	if to.Ended() {
		r.dropProvisional()
	} else {
		r.Stages = append(r.Stages, StageTime{Name: to, StartedAt: now})
	}
	r.Status, r.UpdatedAt = to, now
	return nil
}
