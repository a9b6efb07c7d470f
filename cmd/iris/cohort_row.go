package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/iris-oculus/iris/internal/cohort"
	"github.com/iris-oculus/iris/internal/job"
)

// maxGenerations bounds how many jobs of a scan may have been lost.
const maxGenerations = 100

// errCapped is of a scan that the spend cap keeps from being sent.
var errCapped = failure("spend_cap", "the scan was not sent, because it would lead beyond --max-cost")

// again says whether a scan that has ended is to be tried again.
func (r *cohortRun) again(e cohort.Entry) bool {
	return r.flags.retry && (e.End.Status == job.Failed || e.End.Status == job.Cancelled || e.End.Status == job.Expired)
}

// settle puts what is known of a row into the table.
func (r *cohortRun) settle(i int, e cohort.Entry, o *outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes[i] = o
	result := cohort.Result{Row: r.rows[i], Job: e.Job, Status: cohort.NotSent, End: e.End}
	switch {
	case e.End != nil:
		result.Status = string(e.End.Status)
	case e.Job != "":
		result.Status = cmp.Or(string(o.job.Status), "unknown")
	}
	if e.End == nil && o.err != nil {
		result.Code, result.Text = codeAndMessage(o.err)
	}
	if errors.Is(o.err, errCapped) {
		r.capped++
	}
	r.results[i] = result
}

// row brings one scan to its end. News says that it did not end in an earlier run.
func (r *cohortRun) row(ctx context.Context, i int, say func(string)) (o *outcome, news bool) {
	row := r.rows[i]
	o = &outcome{scan: row.Scan}
	s := &lazyScan{ctx: ctx, c: r.api, name: row.Scan}
	defer s.close()
	e, ended, err := r.known(ctx, row, s, say)
	switch {
	case ended:
		o.job = jobView{ID: e.Job, Status: e.End.Status, Error: e.End.Error}
	case err == nil:
		e, err = r.bring(ctx, row, e, s, o, say)
	}
	if err == nil {
		err = badEnding(o.job)
	}
	o.err = err
	r.settle(i, e, o)
	return o, !ended
}

// lazyScan is a scan that is opened when it is needed first.
type lazyScan struct {
	ctx  context.Context //nolint:containedctx // that of the row
	c    *client
	name string
	f    *scanFile
}

func (s *lazyScan) open() (_ *scanFile, err error) {
	if s.f == nil {
		s.f, err = openScan(s.ctx, s.c, s.name)
	}
	return s.f, err
}

func (s *lazyScan) close() {
	if s.f != nil {
		_ = s.f.Close()
	}
}

// known is what the ledger holds of a row, if the scan is still the same. Ended says that
// nothing more is to be done. A scan that is not there any more has what it had.
func (r *cohortRun) known(ctx context.Context, row cohort.Row, s *lazyScan, say func(string)) (e cohort.Entry, ended bool, err error) {
	say("reading")
	e = r.ledger.Get(row)
	now, err := printOf(ctx, r.api, row.Scan)
	switch {
	case err != nil && (e.End == nil && !e.Sent || ctx.Err() != nil):
		return e, false, err
	case err == nil && now != e.Print:
		f, err := s.open()
		if err != nil {
			return e, false, err
		}
		digest, err := f.digest()
		if err != nil {
			return e, false, err
		}
		if digest != e.SHA256 {
			e = cohort.Entry{SHA256: digest, EarlierUSD: e.Spent()}
		}
		e.Print = now
	}
	return e, e.End != nil && !r.again(e), nil
}

// bring is the way of one row. A row with the content and options of another one that is
// under way waits for that, and has its job.
func (r *cohortRun) bring(ctx context.Context, row cohort.Row, e cohort.Entry, s *lazyScan, o *outcome, say func(string)) (cohort.Entry, error) {
	name := e.SHA256 + row.Key()[len(row.Scan):]
	r.mu.Lock()
	first, twice := r.sending[name]
	if !twice {
		first = &flight{done: make(chan struct{})}
		r.sending[name] = first
	}
	r.mu.Unlock()
	if twice {
		return r.follower(ctx, row, e, first, o)
	}
	defer close(first.done)
	e, err := r.lead(ctx, row, e, s, o, say)
	first.entry, first.out, first.out.err = e, *o, err
	return e, err
}

// follower has the job of another row with the same content and options.
func (r *cohortRun) follower(ctx context.Context, row cohort.Row, e cohort.Entry, first *flight, o *outcome) (cohort.Entry, error) {
	select {
	case <-ctx.Done():
		return e, ctx.Err()
	case <-first.done:
	}
	o.job, o.raw = first.out.job, first.out.raw
	print := e.Print
	e = first.entry
	e.Print, e.EarlierUSD = print, 0
	if first.out.err != nil {
		return e, first.out.err
	}
	return e, r.keep(row, e)
}

// lead sends a scan, unless it was sent before, and follows its job to the end.
func (r *cohortRun) lead(ctx context.Context, row cohort.Row, e cohort.Entry, s *lazyScan, o *outcome, say func(string)) (cohort.Entry, error) {
	retry := e.End != nil
	if retry {
		e.EarlierUSD, e.End = e.Spent(), nil
		if err := r.keep(row, e); err != nil {
			return e, err
		}
	}
	paid := e.Job != "" // the cap asks for scans only that have no job yet
	if paid {
		r.budget.Resume()
	} else {
		say("waiting for the spend cap")
		if !r.budget.Begin(ctx) {
			if ctx.Err() != nil {
				return e, ctx.Err()
			}
			return e, errCapped
		}
	}
	e, err := r.sent(ctx, row, e, s, o, retry, say)
	if err == nil && e.End == nil {
		o.job, o.raw, err = r.api.follow(ctx, e.Job, func(v jobView) { say(v.brief()) })
		if err == nil {
			e.End = ending(o.job)
			err = r.keep(row, e)
		}
	}
	if e.End != nil {
		r.budget.End(*e.End)
	} else {
		r.budget.Abandon()
	}
	return e, err
}

// ending is what is kept of a job that has ended.
func ending(v jobView) *cohort.End {
	end := &cohort.End{Status: v.Status, Attempt: v.Attempt, Structures: v.Structures, Error: v.Error, CostUSD: v.CostUSD}
	for _, w := range v.Warnings {
		end.Warnings = append(end.Warnings, w.Code)
	}
	return end
}

// keep writes an entry. After a ledger that cannot be written nothing more is begun.
func (r *cohortRun) keep(row cohort.Row, e cohort.Entry) error {
	err := r.ledger.Put(row, e)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.broken = err
	}
	return coded("keep the ledger", err)
}

// sent makes sure that the scan has a job whose upload is complete.
func (r *cohortRun) sent(ctx context.Context, row cohort.Row, e cohort.Entry, s *lazyScan, o *outcome, retry bool, say func(string)) (cohort.Entry, error) {
	for e.Generation < maxGenerations {
		created, lost, err := r.jobOf(ctx, row, &e, s, retry)
		if err != nil {
			return e, err
		}
		if lost {
			e.Generation++
			e.Job, e.Sent, retry = "", false, false
			if err := r.keep(row, e); err != nil {
				return e, err
			}
			continue
		}
		o.job = created.Job
		if e.Sent {
			return e, nil
		}
		if created.Upload.Parts > 0 {
			f, err := s.open()
			if err != nil {
				return e, err
			}
			if o.job, o.raw, err = r.api.upload(ctx, created, f, uploading(say)); err != nil {
				return e, err
			}
		}
		e.Sent = true
		return e, r.keep(row, e)
	}
	return e, failure("conflict", "%d jobs of the scan were erased or lost one after the other", maxGenerations)
}

// jobOf finds the scan's job, or makes it. Upload.Parts is 0 where nothing is left to send.
// Lost says that the job is not there any more or takes no upload: another one is to be made.
func (r *cohortRun) jobOf(ctx context.Context, row cohort.Row, e *cohort.Entry, s *lazyScan, retry bool) (created createdJob, lost bool, err error) {
	if e.Job == "" {
		return r.make(ctx, row, e, s)
	}
	created.Job, _, err = r.api.job(ctx, e.Job)
	if status(err) == http.StatusNotFound {
		return created, true, nil
	}
	if err != nil {
		return created, false, err
	}
	switch s := created.Job.Status; {
	case s == job.Expired, s == job.Cancelled && retry:
		return created, true, nil
	case s == job.Failed && retry:
		_, err = r.api.do(ctx, http.MethodPost, "/v1/jobs/"+url.PathEscape(e.Job)+"/retry", nil, nil)
		if status(err) == http.StatusConflict { // begun already: the answer of before was lost
			err = nil
		}
	case s == job.AwaitingUpload && !e.Sent:
		_, err = r.api.do(ctx, http.MethodPost, "/v1/jobs/"+url.PathEscape(e.Job)+"/parts", map[string]any{}, &created.Upload)
		if status(err) == http.StatusConflict { // complete: its event is under way
			created.Upload, err = uploadPlan{}, nil
		}
	}
	return created, false, err
}

// make asks for the scan's job, which may have been made before under the same key.
func (r *cohortRun) make(ctx context.Context, row cohort.Row, e *cohort.Entry, s *lazyScan) (created createdJob, lost bool, err error) {
	f, err := s.open()
	if err != nil {
		return created, false, err
	}
	options := map[string]any{}
	for name, value := range row.Options {
		options[name] = value
	}
	text, err := json.Marshal(jobRequest(f, options))
	if err != nil {
		return created, false, fmt.Errorf("encode request: %w", err)
	}
	if err := r.keep(row, *e); err != nil {
		return created, false, err
	}
	_, err = r.api.send(ctx, http.MethodPost, "/v1/jobs", e.IdempotencyKey(f.suffix, row.Options), text, &created)
	switch {
	case status(err) == http.StatusConflict: // its job was erased
		return created, true, nil
	case err != nil:
		return created, false, err
	case created.Job.Status == job.Expired, created.Job.Status == job.Cancelled:
		return created, true, nil
	}
	if s := created.Job.Status; s != job.AwaitingUpload && s != "" {
		created.Upload = uploadPlan{}
	}
	e.Job = created.Job.ID
	return created, false, r.keep(row, *e)
}

// status is the HTTP status of a refusal; 0 for any other error.
func status(err error) int {
	var refused *refusedError
	if errors.As(err, &refused) {
		return refused.status
	}
	return 0
}
