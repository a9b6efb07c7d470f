package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// Principal is who calls. Without tokens (one machine, or IAM) it is the owner
// of whatever is dropped into the bucket, and an operator.
type Principal struct {
	Subject  string
	Operator bool // may read what belongs to the bucket
}

// Local is the caller where no tokens are asked for.
var Local = Principal{Subject: job.BucketOwner, Operator: true}

// FromClaims reads a checked token: groups name the operators, and a token of
// client credentials is its own subject.
func FromClaims(claims map[string]string) Principal {
	p := Principal{Subject: claims["sub"]}
	groups := strings.FieldsFunc(claims["cognito:groups"], func(c rune) bool { return strings.ContainsRune("[], ", c) })
	for _, group := range groups {
		p.Operator = p.Operator || group == "operators"
	}
	p.Operator = p.Operator || claims["client_id"] != "" && claims["client_id"] == claims["sub"]
	return p
}

type principalKey struct{}

// WithPrincipal says who makes the requests of a context.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

func caller(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// known refuses whoever has no name to own or list jobs by.
func known(ctx context.Context) error {
	if caller(ctx).Subject == "" {
		return problem{Status: http.StatusUnauthorized, Code: "unauthorized", Detail: "the request carries no token with a subject"}
	}
	return nil
}

func (p Principal) mayRead(r job.Record) bool {
	return !r.Erased && p.Subject != "" && (r.Owner == p.Subject || r.Owner == job.BucketOwner && p.Operator)
}
