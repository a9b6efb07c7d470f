// Command segment: a prepared volume → an asynchronous request whose answer
// completes the task token.
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
