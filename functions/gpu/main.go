// Command gpu is the function that wakes the GPU endpoint and lets it sleep: the
// workflow asks it to acquire, release and park, people ask it to warm and for its
// status, and the budget alarm asks it to stop.
package main

import (
	"context"
	"encoding/json"

	"github.com/iris-oculus/iris/functions/internal/lease"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/job"
)

func main() {
	var env edge.Env
	cfg := env.Config(context.Background())
	stage, endpoint := lease.Build(&env, cfg)
	stage.Instances, stage.USDPerHour = endpoint, env.Float("GPU_PRICE_PER_HOUR")
	env.Require()
	edge.Start(func(ctx context.Context, body json.RawMessage) (job.GPUOutput, error) {
		in, err := edge.GPUInput(body)
		if err != nil {
			return job.GPUOutput{}, err
		}
		return stage.Handle(ctx, in)
	})
}
