// Command notify is the function that tells the operator's web server that a job has
// ended, when settle has announced it.
package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/webhook"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/notify"
)

func main() {
	var env edge.Env
	cfg := env.Config(context.Background())
	server, err := webhook.New(env.String("WEBHOOK_URL"), env.List("WEBHOOK_ALLOW"))
	env.Check("WEBHOOK_URL", err)
	keys, err := notify.ParseKeys(env.String("WEBHOOK_SECRETS"))
	env.Check("WEBHOOK_SECRETS", err)
	stage := notify.Stage{
		Jobs: jobs.New(cfg, env.String("JOBS_TABLE")), Server: server, Keys: keys,
		API: env.String("API_URL"), Now: time.Now, Pause: notify.Wait,
	}
	env.Require()
	edge.StartSink(func(ctx context.Context, e events.EventBridgeEvent) error {
		var detail job.EventDetail
		if err := json.Unmarshal(e.Detail, &detail); err != nil {
			return err
		}
		return stage.Handle(ctx, detail)
	})
}
