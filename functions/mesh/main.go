// Command mesh is the function that makes meshes, measurements and pictures of a label
// map and writes them to the results bucket.
package main

import (
	"context"
	"time"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/mesh"
)

func main() {
	var env edge.Env
	cfg := env.Config(context.Background())
	stage := mesh.Stage{
		Jobs:        jobs.New(cfg, env.String("JOBS_TABLE")),
		Work:        blobs.New(cfg, env.String("WORK_BUCKET")),
		Results:     blobs.New(cfg, env.String("RESULTS_BUCKET")),
		MemoryBytes: int64(env.Int("STAGE_MEMORY_MB")) << 20,
		Now:         time.Now,
	}
	env.Require()
	edge.Start(stage.Handle)
}
