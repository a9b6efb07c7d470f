package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Outlook reads what the API says of what is to come: how long stages usually take, how
// the GPU is, who is ahead, and how far the model server is. Each of them may be nil, and
// then nothing is said of it.
type Outlook struct {
	Times    Times
	GPU      GPU
	Progress Work
}

// Times keeps how long stages took.
type Times interface {
	// Took gives the samples of classes, without those of which there are none.
	Took(ctx context.Context, classes []job.Class) (map[job.Class]job.Samples, error)
}

// GPU knows who needs the GPU and how it is.
type GPU interface {
	Look(ctx context.Context) (job.Lease, job.GPUState, error)
}

// Work reads objects of the work bucket; it wraps job.ErrNotFound.
type Work interface {
	Get(ctx context.Context, key string) (io.ReadCloser, error)
}

// outlookBody is the part of a job that changes while the record does not. Whatever is not
// known is absent.
type outlookBody struct {
	Coming   []comingBody  `json:"coming,omitempty"`
	GPU      *gpuBody      `json:"gpu,omitempty"`
	Queue    *queueBody    `json:"queue,omitempty"`
	Progress *progressBody `json:"progress,omitempty"`
}

// comingBody is a stage that is still before the job.
type comingBody struct {
	Name  job.Status `json:"name"`
	Usual *job.Usual `json:"usual,omitempty"`
}

type gpuBody struct {
	State job.GPUWord `json:"state"`
	Since string      `json:"since"`
}

type queueBody struct {
	Ahead int `json:"ahead"`
}

type progressBody struct {
	Done  int    `json:"done"`
	Total int    `json:"total"`
	Unit  string `json:"unit"`
}

// foresee adds to a job that goes on what is known of what is to come.
func (a *API) foresee(ctx context.Context, rec job.Record, b *jobBody) {
	if rec.Status.Ended() {
		return
	}
	// Whether the GPU still has to wake is known only when it was looked at: the usual times
	// are read at the same moment, of all stages that may follow.
	var usual map[job.Status]*job.Usual
	var reads sync.WaitGroup
	reads.Go(func() { usual = a.usual(ctx, rec, append(rec.Coming(job.GPUAsleep), rec.Status)) })
	b.outlookBody = a.now(ctx, rec)
	reads.Wait()
	state := job.GPUWord("")
	if b.GPU != nil {
		state = b.GPU.State
	}
	stages := rec.Coming(state)
	if n := len(b.Stages); n > 0 {
		b.Stages[n-1].Usual = usual[rec.Status]
	}
	for _, stage := range stages {
		b.Coming = append(b.Coming, comingBody{stage, usual[stage]})
	}
}

// now is how the GPU is for a job, how many are ahead of it, and how far it is.
func (a *API) now(ctx context.Context, rec job.Record) (b outlookBody) {
	var gpu job.GPUState
	var counted job.Progress
	var reads sync.WaitGroup
	if rec.NeedsGPU() {
		reads.Go(func() {
			var lease job.Lease
			lease, gpu = a.gpu(ctx)
			b.GPU = told(gpu)
			if ahead, waits := lease.Ahead(job.ExecutionName(rec.ID, rec.Attempt)); waits {
				b.Queue = &queueBody{ahead}
			}
		})
	}
	if rec.Status == job.Warming || rec.Status == job.Segmenting {
		reads.Go(func() { counted = a.progress(ctx, rec) })
	}
	reads.Wait()
	// What an instance counted that ended before the GPU woke anew is gone: the work begins again.
	if gone := gpu.State != job.GPUWarm && counted.At.Before(gpu.Since); counted.Sound() && !gone {
		b.Progress = &progressBody{counted.Done, counted.Total, counted.Unit}
	}
	return b
}

// gpu is the lease and the state of the GPU; zero where that is not known.
func (a *API) gpu(ctx context.Context) (lease job.Lease, state job.GPUState) {
	if a.Outlook.GPU == nil {
		return lease, state
	}
	lease, state, err := a.Outlook.GPU.Look(ctx)
	if err != nil {
		unforeseen("how the GPU is", err)
		return job.Lease{}, job.GPUState{}
	}
	return lease, state
}

func told(state job.GPUState) *gpuBody {
	if state.State == "" {
		return nil
	}
	return &gpuBody{state.State, stamp(state.Since)}
}

// usual is how long some stages of a job usually take, without those that are not known.
func (a *API) usual(ctx context.Context, rec job.Record, stages []job.Status) map[job.Status]*job.Usual {
	return a.usually(ctx, stages, rec.ClassOf)
}

func (a *API) usually(ctx context.Context, stages []job.Status, classOf func(job.Status) (job.Class, bool)) map[job.Status]*job.Usual {
	of := map[job.Status]job.Class{}
	var classes []job.Class
	for _, stage := range stages {
		if class, known := classOf(stage); known {
			of[stage], classes = class, append(classes, class)
		}
	}
	if a.Outlook.Times == nil || len(classes) == 0 {
		return nil
	}
	took, err := a.Outlook.Times.Took(ctx, classes)
	if err != nil {
		unforeseen("how long stages take", err)
		return nil
	}
	usual := map[job.Status]*job.Usual{}
	for stage, class := range of {
		if u, enough := took[class].Usual(); enough {
			usual[stage] = &u
		}
	}
	return usual
}

// progress is what the model server has counted of the request that is under way, or the
// zero value. What it counted of a request that was lost says nothing of the one that was
// sent after it.
func (a *API) progress(ctx context.Context, rec job.Record) job.Progress {
	if a.Outlook.Progress == nil || !rec.Request.Outstanding {
		return job.Progress{}
	}
	body, err := a.Outlook.Progress.Get(ctx, job.Key(rec.ID, rec.Attempt, job.ProgressObject))
	if errors.Is(err, job.ErrNotFound) {
		return job.Progress{}
	}
	if err != nil {
		unforeseen("how far the model server is", err)
		return job.Progress{}
	}
	defer body.Close()
	var p job.Progress
	if err := json.NewDecoder(io.LimitReader(body, job.MaxProgressBytes)).Decode(&p); err != nil {
		unforeseen("how far the model server is", err)
		return job.Progress{}
	}
	if p.At.Before(rec.Request.At.Truncate(time.Second)) {
		return job.Progress{}
	}
	return p
}

// unforeseen notes what could not be read. A job is told without it.
func unforeseen(what string, err error) {
	slog.Warn("it is not told "+what, job.LogError, err.Error())
}

// statusBody is how the deployment is, for whoever has not sent anything yet.
type statusBody struct {
	GPU   *gpuBody                  `json:"gpu,omitempty"`
	Queue *queueBody                `json:"queue,omitempty"`
	Usual map[job.Status]*job.Usual `json:"usual"`
}

// status says how the GPU is, how many jobs need it, and how long stages usually take,
// whatever the size of the scan.
func (a *API) status(w http.ResponseWriter, r *http.Request) error {
	if err := requireSubject(r.Context()); err != nil {
		return err
	}
	var b statusBody
	lease, state := a.gpu(r.Context())
	b.GPU = told(state)
	if a.Outlook.GPU != nil {
		b.Queue = &queueBody{len(lease.Holders)}
	}
	b.Usual = a.usually(r.Context(), job.Measured, func(stage job.Status) (job.Class, bool) { return job.AnyClass(stage), true })
	if b.Usual == nil {
		b.Usual = map[job.Status]*job.Usual{}
	}
	after := idlePoll
	if b.GPU != nil && b.GPU.State == job.GPUWaking {
		after = pollAfter(job.Warming)
	}
	return tagged(w, r, b, after)
}

// idlePoll is how many seconds whoever watches the deployment should wait before it asks
// again, when nothing is about to change.
const idlePoll = 15
