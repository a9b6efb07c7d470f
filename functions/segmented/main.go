// Command segmented: the endpoint published that a request ended → the waiting
// task goes on.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-lambda-go/events"

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
	edge.StartSink(func(ctx context.Context, e events.SNSEvent) error {
		var problems []error
		for _, record := range e.Records {
			var m segment.Message
			if err := json.Unmarshal([]byte(record.SNS.Message), &m); err != nil {
				problems = append(problems, err)
				continue
			}
			problems = append(problems, stage.Answer(ctx, m))
		}
		return errors.Join(problems...)
	})
}
