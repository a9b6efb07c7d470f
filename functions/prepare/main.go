// Command prepare is the function that turns an upload into one volume in the work bucket.
package main

import (
	"context"
	"time"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/functions"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/prepare"
)

func main() {
	var env edge.Env
	cfg := env.Config(context.Background())
	store := jobs.New(cfg, env.String("JOBS_TABLE"))
	stage := prepare.Stage{
		Jobs: store, Folders: store, Tasks: env.List("TASKS"), Now: time.Now,
		Uploads: blobs.New(cfg, env.String("UPLOADS_BUCKET")),
		Work:    blobs.New(cfg, env.String("WORK_BUCKET")),
		Results: blobs.New(cfg, env.String("RESULTS_BUCKET")),
		Glimpse: functions.New(cfg, env.String("GLIMPSE_FUNCTION")),
	}
	env.Require()
	edge.Start(stage.Prepare)
}
