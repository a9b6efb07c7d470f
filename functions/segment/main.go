// Command segment is the function that sends a prepared volume to the model server.
// The answer comes later and completes the task token.
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
	edge.StartSink(stage.Start)
}
