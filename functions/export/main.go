// Command export is the function that writes structures of a ready job as one object
// in another format.
package main

import (
	"context"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/export"
)

func main() {
	var env edge.Env
	cfg := env.Config(context.Background())
	stage := export.Stage{
		Jobs:        jobs.New(cfg, env.String("JOBS_TABLE")),
		Results:     blobs.New(cfg, env.String("RESULTS_BUCKET")),
		MemoryBytes: int64(env.Int("STAGE_MEMORY_MB")) << 20,
	}
	env.Require()
	edge.StartSink(stage.Handle)
}
