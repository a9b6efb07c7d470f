// Command segment: a prepared volume → an asynchronous request whose answer
// completes the task token.
package main

import (
	"context"
	"time"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/endpoint"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/workflow"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/segment"
)

func main() {
	var env edge.Env
	cfg := env.Config(context.Background())
	stage := segment.Stage{
		Jobs:     jobs.New(cfg, env.String("JOBS_TABLE")),
		Work:     blobs.New(cfg, env.String("WORK_BUCKET")),
		Endpoint: endpoint.New(cfg, endpoint.Config{Name: env.String("ENDPOINT_NAME")}),
		Tokens:   workflow.New(cfg, env.String("STATE_MACHINE_ARN")),
		Now:      time.Now,
	}
	env.Require()
	edge.StartSink(stage.Start)
}
