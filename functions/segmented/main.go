// Command segmented is the function that completes the waiting task when the endpoint
// has published that a request ended.
package main

import (
	"context"

	"github.com/iris-oculus/iris/functions/internal/request"
	"github.com/iris-oculus/iris/internal/edge"
)

func main() {
	var env edge.Env
	stage := request.Build(&env, env.Config(context.Background()))
	env.Require()
	edge.StartSink(edge.Messages(stage.Answer))
}
