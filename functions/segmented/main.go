// Command segmented is the function that completes the waiting task when the endpoint
// has published that a request ended.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-lambda-go/events"

	"github.com/iris-oculus/iris/functions/internal/request"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/segment"
)

func main() {
	var env edge.Env
	stage := request.Build(&env, env.Config(context.Background()))
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
