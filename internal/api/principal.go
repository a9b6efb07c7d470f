package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// Principal is who calls. The zero value is nobody: it owns nothing and reads nothing.
type Principal struct {
	Subject  string
	Operator bool // may read what belongs to the bucket
}

// Local is the caller whose request IAM has checked, which on one machine the
// gateway stands for: the owner of whatever is dropped into the bucket, and an
// operator. No token makes one (FromClaims).
var Local = Principal{Subject: job.BucketOwner, Operator: true}

// OperatorScope is what a token's scope must hold to make its bearer an operator:
// a person, or a machine client that drops scans and asks after them.
const OperatorScope = "iris/operator"

// FromGateway says who calls. API Gateway has checked the claims of a token, or a
// signature of IAM. Without either the caller is nobody, in any deployment.
func FromGateway(claims map[string]string, signed bool) Principal {
	switch {
	case claims != nil:
		return FromClaims(claims)
	case signed:
		return Local
	}
	return Principal{}
}

// FromClaims reads a checked token. A token without a subject, or with the name
// under which the bucket owns its drops, is nobody's: no issuer can be kept from
// giving somebody that name.
func FromClaims(claims map[string]string) Principal {
	subject := claims["sub"]
	if subject == "" || subject == job.BucketOwner {
		return Principal{}
	}
	p := Principal{Subject: subject}
	for _, claim := range []string{"scope", "scp"} { // RFC 8693 §4.2, and Microsoft's name for it
		// API Gateway writes a list as "[a b]"; a scope has neither space nor bracket.
		scopes := strings.FieldsFunc(claims[claim], func(c rune) bool { return strings.ContainsRune("[] ", c) })
		p.Operator = p.Operator || slices.Contains(scopes, OperatorScope)
	}
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

// requireSubject refuses a caller without a name, who can neither own nor list jobs.
func requireSubject(ctx context.Context) error {
	if caller(ctx).Subject == "" {
		return problem{Status: http.StatusUnauthorized, Code: "unauthorized", Detail: "the request carries no token with a subject"}
	}
	return nil
}

func (p Principal) mayRead(r job.Record) bool {
	return !r.Erased && p.Subject != "" && (r.Owner == p.Subject || r.Owner == job.BucketOwner && p.Operator)
}
