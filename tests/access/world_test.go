package access

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/iris-oculus/iris/internal/api"
	"github.com/iris-oculus/iris/internal/edge"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/local/gateway/apigw"
	"github.com/iris-oculus/iris/internal/local/gateway/jwt"
	"github.com/iris-oculus/iris/internal/local/gateway/jwt/jwttest"
	"github.com/iris-oculus/iris/internal/local/template"
)

// world is the API's function over stores in memory, behind the gateway with the routes
// of template.yaml and the tokens of an issuer.
type world struct {
	store   jobtest.Store
	results bucket
	uploads bucket
	now     time.Time
}

// bucket is one in memory whose uploads have always arrived whole.
type bucket struct{ jobtest.Bucket }

const whole = 40 // bytes of every upload

func (*bucket) StartParts(context.Context, string, string, map[string]string) (string, error) {
	return "upload", nil
}
func (*bucket) SignPart(context.Context, string, string, int32, int64) (string, error) {
	return "https://signed/part", nil
}
func (*bucket) ListParts(context.Context, string, string) ([]job.Uploaded, error) {
	return []job.Uploaded{{Part: job.Part{Number: 1, ETag: "e"}, Bytes: whole}}, nil
}
func (*bucket) CompleteParts(context.Context, string, string, []job.Part) error { return nil }
func (*bucket) SignGet(context.Context, string, string, time.Duration) (string, error) {
	return "https://signed/get", nil
}
func (*bucket) SignHead(context.Context, string, time.Duration) (string, error) {
	return "https://signed/head", nil
}

func (w *world) Start(context.Context, job.Execution) error { return nil }
func (w *world) Send(context.Context, any) error            { return errors.New("nothing is exported here") }
func (w *world) Holdings(context.Context, job.Record) (job.Holdings, error) {
	return job.Holdings{}, nil
}
func (w *world) Cancel(ctx context.Context, id string) (job.Record, error) {
	return w.store.Amend(ctx, id, func(r *job.Record) error { return r.Enter(job.Cancelled, w.now) })
}
func (w *world) Erase(ctx context.Context, id string, by job.Eraser) error {
	_, err := w.store.Amend(ctx, id, func(r *job.Record) error {
		r.Erased, r.Erasure = true, &job.Erasure{At: w.now, By: by}
		return nil
	})
	return err
}

// routes are those of template.yaml with an issuer.
func routes(t *testing.T, issuer *jwttest.Issuer) template.API {
	t.Helper()
	tp, err := template.Load(filepath.Join("..", "..", "template.yaml"),
		template.Identity{Account: "000000000000", Region: "us-east-1", Stack: "iris", APIEndpoint: "http://127.0.0.1:8000"},
		map[string]string{"JwtIssuer": issuer.URL, "JwtAudience": jwttest.Audience})
	if err != nil {
		t.Fatal(err)
	}
	return *tp.API
}

// serve is the whole way of a request: gateway, event, function.
func (w *world) serve(t *testing.T, routes template.API, issuer *jwttest.Issuer) http.Handler {
	t.Helper()
	clock := func() time.Time { return w.now }
	tokens, err := jwt.New(t.Context(), jwt.Config{Issuer: issuer.URL, Audience: []string{jwttest.Audience}, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	a := api.API{
		Jobs: &w.store, Uploads: &w.uploads, Results: &w.results, Exports: w, Endings: w, Workflow: w,
		Ready: func(context.Context) error { return nil }, Tasks: []string{"tissue"}, Now: clock, Entropy: rand.Reader,
	}
	access := api.Access{OperatorGroup: "iris-operators"}
	function := edge.HTTP(a.Handler(), func(ctx context.Context, c edge.Caller) context.Context {
		return api.WithPrincipal(ctx, access.Caller(api.Checked{Claims: c.Claims, Signed: c.Signed, ARN: c.ARN}))
	})
	gateway, err := apigw.New(apigw.Config{
		API: routes, Tokens: tokens, Logger: slog.New(slog.DiscardHandler),
		Invoke: func(ctx context.Context, _ string, payload []byte) ([]byte, string, error) {
			var in events.APIGatewayV2HTTPRequest
			if err := json.Unmarshal(payload, &in); err != nil {
				return nil, "", err
			}
			out, err := function(ctx, in)
			if err != nil {
				return nil, "", err
			}
			reply, err := json.Marshal(out)
			return reply, "", err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return gateway
}
