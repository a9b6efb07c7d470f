// Command settle is the function that writes every ending of a job and, every five
// minutes, does what open jobs still need.
package main

import (
	"context"
	"time"

	"github.com/iris-oculus/iris/functions/internal/lease"
	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/workflow"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/segment"
	"github.com/iris-oculus/iris/internal/stage/settle"
)

func main() {
	var env edge.Env
	cfg := env.Config(context.Background())
	gpu, endpoint := lease.Build(&env, cfg)
	store, flow := jobs.New(cfg, env.String("JOBS_TABLE")), workflow.New(cfg, env.String("STATE_MACHINE_ARN"))
	work := blobs.New(cfg, env.String("WORK_BUCKET"))
	stage := settle.Stage{
		Jobs: store, Links: store, Retention: store, Times: store, Workflow: flow, Work: work, Now: time.Now,
		Uploads: blobs.New(cfg, env.String("UPLOADS_BUCKET")),
		Results: blobs.New(cfg, env.String("RESULTS_BUCKET")),
		Meter:   edge.Meter{Namespace: env.String("METRICS_NAMESPACE")},
	}
	if env.String("ENDPOINT_NAME") != edge.NoEndpoint {
		stage.Lease, stage.Running = gpu, endpoint
		stage.Answers = segment.Stage{Jobs: store, Work: work, Endpoint: endpoint, Tokens: flow, Lease: gpu.Leases, Now: time.Now}
	}
	env.Require()
	edge.Start(stage.Invoke)
}
