// Package request builds the segment stage out of a function's environment: the
// segment function sends requests, the segmented function takes their answers.
package request

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/endpoint"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/leases"
	"github.com/iris-oculus/iris/internal/cloud/workflow"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/segment"
)

// Build reads what the stage needs.
func Build(env *edge.Env, cfg aws.Config) segment.Stage {
	return segment.Stage{
		Jobs:     jobs.New(cfg, env.String("JOBS_TABLE")),
		Work:     blobs.New(cfg, env.String("WORK_BUCKET")),
		Endpoint: endpoint.New(cfg, endpoint.Config{Name: env.String("ENDPOINT_NAME")}),
		Tokens:   workflow.New(cfg, env.String("STATE_MACHINE_ARN")),
		Lease:    leases.New(cfg, env.String("JOBS_TABLE"), env.String("ENDPOINT_NAME")),
		Now:      time.Now,
	}
}
