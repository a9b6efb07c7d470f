// Command glimpse is the function that makes the first look at a CT while its job waits
// for a model.
package main

import (
	"context"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/glimpse"
)

func main() {
	var env edge.Env
	cfg := env.Config(context.Background())
	stage := glimpse.Stage{
		Jobs:        jobs.New(cfg, env.String("JOBS_TABLE")),
		Work:        blobs.New(cfg, env.String("WORK_BUCKET")),
		Results:     blobs.New(cfg, env.String("RESULTS_BUCKET")),
		MemoryBytes: int64(env.Int("STAGE_MEMORY_MB")) << 20,
	}
	env.Require()
	edge.StartSink(stage.Handle)
}
