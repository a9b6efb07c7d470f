package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
)

// exportAgain is how long an export may take, which is as long as a Lambda function may
// run, before a poll asks for it again.
const exportAgain = 15 * time.Minute

// export answers ?structure=…&format=… on a ready job. It answers 202 until the object
// exists, and then as for any artifact. A request that can be seen to be impossible is
// refused at once; a refusal by the export itself (too large for the format) is the
// answer to the next poll, with 422.
func (a *API) export(w http.ResponseWriter, r *http.Request, rec job.Record) error {
	query := r.URL.Query()
	if query.Has("structures") {
		return badQuery("structures is not known: did you mean structure?")
	}
	format := query.Get("format")
	if !query.Has("format") { // the artifact's own
		format = strings.TrimPrefix(path.Ext(r.PathValue("name")), ".")
	}
	if !meshfile.Known(format) || len(query["format"]) > 1 {
		return problem{Status: http.StatusBadRequest, Code: "unsupported_format", Detail: "format: want one of " + strings.Join(meshfile.Formats(), ", ")}
	}
	for _, value := range query["structure"] {
		if strings.TrimSpace(value) == "" {
			return badQuery("structure is empty: want names, or leave it out for all")
		}
	}
	if rec.Shown == 0 {
		return a.noArtifact(rec)
	}
	rec, err := a.withTable(r.Context(), rec)
	if err != nil {
		return err
	}
	structures, err := rec.Exported(rec.Options, query["structure"])
	var unknown *job.RejectedError
	if errors.As(err, &unknown) {
		return problem{Status: http.StatusNotFound, Code: unknown.Code, Detail: unknown.Message}
	}
	if err != nil {
		return err
	}
	if format == "glb" && len(structures) == 0 {
		return a.redirect(w, r, job.Key(rec.ID, rec.Shown, job.ModelGLB), job.ModelGLB, job.SignedURLLife)
	}
	name := job.ExportName(format, structures)
	key := job.Key(rec.ID, rec.Shown, name)
	_, err = a.Results.Head(r.Context(), key)
	if err == nil {
		return a.redirect(w, r, key, path.Base(name), job.SignedURLLife)
	}
	if !errors.Is(err, job.ErrNotFound) {
		return err
	}
	round := a.Now().Truncate(exportAgain)
	in := job.ExportInput{Job: rec.ID, Attempt: rec.Shown, Format: format, Structures: structures}
	sent, err := a.sendExport(r.Context(), rec.Owner, key, round, in)
	if err == nil && sent {
		err = a.refusal(r.Context(), job.RefusalName(key), round)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Retry-After", "2")
	return reply(w, http.StatusAccepted, struct {
		Status string `json:"status"`
	}{"exporting"})
}

func badQuery(detail string) error {
	return problem{Status: http.StatusBadRequest, Code: "bad_query", Detail: detail}
}

// sendWithin is how long a request that has claimed an export may take to send it
// before another request does. If its process dies the export is late by this time.
const sendWithin = 30 * time.Second

// sendExport asks for an export once in a round, and says whether that was done
// before. One claim keeps others from sending meanwhile, and a second one records that
// it was sent. After a crash or a refusal between any two calls it is sent late or
// twice, but it is always sent. The export stage finds an export that it made before.
func (a *API) sendExport(ctx context.Context, owner, key string, round time.Time, in job.ExportInput) (before bool, err error) {
	sent := fmt.Sprint(key, "#sent#", round.Unix())
	held, err := a.Jobs.Claimed(ctx, owner, sent)
	if err != nil || held != "" {
		return held != "", err
	}
	sending := fmt.Sprint(key, "#sending#", a.Now().Truncate(sendWithin).Unix())
	_, mine, err := a.Jobs.Claim(ctx, owner, sending, in.Job, a.Now())
	if err != nil || !mine {
		return false, err // another request is sending it now
	}
	if err := a.Exports.Send(ctx, in); err != nil {
		return false, errors.Join(err, a.Jobs.Unclaim(ctx, owner, sending))
	}
	_, _, err = a.Jobs.Claim(ctx, owner, sent, in.Job, a.Now())
	return false, err
}

// refusal is the problem that an export left in this round, nil when it left none.
func (a *API) refusal(ctx context.Context, key string, round time.Time) error {
	told, err := a.Results.Head(ctx, key)
	if errors.Is(err, job.ErrNotFound) || err == nil && told.Modified.Before(round) {
		return nil
	}
	if err != nil {
		return err
	}
	body, err := a.Results.Get(ctx, key)
	if err != nil {
		return err
	}
	defer body.Close()
	var notice job.Notice
	if err := json.NewDecoder(io.LimitReader(body, 1<<14)).Decode(&notice); err != nil {
		return fmt.Errorf("read refusal: %w", err)
	}
	return problem{Status: http.StatusUnprocessableEntity, Code: notice.Code, Detail: notice.Message}
}
