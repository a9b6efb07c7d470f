// Package outlook builds what the API tells of what is to come out of a function's
// environment.
package outlook

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/iris-oculus/iris/internal/api"
	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/leases"
	"github.com/iris-oculus/iris/internal/edge"
)

// Build reads what is needed. Where no model is deployed there is no GPU to tell of.
func Build(env *edge.Env, cfg aws.Config, table *jobs.Store) api.Outlook {
	out := api.Outlook{Times: table}
	if name := env.String("ENDPOINT_NAME"); name != edge.NoEndpoint {
		out.GPU = leases.New(cfg, env.String("JOBS_TABLE"), name)
	}
	if env.String("MODEL_PROGRESS") == "yes" { // else a request for an object that never comes would cost a little
		out.Progress = blobs.New(cfg, env.String("WORK_BUCKET"))
	}
	return out
}
