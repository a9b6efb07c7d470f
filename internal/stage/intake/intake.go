// Package intake turns an uploaded object into a job and its execution. In: one "Object
// Created" event; events may come late, twice, or many at once. Out: one job record and
// one execution for a dropped scan, or nothing for litter. Errors are the stores' own;
// the event is then delivered again.
package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/drop"
)

// Created is the part of an "Object Created" event that matters.
type Created struct {
	Bucket    string
	Key       string
	Sequencer string // orders the versions of one key
	ETag      string
	Size      int64
}

// Jobs keeps job records.
type Jobs interface {
	Create(ctx context.Context, r job.Record) (stored job.Record, created bool, err error)
	Get(ctx context.Context, id string) (job.Record, error)
	Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error)
	LinkKey(ctx context.Context, r job.Record) error
	Claim(ctx context.Context, owner, key, value string, now time.Time) (string, bool, error)
}

// Folders keeps what is known of folders of slices.
type Folders interface {
	Folder(ctx context.Context, bucket, prefix string) (job.Folder, error)
	OpenFolder(ctx context.Context, f job.Folder) error
	TouchFolder(ctx context.Context, f job.Folder, now time.Time) error
	// Claimed is what Jobs.Claim has kept under a key, empty for nothing.
	Claimed(ctx context.Context, owner, key string) (string, error)
}

// Workflow starts executions; one that was started before is success.
type Workflow interface {
	Start(ctx context.Context, e job.Execution) error
}

// Stage is the intake. All fields are needed but Pause.
type Stage struct {
	Jobs     Jobs
	Folders  Folders
	Uploads  Uploads
	Consumed Consumed
	Workflow Workflow
	Tasks    []string // what the model server can do
	Now      func() time.Time
	Keep     time.Duration                              // how long jobs are kept; 0 is job.Lifetime
	Pause    func(context.Context, time.Duration) error // replaces the timer when not nil
	// OwnersByPrefix gives a drop under <owner>/… to that owner; else the bucket owns
	// every drop.
	OwnersByPrefix bool
}

// Handle takes one event.
func (s Stage) Handle(ctx context.Context, e Created) error {
	if drop.Litter(e.Key) {
		return nil
	}
	if id, _, ok := job.ParseUploadKey(e.Key); ok {
		taken, err := s.claimUpload(ctx, id, e)
		if taken || err != nil {
			return err
		}
	}
	object, err := s.Uploads.Head(ctx, e.Key)
	if errors.Is(err, job.ErrNotFound) {
		return nil // its owner took it away again
	}
	if err != nil {
		return fmt.Errorf("look at upload: %w", err)
	}
	prefix, slice, err := s.sliceOf(ctx, e)
	switch {
	case err != nil:
		return err
	case slice:
		return s.addSlice(ctx, e, prefix, object)
	case prefix != "": // a stranger among slices: Prepare warns of it
		return nil
	}
	series, err := s.rootSeries(ctx, e)
	if err != nil {
		return err
	}
	if series != "" {
		return s.addRootSlice(ctx, e, series, object)
	}
	belongs, refused, err := s.tableOf(ctx, e, object.Size)
	if belongs || err != nil {
		return err
	}
	r := s.newRecord(e, "", job.DeriveID(e.Bucket, e.Key, e.Sequencer), object)
	if refused != nil && !r.Status.Ended() {
		_ = refuse(&r, refused, s.Now()) // from received this move is always open
	}
	return s.start(ctx, r)
}

// claimUpload gives an upload to the job that awaits it, or that has taken this same
// event before. It returns false when the key only looks like such a job's.
func (s Stage) claimUpload(ctx context.Context, id string, e Created) (bool, error) {
	errOther, errOver := errors.New("awaits another object"), errors.New("awaits nothing any more")
	r, err := s.Jobs.Amend(ctx, id, func(r *job.Record) error {
		switch {
		case r.Upload.Key != e.Key:
			return errOther
		case r.Status.Ended() && r.Upload.Sequencer == "":
			return errOver // its owner took the job back while the file was on its way
		case r.Upload.Sequencer == e.Sequencer:
			return job.ErrStale // the same event again: go on to Start
		case r.Status != job.AwaitingUpload:
			return errOther
		}
		r.Upload.Sequencer, r.Upload.ETag, r.Upload.Size = e.Sequencer, e.ETag, e.Size
		if refused := tooLarge(e.Size); refused != nil {
			return refuse(r, refused, s.Now())
		}
		return r.Enter(job.Received, s.Now())
	})
	if errors.Is(err, errOther) || errors.Is(err, job.ErrNotFound) {
		return false, nil
	}
	if errors.Is(err, errOver) {
		return true, nil
	}
	if errors.Is(err, job.ErrStale) {
		r, err = s.Jobs.Get(ctx, id)
	}
	if err != nil {
		return true, fmt.Errorf("take upload: %w", err)
	}
	if r.Erased {
		return r.Upload.Key == e.Key || r.Upload == (job.Upload{}), nil // its owner took the job back
	}
	return true, s.execute(ctx, r)
}

// newRecord is the job of a dropped object. Bad options or a size beyond the limit end it
// at once with an error that its owner can read.
func (s Stage) newRecord(e Created, prefix, id string, object job.Object) job.Record {
	now := s.Now()
	r := job.Record{
		ID: id, Attempt: 1, Status: job.Received, From: job.FromPrepare, Owner: s.owner(e.Key),
		Upload:    job.Upload{Bucket: e.Bucket, Key: e.Key, Prefix: prefix, Sequencer: e.Sequencer, ETag: e.ETag, Size: e.Size},
		CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(cmp.Or(s.Keep, job.Lifetime)),
		Stages: []job.StageTime{{Name: job.Received, StartedAt: now}},
	}
	if object.ETag == e.ETag { // else it was replaced already, and Prepare will say so
		r.Upload.Modified = object.Modified
	}
	options, err := s.options(object.Metadata, e.Size)
	r.Options = options
	if err != nil {
		r.Options = job.DefaultOptions()
		_ = refuse(&r, err, now) // from received this move is always open
	}
	return r
}

// owner is whose a dropped object is. A key without a slash is the bucket's, and so is
// what lies where uploads of the API belong (job.UploadKey).
func (s Stage) owner(key string) string {
	owner, below, _ := strings.Cut(key, "/")
	if !s.OwnersByPrefix || owner == "" || below == "" || strings.HasPrefix(key, "jobs/") {
		return job.BucketOwner
	}
	return owner
}

// options are the options in an object's metadata. The error says why no job can be made
// of the object.
func (s Stage) options(metadata map[string]string, size int64) (job.Options, error) {
	options, err := job.ParseOptions(optionsOf(metadata), s.Tasks)
	if err == nil {
		err = options.CheckNew(s.Tasks)
	}
	if err == nil {
		err = tooLarge(size)
	}
	return options, err
}

func tooLarge(size int64) error {
	if size > volume.MaxObjectBytes {
		return job.Reject("too_large", "the upload has %d bytes: at most %d are accepted", size, int64(volume.MaxObjectBytes))
	}
	return nil
}

// refuse ends a job before it begins. The event that this owes is announced by
// the janitor, who finds the job among the open ones.
func refuse(r *job.Record, err error, now time.Time) error {
	var refused *job.RejectedError
	var unsupported *job.UnsupportedError
	switch {
	case errors.As(err, &refused):
		r.Error = &job.Notice{Code: refused.Code, Message: refused.Message}
	case errors.As(err, &unsupported):
		r.Error = &job.Notice{Code: unsupported.Code, Message: unsupported.Message}
	default:
		return err
	}
	r.Owed = append(r.Owed, job.Owed{Type: job.EventRejected,
		Detail: job.EventDetail{Job: r.ID, Attempt: r.Attempt, Status: job.Rejected, Code: r.Error.Code}})
	return r.Enter(job.Rejected, now)
}

// start writes the record, makes it findable and starts its execution. Every
// step may be repeated: a delivery that died half-way is completed by the next.
func (s Stage) start(ctx context.Context, r job.Record) error {
	r, _, err := s.Jobs.Create(ctx, r)
	if err != nil {
		return fmt.Errorf("record job: %w", err)
	}
	if r.Erased {
		return nil
	}
	if err := s.Jobs.LinkKey(ctx, r); err != nil {
		return fmt.Errorf("link upload: %w", err)
	}
	return s.execute(ctx, r)
}

func (s Stage) execute(ctx context.Context, r job.Record) error {
	if r.Execution || r.Status.Ended() {
		return nil
	}
	return job.Begin(ctx, s.Jobs, s.Workflow, r)
}
