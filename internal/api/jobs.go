package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/iris-oculus/iris/internal/accept"
	"github.com/iris-oculus/iris/internal/job"
)

// ownJob reads the job of a request's path, if its caller may.
func (a *API) ownJob(r *http.Request) (job.Record, error) {
	id := r.PathValue("id")
	if !job.ValidID(id) {
		return job.Record{}, job.ErrNotFound
	}
	rec, err := a.Jobs.Get(r.Context(), id)
	if err != nil {
		return rec, err
	}
	if !caller(r.Context()).mayRead(rec) {
		return rec, job.ErrNotFound
	}
	return rec, nil
}

// get answers with the job, its ETag and when to ask again.
func (a *API) get(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.ownJob(r)
	if err != nil {
		return err
	}
	return a.show(w, r, rec, true)
}

// show answers with a job, and with what is to come of it for whoever may see the others.
func (a *API) show(w http.ResponseWriter, r *http.Request, rec job.Record, outlook bool) error {
	rec, err := a.withTable(r.Context(), rec)
	if err != nil {
		return err
	}
	body := a.body(rec)
	if outlook {
		a.foresee(r.Context(), rec, &body)
	}
	return tagged(w, r, body, a.askAgain(rec))
}

// tagged answers with a body and its ETag, or with 304, and after how many seconds to ask
// again; 0: never.
func tagged(w http.ResponseWriter, r *http.Request, body any, after int) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	etag := `"` + hex.EncodeToString(sum[:12]) + `"`
	if compressed(r, len(text)+1) { // other bytes need another strong tag (RFC 9110 §8.8.3.3)
		etag = `"` + hex.EncodeToString(sum[:12]) + `-gzip"`
	}
	w.Header().Set("ETag", etag)
	if after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(after))
	}
	if accept.Has(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return reply(w, http.StatusOK, body)
}

// newID makes a job id.
func (a *API) newID() (string, error) {
	var entropy [10]byte
	if _, err := io.ReadFull(a.Entropy, entropy[:]); err != nil {
		return "", fmt.Errorf("make job id: %w", err)
	}
	return job.NewID(a.Now(), entropy), nil
}

func (a *API) cancel(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.ownJob(r)
	if err != nil {
		return err
	}
	ended, err := a.Endings.Cancel(r.Context(), rec.ID)
	if errors.Is(err, job.ErrStale) {
		if now, err := a.Jobs.Get(r.Context(), rec.ID); err == nil {
			rec = now
		}
		return conflict("the job is %s: only a job that has not ended can be cancelled", statusWords(rec.Status))
	}
	if rec = ended; err != nil {
		return err
	}
	a.forget(r.Context(), rec)
	if rec, err = a.withTable(r.Context(), rec); err != nil {
		return err
	}
	return reply(w, http.StatusOK, a.body(rec))
}

func (a *API) erase(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.ownJob(r)
	if err != nil {
		return err
	}
	by := job.ByOperator
	if p := caller(r.Context()); rec.Owner == p.Subject || rec.Owner == job.BucketOwner && p.Drops {
		by = job.ByOwner
	}
	a.forget(r.Context(), rec)
	if err := a.Endings.Erase(r.Context(), rec.ID, by); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// retry begins another attempt at a job that was rejected or failed.
func (a *API) retry(w http.ResponseWriter, r *http.Request) error {
	return a.beginAttempt(w, r, job.FromPrepare)
}

// remesh begins another attempt at a job that shows a model, from its labels: no GPU.
func (a *API) remesh(w http.ResponseWriter, r *http.Request) error {
	return a.beginAttempt(w, r, job.FromMesh)
}

// mayBegin says whether a job's status allows another attempt from where it is to begin.
func mayBegin(r job.Record, from string) error {
	switch {
	case r.Erased:
		return job.ErrNotFound
	case from == job.FromPrepare && r.Status != job.Rejected && r.Status != job.Failed:
		return conflict("the job is %s: only a rejected or failed job can be retried", statusWords(r.Status))
	case from == job.FromMesh && !r.Status.Ended():
		return conflict("the job is %s: wait until it has ended, then it can be meshed again", statusWords(r.Status))
	case from == job.FromMesh && r.Shown == 0:
		return conflict("the job is %s and has no model yet: there is nothing to mesh again", statusWords(r.Status))
	}
	return nil
}

// meshedAgain are the options of a remesh. What shaped the label map (the task, the fast
// model, the series, the modality) is refused by name when it is to change: the labels
// would stay those of before. The task auto stands for the one that was chosen.
func meshedAgain(was, asked job.Options) (job.Options, error) {
	if asked.Task == job.TaskAuto {
		asked.Task = was.Task
	}
	for _, o := range []struct {
		name     string
		was, now any
	}{{"task", was.Task, asked.Task}, {"fast", was.Fast, asked.Fast}, {"series", was.Series, asked.Series}, {"modality", was.Modality, asked.Modality}} {
		if o.was != o.now {
			return asked, job.Reject("bad_option", "%s: a remesh keeps the labels, which were made with %s=%v: send the scan again to have it segmented with %s=%v", o.name, o.name, o.was, o.name, o.now)
		}
	}
	return asked, nil
}

func (a *API) beginAttempt(w http.ResponseWriter, r *http.Request, from string) error {
	rec, err := a.ownJob(r)
	if err != nil {
		return err
	}
	var body struct {
		Options map[string]any `json:"options"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	table, err := a.withTable(r.Context(), rec)
	if err != nil {
		return err
	}
	rec, err = a.Jobs.Amend(r.Context(), rec.ID, func(now *job.Record) error {
		if err := mayBegin(*now, from); err != nil {
			return err
		}
		options, err := a.changed(now.Options, body.Options)
		if err != nil {
			return err
		}
		if from == job.FromMesh {
			if options, err = meshedAgain(now.Options, options); err != nil {
				return err
			}
		}
		if from == job.FromPrepare {
			if err := options.Segmentable(a.Tasks); err != nil {
				return err
			}
		}
		if from == job.FromMesh && now.Shown == table.Shown {
			if options, err = options.Held(table.Holds); err != nil {
				return err
			}
			now.Warnings = slices.DeleteFunc(now.Warnings, func(n job.Notice) bool { return n.Code == subsetOnly })
			now.Warnings = append(now.Warnings, subset(table.Holds, now.Asked, options)...)
		}
		now.Attempt, now.From, now.Options = now.Attempt+1, from, options
		now.Execution, now.Token, now.Request, now.Error = false, "", job.Request{}, nil
		now.PreparedAt = time.Time{}
		if from == job.FromPrepare {
			now.Warnings = nil // prepare finds them again
		}
		now.Stages, now.Status = []job.StageTime{{Name: job.Received, StartedAt: a.Now()}}, job.Received
		now.UpdatedAt = a.Now()
		return nil
	})
	if err != nil {
		return err
	}
	if err := job.Begin(r.Context(), a.Jobs, a.Workflow, rec); err != nil {
		return err
	}
	if rec.Long {
		rec.Table = table.Table
	}
	w.Header().Set("Location", "/v1/jobs/"+rec.ID)
	return reply(w, http.StatusAccepted, a.body(rec))
}
