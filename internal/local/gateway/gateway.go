// Package gateway is the one AWS endpoint of the one-machine stack. In: requests
// of any AWS SDK on one address. Out: each is given to the service that its
// SigV4 credential scope names, after its signature was checked (S3 checks its
// own, so that bodies stream). Requests without a signature, CORS preflights
// for example, are S3's. Refusals have the shape of the caller's protocol.
package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/iris-oculus/iris/internal/local/gateway/sigv4"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// MaxBody bounds a request of any service but S3; the largest that AWS takes is
// DynamoDB's BatchWriteItem of 16 MiB.
const MaxBody = 16<<20 + 64<<10

// Config is what the endpoint needs. Services are by signing name: dynamodb,
// states, events, sns, lambda, sagemaker, application-autoscaling, …
type Config struct {
	Key      sigv4.Key
	Region   string
	Account  string
	S3       http.Handler
	Services map[string]http.Handler
	// Hosts are names, beside loopback's, under which this endpoint is reached.
	Hosts []string
	// WaitForDisk, if set, returns when the services can write, or after a while. What
	// only reads does not wait: a job can be looked at while the disk is full.
	WaitForDisk func(context.Context)
}

// Gateway is the endpoint. Make one with New.
type Gateway struct {
	cfg      Config
	verifier sigv4.Verifier
	services map[string]http.Handler
	hosts    Hosts
}

// New builds the endpoint and adds STS's GetCallerIdentity, with which the AWS
// CLI and SDKs say who they are.
func New(cfg Config) *Gateway {
	g := &Gateway{
		cfg:      cfg,
		verifier: sigv4.Verifier{Key: cfg.Key, Region: cfg.Region},
		services: map[string]http.Handler{"sts": callerIdentity{account: cfg.Account, key: cfg.Key.ID}},
		hosts:    cfg.Hosts,
	}
	for name, h := range cfg.Services {
		g.services[name] = h
	}
	return g
}

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.hosts.Allow(r.Host) {
		http.Error(w, "this endpoint is not reached under that host name", http.StatusMisdirectedRequest)
		return
	}
	service := sigv4.Service(r)
	if service == "s3" || service == "" {
		g.cfg.S3.ServeHTTP(w, r)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		refuse(w, r, http.StatusForbidden, "AccessDeniedException", "AccessDenied", "a web page may not call this service; only S3 answers other origins")
		return
	}
	handler, known := g.services[service]
	if !known {
		refuse(w, r, http.StatusBadRequest, "UnknownOperationException", "InvalidAction", "the service "+quoteShort(service)+" is not part of the one-machine stack")
		return
	}
	if err := g.verifier.Refuse(r); err != nil {
		refuseUnsigned(w, r, err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			refuse(w, r, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "RequestEntityTooLarge", "the request is larger than 16 MiB")
		}
		return // otherwise the client is gone
	}
	if err := g.verifier.Verify(r, body); err != nil {
		refuseUnsigned(w, r, err)
		return
	}
	if g.cfg.WaitForDisk != nil && !reads(r.Header.Get("X-Amz-Target")) {
		g.cfg.WaitForDisk(r.Context())
	}
	r = r.WithContext(trace.With(r.Context(), trace.Parse(r.Header.Get("X-Amzn-Trace-Id"))))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	handler.ServeHTTP(w, r)
}

// reads says whether the target of a JSON service, Service_Version.Operation, is an
// operation that changes nothing, by the first word of AWS's names.
func reads(target string) bool {
	_, operation, _ := strings.Cut(target, ".")
	for _, word := range []string{"Get", "BatchGet", "Query", "Scan", "Describe", "List"} {
		if strings.HasPrefix(operation, word) {
			return true
		}
	}
	return false
}
