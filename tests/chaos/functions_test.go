package chaos

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/iris-oculus/iris/internal/api"
	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/endpoint"
	"github.com/iris-oculus/iris/internal/cloud/functions"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/leases"
	"github.com/iris-oculus/iris/internal/cloud/workflow"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/export"
	"github.com/iris-oculus/iris/internal/stage/glimpse"
	"github.com/iris-oculus/iris/internal/stage/gpu"
	"github.com/iris-oculus/iris/internal/stage/intake"
	"github.com/iris-oculus/iris/internal/stage/mesh"
	"github.com/iris-oculus/iris/internal/stage/notify"
	"github.com/iris-oculus/iris/internal/stage/prepare"
	"github.com/iris-oculus/iris/internal/stage/segment"
	"github.com/iris-oculus/iris/internal/stage/settle"
)

// functions are the template's, each built as its main builds it (functions/*/main.go),
// over this wire. A function of the template that is not here is a panic.
func (w *world) functions() map[string]function {
	all := map[string]function{}
	for _, f := range w.template.Functions {
		retries := 2
		if f.MaxRetries != nil {
			retries = *f.MaxRetries
		}
		env := maps.Clone(f.Environment)
		if w.storm.keepDays != "" {
			env["RETENTION_DAYS"] = w.storm.keepDays
		}
		all[f.Name] = function{timeout: f.Timeout, retries: retries, handle: w.main(f.Folder, env)}
	}
	return all
}

func whole(env map[string]string, name string) int {
	n, err := strconv.Atoi(env[name])
	if err != nil {
		panic(name + ": " + err.Error())
	}
	return n
}

// main is what functions/<folder>/main.go starts.
func (w *world) main(folder string, env map[string]string) func(context.Context, []byte) (any, error) {
	cfg := w.wire.config()
	store, flow := jobs.New(cfg, env["JOBS_TABLE"]), workflow.New(cfg, env["STATE_MACHINE_ARN"])
	uploads, work, results := blobs.New(cfg, env["UPLOADS_BUCKET"]), blobs.New(cfg, env["WORK_BUCKET"]), blobs.New(cfg, env["RESULTS_BUCKET"])
	keep := time.Duration(whole(env, "RETENTION_DAYS")) * 24 * time.Hour
	const memory = 3008 << 20
	switch folder {
	case "intake":
		stage := intake.Stage{
			Jobs: store, Folders: store, Tasks: strings.Split(env["TASKS"], ","), Keep: keep, Now: time.Now,
			Uploads: uploads, Consumed: work, Workflow: flow,
		}
		return sink(func(ctx context.Context, e events.EventBridgeEvent) error {
			var created intake.Event
			if err := json.Unmarshal(e.Detail, &created); err != nil {
				return err
			}
			return stage.Handle(ctx, created.Object())
		})
	case "prepare":
		return handler(prepare.Stage{
			Jobs: store, Folders: store, Tasks: strings.Split(env["TASKS"], ","), Now: time.Now, Uploads: uploads, Work: work, Results: results,
			Glimpse: functions.New(cfg, env["GLIMPSE_FUNCTION"]),
		}.Prepare)
	case "glimpse":
		return sink(glimpse.Stage{Jobs: store, Work: work, Results: results, MemoryBytes: memory}.Handle)
	case "gpu":
		stage, e := w.lease(env)
		stage.Instances = e
		return handler(func(ctx context.Context, body json.RawMessage) (job.GPUOutput, error) {
			in, err := edge.GPUInput(body)
			if err != nil {
				return job.GPUOutput{}, err
			}
			return stage.Handle(ctx, in)
		})
	case "segment":
		return sink(w.request(env).Start)
	case "segmented":
		return sink(edge.Messages(w.request(env).Answer))
	case "mesh":
		return handler(mesh.Stage{Jobs: store, Work: work, Results: results, MemoryBytes: memory, Now: time.Now, Draw: draw}.Handle)
	case "settle":
		lease, e := w.lease(env)
		return handler(settle.Stage{
			Jobs: store, Links: store, Retention: store, Times: store, Workflow: flow, Work: work, Now: time.Now, Uploads: uploads, Results: results,
			Lease: lease, Running: e,
			Answers: segment.Stage{Jobs: store, Work: work, Endpoint: e, Tokens: flow, Lease: lease.Leases, Now: time.Now},
		}.Invoke)
	case "export":
		return sink(export.Stage{Jobs: store, Results: results, MemoryBytes: memory}.Handle)
	case "notify":
		keys, err := notify.ParseKeys(env["WEBHOOK_SECRETS"])
		if err != nil {
			panic(err)
		}
		stage := notify.Stage{Jobs: store, Server: &w.seen, Keys: keys, API: "http://127.0.0.1:8000", Now: time.Now, Pause: notify.Wait}
		return sink(func(ctx context.Context, e events.EventBridgeEvent) error {
			var detail job.EventDetail
			if err := json.Unmarshal(e.Detail, &detail); err != nil {
				return err
			}
			return stage.Handle(ctx, detail)
		})
	case "api":
		a := api.API{
			Jobs: store, Uploads: uploads, Results: results, Workflow: flow,
			Endings: settle.Stage{Jobs: store, Links: store, Workflow: flow, Uploads: uploads, Results: results, Work: work, Now: time.Now},
			Exports: functions.New(cfg, env["EXPORT_FUNCTION"]),
			Ready:   store.Ping, Tasks: strings.Split(env["TASKS"], ","),
			Intent:  api.Intent{GPU: functions.New(cfg, env["GPU_FUNCTION"]), Keep: time.Duration(whole(env, "WARM_ON_INTENT_SECONDS")) * time.Second, WarmUp: time.Minute},
			Outlook: api.Outlook{Times: store, GPU: leases.New(cfg, env["JOBS_TABLE"], env["ENDPOINT_NAME"])}, Keep: keep, Now: time.Now, Entropy: w.storm.entropy(),
		}
		var access api.Access
		serve := edge.HTTP(a.Handler(), func(ctx context.Context, c edge.Caller) context.Context {
			return api.WithPrincipal(ctx, access.Caller(api.Checked{Claims: c.Claims, Signed: c.Signed, ARN: c.ARN}))
		})
		return handler(serve)
	}
	panic("no main of functions/" + folder + " here")
}

// lease is functions/internal/lease.
func (w *world) lease(env map[string]string) (gpu.Stage, *endpoint.Endpoint) {
	cfg := w.wire.config()
	policy := gpu.Policy{Linger: time.Duration(whole(env, "LINGER_SECONDS")) * time.Second, MaxInstances: whole(env, "MAX_INSTANCES")}
	e := endpoint.New(cfg, endpoint.Config{Name: env["ENDPOINT_NAME"], MaxInstances: policy.MaxInstances})
	capacity, err := e.Lever(env["CAPACITY_LEVER"])
	if err != nil {
		panic(err)
	}
	store := leases.New(cfg, env["JOBS_TABLE"], env["ENDPOINT_NAME"])
	return gpu.Stage{Leases: store, States: store, Endpoint: capacity, Policy: policy, Now: time.Now}, e
}

// request is functions/internal/request.
func (w *world) request(env map[string]string) segment.Stage {
	cfg := w.wire.config()
	return segment.Stage{
		Jobs: jobs.New(cfg, env["JOBS_TABLE"]), Work: blobs.New(cfg, env["WORK_BUCKET"]),
		Endpoint: endpoint.New(cfg, endpoint.Config{Name: env["ENDPOINT_NAME"]}), Tokens: workflow.New(cfg, env["STATE_MACHINE_ARN"]),
		Lease: leases.New(cfg, env["JOBS_TABLE"], env["ENDPOINT_NAME"]), Now: time.Now,
	}
}

// Post is the operator's web server, which takes notices.
func (s *seen) Post(ctx context.Context, header http.Header, _ []byte) (int, error) {
	in, _ := ctx.Value(invocationKey{}).(*invocation)
	if in.gone() {
		return 0, context.Canceled
	}
	f, takes := s.w.storm.at(call{service: "webhook", operation: "POST", in: in})
	in.met(f)
	time.Sleep(takes)
	switch f {
	case none, slow, cutInside:
	case killBefore:
		in.kill()
		return 0, context.Canceled
	case cutBefore:
		return 0, errCut
	case killAfter, cutAfter:
	default:
		return http.StatusServiceUnavailable, nil
	}
	if in.gone() {
		return 0, context.Canceled
	}
	s.noticed(header.Get("Webhook-Id"))
	switch f {
	case killAfter:
		in.kill()
		return 0, context.Canceled
	case cutAfter:
		return 0, errCut
	}
	return http.StatusNoContent, nil
}
