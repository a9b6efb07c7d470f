// Command intake is the function that makes a job, and starts its execution, when an
// object was created in the uploads bucket.
package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/workflow"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/intake"
)

func main() {
	var env edge.Env
	cfg := env.Config(context.Background())
	store := jobs.New(cfg, env.String("JOBS_TABLE"))
	stage := intake.Stage{
		Jobs: store, Folders: store, Tasks: env.List("TASKS"), Keep: env.Days("RETENTION_DAYS"), Now: time.Now,
		Uploads:  blobs.New(cfg, env.String("UPLOADS_BUCKET")),
		Consumed: blobs.New(cfg, env.String("WORK_BUCKET")),
		Workflow: workflow.New(cfg, env.String("STATE_MACHINE_ARN")), OwnersByPrefix: env.String("DROP_OWNER") == "prefix",
	}
	env.Require()
	edge.StartSink(func(ctx context.Context, e events.EventBridgeEvent) error {
		var created intake.Event
		if err := json.Unmarshal(e.Detail, &created); err != nil {
			return err
		}
		return stage.Handle(ctx, created.Object())
	})
}
