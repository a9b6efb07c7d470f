// Package api is the HTTP API (/v1, described by /openapi.json). In: requests whose
// token API Gateway has checked. Out: jobs as JSON, signed URLs, and errors as RFC 9457
// problem+json with a stable code.
package api

import (
	"context"
	_ "embed"
	"io"
	"net/http"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Jobs keeps job records.
type Jobs interface {
	Create(ctx context.Context, r job.Record) (job.Record, bool, error)
	Get(ctx context.Context, id string) (job.Record, error)
	Amend(ctx context.Context, id string, change func(*job.Record) error) (job.Record, error)
	LinkKey(ctx context.Context, r job.Record) error
	ByKey(ctx context.Context, key string, limit int32, cursor string) (job.Page, error)
	ByOwner(ctx context.Context, owner string, limit int32, cursor string) (job.Page, error)
	Behind(r job.Record) string // the cursor of what follows a job in a listing
	Claim(ctx context.Context, owner, key, value string, now time.Time) (string, bool, error)
	Claimed(ctx context.Context, owner, key string) (string, error)
	Unclaim(ctx context.Context, owner, key string) error
}

// Uploads signs the parts of an upload, lists those that have arrived, and joins them.
// ListParts wraps job.ErrNotFound for an upload that is complete or was given up.
type Uploads interface {
	Name() string
	StartParts(ctx context.Context, key, mediaType string, metadata map[string]string) (string, error)
	SignPart(ctx context.Context, key, upload string, number int32, bytes int64) (string, error)
	ListParts(ctx context.Context, key, upload string) ([]job.Uploaded, error)
	CompleteParts(ctx context.Context, key, upload string, parts []job.Part) error
	Head(ctx context.Context, key string) (job.Object, error)
}

// Results signs downloads. Head and Get wrap job.ErrNotFound. SignHead is SignGet for
// the method HEAD: S3 checks the method with the signature.
type Results interface {
	Head(ctx context.Context, key string) (job.Object, error)
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	SignGet(ctx context.Context, key, filename string, life time.Duration) (string, error)
	SignHead(ctx context.Context, key string, life time.Duration) (string, error)
}

// Exports makes exports. Send returns before the export is made.
type Exports interface {
	Send(ctx context.Context, input any) error
}

// Endings cancels and erases jobs, and says what is stored of one.
type Endings interface {
	Holdings(ctx context.Context, r job.Record) (job.Holdings, error)
	Cancel(ctx context.Context, id string) (job.Record, error)
	Erase(ctx context.Context, id string, by job.Eraser) error
}

// Workflow starts executions.
type Workflow interface {
	Start(ctx context.Context, e job.Execution) error
}

// API serves the HTTP API. All fields are needed.
type API struct {
	Jobs     Jobs
	Uploads  Uploads
	Results  Results
	Exports  Exports
	Endings  Endings
	Workflow Workflow
	Ready    func(ctx context.Context) error // whether the services that the API needs answer
	Tasks    []string
	// USDPerGPUHour prices a job's time on the GPU; 0 on one machine.
	USDPerGPUHour float64
	// Where says where objects and records lie.
	Where  Where
	Intent Intent
	// Outlook is what is told of what is to come; nothing where it is empty.
	Outlook Outlook
	// Emails says that an e-mail goes out when a job ends.
	Emails bool
	// Keep is how long jobs are kept; 0 is job.Lifetime.
	Keep    time.Duration
	Now     func() time.Time
	Entropy io.Reader
}

// Version is the API's, as /healthz tells it.
const Version = "1.0.0"

//go:embed openapi.json
var openAPI []byte

// Handler routes the API. What GET answers HEAD answers too, without the body.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	free := func(pattern string, h handler) { mux.Handle(pattern, serve(pattern, h)) }
	route := func(pattern, scope string, h handler, parameters ...string) {
		free(pattern, needs(scope, takes(parameters, h)))
	}
	route("POST /v1/jobs", ScopeWrite, a.create)
	free("GET /v1/jobs", needs(ScopeRead, a.list)) // reads its query itself
	route("GET /v1/jobs/{id}", ScopeRead, a.get)
	route("DELETE /v1/jobs/{id}", ScopeErase, a.erase)
	route("GET /v1/jobs/{id}/events", ScopeRead, a.events)
	route("GET /v1/jobs/{id}/receipt", ScopeRead, a.receipt)
	route("POST /v1/jobs/{id}/parts", ScopeWrite, a.parts)
	route("POST /v1/jobs/{id}/complete", ScopeWrite, a.complete)
	route("POST /v1/jobs/{id}/cancel", ScopeWrite, a.cancel)
	route("POST /v1/jobs/{id}/retry", ScopeWrite, a.retry)
	route("POST /v1/jobs/{id}/remesh", ScopeWrite, a.remesh)
	route("GET /v1/jobs/{id}/artifacts/{name}", ScopeRead, a.artifact, "format", "structure", "structures")
	route("GET /v1/jobs/{id}/share", ScopeRead, a.shares)
	route("POST /v1/jobs/{id}/share", ScopeWrite, a.share)
	route("DELETE /v1/jobs/{id}/share", ScopeWrite, a.revoke, "id")
	route("GET /v1/status", ScopeRead, a.status)
	free("GET /v1/shared/{id}", takes(nil, a.sharedJob)) // the share itself is what is asked for
	free("GET /v1/shared/{id}/artifacts/{name}", takes(nil, a.sharedArtifact))
	free("GET /healthz", func(w http.ResponseWriter, r *http.Request) error {
		return reply(w, http.StatusOK, struct {
			OK      bool   `json:"ok"`
			Service string `json:"service"`
			Version string `json:"version"`
		}{true, "iris-oculus-api", Version})
	})
	free("GET /readyz", func(w http.ResponseWriter, r *http.Request) error {
		if err := a.Ready(r.Context()); err != nil {
			return problem{Status: http.StatusServiceUnavailable, Code: "not_ready", Detail: "a service that the API stands on does not answer"}
		}
		return reply(w, http.StatusOK, struct {
			OK bool `json:"ok"`
		}{true})
	})
	free("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) error {
		return send(w, "application/vnd.oai.openapi+json;version=3.1", openAPI)
	})
	free("/", elsewhere(mux))
	refuse := serve("/", func(http.ResponseWriter, *http.Request) error { return nothingHere })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !clean(r.URL) {
			refuse.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func send(w http.ResponseWriter, mediaType string, body []byte) error {
	w.Header().Set("Content-Type", mediaType)
	_, err := w.Write(body)
	return err
}
