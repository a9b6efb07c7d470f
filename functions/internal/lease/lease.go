// Package lease builds the GPU lease out of a function's environment: the gpu
// and the settle function carry the same actions out.
package lease

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/iris-oculus/iris/internal/cloud/endpoint"
	"github.com/iris-oculus/iris/internal/cloud/leases"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/gpu"
)

// Build reads what the lease needs.
func Build(env *edge.Env, cfg aws.Config) (gpu.Stage, *endpoint.Endpoint) {
	name, lever := env.String("ENDPOINT_NAME"), env.String("CAPACITY_LEVER")
	policy := gpu.Policy{Linger: env.Seconds("LINGER_SECONDS"), MaxInstances: env.Int("MAX_INSTANCES")}
	perInstance := env.Int("JOBS_PER_INSTANCE")
	if lever == "weights" {
		policy.JobsPerInstance = perInstance
	}
	e := endpoint.New(cfg, endpoint.Config{Name: name, MaxInstances: policy.MaxInstances})
	capacity, err := e.Lever(lever)
	if err != nil {
		env.Problem("CAPACITY_LEVER: " + err.Error())
	}
	store := leases.New(cfg, env.String("JOBS_TABLE"), name)
	return gpu.Stage{Leases: store, States: store, Endpoint: capacity, Policy: policy, Now: time.Now}, e
}
