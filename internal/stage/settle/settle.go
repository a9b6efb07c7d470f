// Package settle writes every ending of a job and, as the janitor, finishes what
// crashes and lost events have left undone.
//
// In: a job and the raw error of the state that failed, a closed execution, or an
// event of the schedule. Out: the job's status, which moves forward only, and an event
// that announces it. A repeat writes nothing new, and a job that goes on with another
// attempt keeps its status. Errors: *job.BusyError when a service is throttled; any
// other means that the deployment is wrong.
//
// The janitor's parts: sweep.go goes through the open jobs, decide.go says what one
// needs, and each duty has a file: holders.go, reconcile.go,
// answers.go, erase.go, expire.go, owed.go, retention.go.
package settle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Jobs keeps job records.
type Jobs interface {
	Get(ctx context.Context, id string) (job.Record, error)
	Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error)
	// Open yields the ids of jobs that have not ended, in order, from the first one
	// greater than after.
	Open(ctx context.Context, after string) iter.Seq2[string, error]
	// Close takes a job from the open ones. It leaves a job there of which another
	// attempt, or its erasure, has begun since the record was read.
	Close(ctx context.Context, r job.Record) error
	// SweptTo is the open job that the last sweep came to, empty for none; the next
	// sweep begins behind it.
	SweptTo(ctx context.Context) (string, error)
	SetSweptTo(ctx context.Context, id string) error
	// Erase leaves nothing of a record but a tombstone, until the time given.
	Erase(ctx context.Context, r job.Record, until time.Time) error
}

// Bucket is the work or the results bucket, in which every key begins with the
// id of the one job that writes it.
type Bucket interface {
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	Delete(ctx context.Context, key string) error
	// DeletePrefix deletes every version below a prefix, and parts of uploads that are
	// not complete, and counts them. Tally only counts.
	DeletePrefix(ctx context.Context, prefix string) (job.Tally, error)
	Tally(ctx context.Context, prefix string) (job.Tally, error)
	Versions(ctx context.Context, prefix string) iter.Seq2[job.Version, error]
}

// Workflow is the executions and the bus.
type Workflow interface {
	Start(ctx context.Context, e job.Execution) error
	Stop(ctx context.Context, name string) error
	Running(ctx context.Context, name string) (running, known bool, err error)
	// AllRunning is the names of the executions that run; one that has just started or
	// ended may be listed wrongly.
	AllRunning(ctx context.Context) (map[string]bool, error)
	Announce(ctx context.Context, detailType string, detail job.EventDetail) error
}

// Stage is the settle stage. Lease, Answers and Running may be nil when no endpoint is
// deployed, and in the API, which does not sweep. So may Retention, without which a sweep
// erases no job whose time is over, and Times and Meter, without which nothing is measured.
type Stage struct {
	Jobs     Jobs
	Links    Links
	Uploads  Uploads
	Work     Bucket
	Results  Bucket
	Workflow Workflow
	Now      func() time.Time

	Retention Retention
	Times     Times
	Meter     Meter

	Lease   Lease
	Answers Answers
	Running Running
}

// Handle does what the workflow asks.
func (s Stage) Handle(ctx context.Context, in job.SettleInput) (job.SettleOutput, error) {
	switch in.Action {
	case job.ActionPublish:
		return s.publish(ctx, in.Job, in.Attempt)
	case job.ActionSettle:
		if in.Error == nil {
			in.Error = &job.TaskError{}
		}
		return s.end(ctx, in.Job, in.Attempt, verdict(*in.Error))
	}
	return job.SettleOutput{}, fmt.Errorf("action %.20q: want publish or settle", in.Action)
}

// maxMeshed bounds mesh.json: 1,500 structures of a kilobyte and some thousand
// names of 800 bytes, as long as a label table's may be.
const maxMeshed = 16 << 20

func (s Stage) publish(ctx context.Context, id string, attempt int) (job.SettleOutput, error) {
	body, err := s.Work.Get(ctx, job.Key(id, attempt, job.MeshObject))
	if errors.Is(err, job.ErrNotFound) {
		return s.current(ctx, id) // cancelled before it was meshed
	}
	if err != nil {
		return job.SettleOutput{}, fmt.Errorf("read what was meshed: %w", err)
	}
	defer body.Close()
	var m job.Meshed
	if err := json.NewDecoder(io.LimitReader(body, maxMeshed)).Decode(&m); err != nil {
		return job.SettleOutput{}, fmt.Errorf("read what was meshed: %w", err)
	}
	return s.writeEnding(ctx, id, attempt, job.Ready, func(r *job.Record) {
		r.Publish(attempt, m.Artifacts)
		r.Error = nil
		if r.From == job.FromPrepare { // a remesh keeps the label map
			r.Asked = r.Options.Labels()
		}
		if r.Table, r.Long = m.Table, m.IsLong(); r.Long {
			r.Table = job.Table{} // the mesh stage left it among the results
		}
		for _, w := range m.Warnings {
			if !slices.Contains(r.Warnings, w) {
				r.Warnings = append(r.Warnings, w)
			}
		}
		r.Warnings = job.BoundNotices(r.Warnings)
		r.Token = ""
	}, job.EventReady, "")
}

func (s Stage) end(ctx context.Context, id string, attempt int, v Verdict) (job.SettleOutput, error) {
	detail := job.EventFailed
	if v.Status == job.Rejected {
		detail = job.EventRejected
	}
	out, err := s.writeEnding(ctx, id, attempt, v.Status, func(r *job.Record) {
		r.Error, r.Token = &v.Notice, ""
	}, detail, v.Notice.Code)
	if err != nil {
		return out, err
	}
	if out.Status != v.Status && out.Status != job.Cancelled {
		return out, nil // it failed after it had published, or another attempt goes on
	}
	// An orphaned request fails fast when its input is gone.
	if err := s.Work.Delete(ctx, job.Key(id, attempt, job.VolumeObject)); err != nil {
		return out, fmt.Errorf("delete the request's input: %w", err)
	}
	return out, nil
}

// writeEnding writes an ending together with its event, announces the event, takes the job
// from the open ones and measures it. When the job has ended already, or goes on with another
// attempt, it returns the job's own status. The event follows the write, so it may come
// twice but never too early. After a crash or a refusal in between the event is still on
// the record, and the janitor announces it.
func (s Stage) writeEnding(ctx context.Context, id string, attempt int, to job.Status, change func(*job.Record), detail, code string) (job.SettleOutput, error) {
	repeat := false
	r, err := s.Jobs.Amend(ctx, id, func(r *job.Record) error {
		repeat = r.Attempt == attempt && r.Status == to
		if r.Attempt != attempt || repeat {
			return job.ErrStale
		}
		if err := r.Enter(to, s.Now()); err != nil {
			return err
		}
		change(r)
		r.Owed = append(r.Owed, job.Owed{Type: detail, Detail: job.EventDetail{Job: id, Attempt: attempt, Status: to, Code: code}})
		return nil
	})
	if errors.Is(err, job.ErrStale) && !repeat {
		return s.current(ctx, id)
	}
	if errors.Is(err, job.ErrNotFound) {
		return job.SettleOutput{Status: job.Cancelled}, nil
	}
	if err != nil && !repeat {
		return job.SettleOutput{}, fmt.Errorf("record %s: %w", to, err)
	}
	if err := s.announce(ctx, r); err != nil {
		return job.SettleOutput{}, err
	}
	if err := s.closeEnded(ctx, r); err != nil {
		return job.SettleOutput{Status: to}, err
	}
	if !repeat {
		s.measure(ctx, r)
	}
	return job.SettleOutput{Status: to}, nil
}

// closeEnded takes a job that has ended from the open ones, once the first look at its
// scan is deleted: its record does not list it any more. One that is written later is
// deleted by who writes it.
func (s Stage) closeEnded(ctx context.Context, r job.Record) error {
	if r.WantsGlimpse() {
		if err := s.Results.Delete(ctx, job.Key(r.ID, r.Attempt, job.GlimpseGLB)); err != nil {
			return fmt.Errorf("delete the first look: %w", err)
		}
	}
	return s.Jobs.Close(ctx, r)
}

func (s Stage) current(ctx context.Context, id string) (job.SettleOutput, error) {
	r, err := s.Jobs.Get(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return job.SettleOutput{Status: job.Cancelled}, nil
	}
	return job.SettleOutput{Status: r.Status}, err
}
