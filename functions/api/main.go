// Command api is the function that answers the HTTP API's requests, which API
// Gateway hands to it.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"time"

	"github.com/iris-oculus/iris/functions/internal/outlook"
	"github.com/iris-oculus/iris/internal/api"
	"github.com/iris-oculus/iris/internal/cloud/blobs"
	"github.com/iris-oculus/iris/internal/cloud/functions"
	"github.com/iris-oculus/iris/internal/cloud/jobs"
	"github.com/iris-oculus/iris/internal/cloud/workflow"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/stage/settle"
)

func main() {
	var env edge.Env
	cfg := env.Config(context.Background())
	store, flow := jobs.New(cfg, env.String("JOBS_TABLE")), workflow.New(cfg, env.String("STATE_MACHINE_ARN"))
	uploads, results := blobs.New(cfg, env.String("UPLOADS_BUCKET")), blobs.New(cfg, env.String("RESULTS_BUCKET"))
	a := api.API{
		Jobs: store, Uploads: uploads, Results: results, Workflow: flow,
		Endings: settle.Stage{Jobs: store, Links: store, Workflow: flow, Uploads: uploads, Results: results, Work: blobs.New(cfg, env.String("WORK_BUCKET")), Now: time.Now},
		Exports: functions.New(cfg, env.String("EXPORT_FUNCTION")),
		Ready:   store.Ping, Tasks: env.List("TASKS"), USDPerGPUHour: env.Float("GPU_PRICE_PER_HOUR"),
		Where: api.Where{Region: cfg.Region, Folder: os.Getenv("IRIS_STATE_FOLDER")}, Emails: env.String("EMAIL_NOTICES") == "yes",
		Intent:  api.Intent{GPU: functions.New(cfg, env.String("GPU_FUNCTION")), Keep: env.Seconds("WARM_ON_INTENT_SECONDS"), WarmUp: env.Seconds("WARM_UP_SECONDS")},
		Outlook: outlook.Build(&env, cfg, store), Keep: env.Days("RETENTION_DAYS"), Now: time.Now, Entropy: rand.Reader,
	}
	access := api.Access{OperatorGroup: env.String("OPERATOR_GROUP"), OwnersByPrefix: env.String("DROP_OWNER") == "prefix"}
	env.Require()
	edge.ServeHTTP(a.Handler(), func(ctx context.Context, c edge.Caller) context.Context {
		return api.WithPrincipal(ctx, access.Caller(api.Checked{Claims: c.Claims, Signed: c.Signed, ARN: c.ARN}))
	})
}
