package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// artifact redirects to a signed URL. A page of another origin gets the URL as JSON,
// because browsers follow the redirect with "Origin: null".
func (a *API) artifact(w http.ResponseWriter, r *http.Request) error {
	rec, err := a.ownJob(r)
	if err != nil {
		return err
	}
	if q := r.URL.Query(); q.Has("format") || q.Has("structure") || q.Has("structures") {
		return a.export(w, r, rec)
	}
	return a.lead(w, r, rec, job.SignedURLLife)
}

// lead redirects to the artifact that the path names, by a URL of some life.
func (a *API) lead(w http.ResponseWriter, r *http.Request, rec job.Record, life time.Duration) error {
	name := r.PathValue("name")
	at := slices.IndexFunc(rec.Artifacts, func(x job.Artifact) bool { return x.Name == name })
	switch {
	case at < 0 && name == job.GlimpseGLB:
		return a.noGlimpse(rec)
	case at < 0:
		return a.noArtifact(rec)
	}
	return a.redirect(w, r, rec.ArtifactKey(rec.Artifacts[at]), name, life)
}

// noArtifact says that a job has not got what was asked for: that it may yet come, or,
// of a job that has ended, that it never will.
func (a *API) noArtifact(rec job.Record) error {
	if after := a.askAgain(rec); after > 0 {
		return problem{Status: http.StatusConflict, Code: "not_ready", Detail: "the job is " + string(rec.Status), RetryAfter: after}
	}
	return problem{Status: http.StatusNotFound, Code: "no_artifact", Detail: "the job has no artifact of this name"}
}

// noGlimpse says why a job has no first look. It may yet come while the job runs, unless the
// record says that it will not.
func (a *API) noGlimpse(rec job.Record) error {
	gone := problem{Status: http.StatusNotFound, Code: "no_artifact"}
	switch {
	case rec.NoGlimpse != nil:
		gone.Detail = rec.NoGlimpse.Message
	case rec.Status.Ended():
		gone.Detail = "there is a first look only while a job waits for its model, and this one is " + string(rec.Status)
	case rec.Status.Rank() > job.Preparing.Rank() && !rec.WantsGlimpse():
		gone.Detail = "this job has no first look: one is made of a CT that waits for a model"
	default:
		return a.noArtifact(rec)
	}
	return gone
}

// redirect leads to an object by a signed URL of some life, which is of the request's
// method unless the URL itself is the answer.
func (a *API) redirect(w http.ResponseWriter, r *http.Request, key, filename string, life time.Duration) error {
	expires := a.Now().Add(life)
	w.Header().Add("Vary", "Accept")
	told := strings.Contains(r.Header.Get("Accept"), "application/json")
	url, err := a.Results.SignGet(r.Context(), key, filename, life)
	if r.Method == http.MethodHead && !told {
		url, err = a.Results.SignHead(r.Context(), key, life)
	}
	if err != nil {
		return err
	}
	if told {
		return reply(w, http.StatusOK, struct {
			URL     string `json:"url"`
			Expires string `json:"expires_at"`
		}{url, stamp(expires)})
	}
	w.Header().Set("Location", url)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return nil
}
