package api

import (
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// jobBody is a job as the API shows it (DESIGN.md §7).
type jobBody struct {
	ID         string                  `json:"id"`
	Status     job.Status              `json:"status"`
	Attempt    int                     `json:"attempt"`
	Options    job.Options             `json:"options"`
	CreatedAt  string                  `json:"created_at"`
	UpdatedAt  string                  `json:"updated_at"`
	ExpiresAt  string                  `json:"expires_at"`
	Stages     []stageBody             `json:"stages"`
	Artifacts  map[string]artifactBody `json:"artifacts"`
	Structures []job.Structure         `json:"structures"`
	Warnings   []job.Notice            `json:"warnings"`
	Error      *job.Notice             `json:"error"`
	NoGlimpse  *job.Notice             `json:"no_glimpse,omitempty"`
	CostUSD    float64                 `json:"cost_usd"`
	outlookBody
}

type stageBody struct {
	Name      job.Status `json:"name"`
	StartedAt string     `json:"started_at"`
	EndedAt   *string    `json:"ended_at"`
	Usual     *job.Usual `json:"usual,omitempty"` // of the present stage
}

type artifactBody struct {
	Bytes     int64  `json:"bytes"`
	SHA256    string `json:"sha256"`
	MediaType string `json:"media_type"`
	// Of an object that is sent in a Content-Encoding, which bytes and sha256 know
	// nothing of: the encoding, and how many bytes are sent.
	Encoding    string `json:"encoding,omitempty"`
	StoredBytes int64  `json:"stored_bytes,omitempty"`
	// Of what is shown only until the attempt ends.
	Provisional bool `json:"provisional,omitempty"`
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (a *API) body(r job.Record) jobBody {
	b := jobBody{
		ID: r.ID, Status: r.Status, Attempt: r.Attempt, Options: r.Options,
		CreatedAt: stamp(r.CreatedAt), UpdatedAt: stamp(r.UpdatedAt), ExpiresAt: stamp(r.ExpiresAt),
		Stages: []stageBody{}, Artifacts: map[string]artifactBody{},
		Structures: r.Structures, Warnings: r.Warnings, Error: r.Error, NoGlimpse: r.NoGlimpse, CostUSD: a.cost(r),
	}
	if b.Structures == nil {
		b.Structures = []job.Structure{}
	}
	if b.Warnings == nil {
		b.Warnings = []job.Notice{}
	}
	for _, s := range r.Stages {
		stage := stageBody{Name: s.Name, StartedAt: stamp(s.StartedAt)}
		if !s.EndedAt.IsZero() {
			ended := stamp(s.EndedAt)
			stage.EndedAt = &ended
		}
		b.Stages = append(b.Stages, stage)
	}
	for _, x := range r.Artifacts {
		b.Artifacts[x.Name] = artifactBody{x.Bytes, x.SHA256, x.MediaType, x.Encoding, x.StoredBytes, x.Provisional}
	}
	return b
}

// cost is the GPU's price in USD, rounded to 1e-4, for the stages of the job that used
// it and are over. The time to wake it is included.
func (a *API) cost(r job.Record) float64 {
	var busy time.Duration
	for _, s := range r.Stages {
		if s.Name == job.Warming || s.Name == job.Segmenting {
			if !s.EndedAt.IsZero() { // what still runs would change the ETag at every poll
				busy += s.EndedAt.Sub(s.StartedAt)
			}
		}
	}
	return float64(int64(busy.Hours()*a.USDPerGPUHour*1e4+0.5)) / 1e4
}

// pollAfter is how many seconds a client should wait at least before it asks again.
func pollAfter(s job.Status) int {
	switch s {
	case job.AwaitingUpload, job.Warming:
		return 5
	case job.Received, job.Preparing, job.Segmenting, job.Meshing:
		return 2
	}
	return 0
}

// longestPoll is the longest wait, in seconds, that a client is asked for. An instance
// takes minutes to start, and a label map of a large scan as long.
const longestPoll = 15

// askAgain is how many seconds the client of this job should wait before it asks again:
// a tenth of the time that the job has been in its stage. So a change is seen late by a
// tenth of what it took, and a job that takes minutes is not asked after every 2 s.
// 0 says that nothing more will happen.
func (a *API) askAgain(rec job.Record) int {
	least := pollAfter(rec.Status)
	if least == 0 || len(rec.Stages) == 0 {
		return least
	}
	tenth := int(a.Now().Sub(rec.Stages[len(rec.Stages)-1].StartedAt) / (10 * time.Second))
	return max(least, min(tenth, longestPoll))
}
