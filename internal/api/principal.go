package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// Principal is who calls. The zero value is nobody: it owns nothing and reads nothing.
type Principal struct {
	Subject  string
	Operator bool // sees the jobs of everybody
	Drops    bool // sees what belongs to the bucket
	// Scopes are what a token is limited to, of ScopeRead, ScopeWrite and ScopeErase; nil
	// where it is not limited, and empty where it may do nothing.
	Scopes []string
}

// Local is the caller whose request IAM has checked, which on one machine the
// gateway stands for: the owner of whatever is dropped into the bucket, and an
// operator. No token makes one (Access.OfClaims).
var Local = Principal{Subject: job.BucketOwner, Operator: true}

// Scopes of a token. One that names none of them is a person's and is not limited: an
// application that signs people in by Cognito's own API cannot ask for scopes. One that
// names any is limited to those.
const (
	ScopeRead  = "iris/read"  // GET: jobs, artifacts, exports
	ScopeWrite = "iris/write" // POST: uploads, cancel, retry, remesh; shares
	ScopeErase = "iris/erase" // DELETE of a job
	// ScopeDrop is for the machine client that drops scans into the bucket: it reads what
	// belongs to the bucket, too.
	ScopeDrop = "iris/drop"
	// OperatorScope makes its bearer an operator, who sees the jobs of everybody and may do
	// all of the above. Cognito gives scopes to clients, not to persons: where operators are
	// persons, a group is the way (Access.OperatorGroup).
	OperatorScope = "iris/operator"
)

// Access is how a deployment says who its callers are.
type Access struct {
	// OperatorGroup is the Cognito group whose members are operators; empty: no group is.
	OperatorGroup string
	// OwnersByPrefix says that drops under <owner>/… are that owner's (the template's
	// DropOwner). Then an IAM user owns what is dropped under its name, and sees no more;
	// roles and the account's root go on as operators.
	OwnersByPrefix bool
}

// Checked is what API Gateway has checked of a request: the claims of a token, or a
// signature of IAM. The zero value is a request of which nothing was checked.
type Checked struct {
	Claims map[string]string // nil without a token
	Signed bool
	ARN    string // of the principal who signed
}

// Caller says who calls. With neither claims nor a signature the caller is nobody, in any
// deployment.
func (a Access) Caller(c Checked) Principal {
	switch {
	case c.Claims != nil:
		return a.OfClaims(c.Claims)
	case c.Signed && a.OwnersByPrefix && isUser(c.ARN):
		return ofUser(c.ARN)
	case c.Signed && (!a.OwnersByPrefix || isRole(c.ARN)):
		return Local
	}
	return Principal{}
}

// isRole says whether an ARN is that of a role or of the account's root. A federated user
// (sts:GetFederationToken) is neither: it is an IAM user under a name of its own choice.
func isRole(arn string) bool {
	part := strings.SplitN(arn, ":", 6)
	return len(part) == 6 && (part[2] == "sts" && strings.HasPrefix(part[5], "assumed-role/") || part[2] == "iam" && part[5] == "root")
}

// isUser says whether an ARN is that of an IAM user: arn:aws:iam::<account>:user/<path>/<name>.
func isUser(arn string) bool {
	part := strings.SplitN(arn, ":", 6)
	return len(part) == 6 && part[2] == "iam" && strings.HasPrefix(part[5], "user/")
}

// ofUser is the IAM user of an ARN, whose name is unique in its account whatever the path.
func ofUser(arn string) Principal {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	if name == "" || name == job.BucketOwner {
		return Principal{}
	}
	return Principal{Subject: name}
}

// OfClaims reads a checked token. Nobody's is a token without a subject; with the name
// under which the bucket owns its drops, for no issuer can be kept from giving somebody
// that name; or of Cognito's that is not an access token: an ID token is made for the
// client that asked for it, and does not say what its bearer may do.
func (a Access) OfClaims(claims map[string]string) Principal {
	subject, use := claims["sub"], claims["token_use"]
	if subject == "" || subject == job.BucketOwner || use != "" && use != "access" {
		return Principal{}
	}
	p := Principal{Subject: subject}
	for _, claim := range []string{"scope", "scp"} { // RFC 8693 §4.2, and Microsoft's name for it
		// API Gateway writes a list as "[a b]"; a scope has neither space nor bracket.
		for _, scope := range strings.FieldsFunc(claims[claim], func(c rune) bool { return strings.ContainsRune("[] ", c) }) {
			p.grant(scope)
		}
	}
	if a.OperatorGroup != "" && slices.Contains(groups(claims["cognito:groups"]), a.OperatorGroup) {
		p.Operator = true
	}
	return p
}

// grant adds what one scope allows.
func (p *Principal) grant(scope string) {
	switch scope {
	case ScopeRead, ScopeWrite, ScopeErase:
		p.Scopes = append(p.Scopes, scope)
	case ScopeDrop:
		p.Drops, p.Scopes = true, append(p.Scopes, ScopeRead)
	case OperatorScope:
		p.Operator, p.Scopes = true, append(p.Scopes, ScopeRead, ScopeWrite, ScopeErase)
	default:
		// One that is ours by its beginning but not known (misspelt, or in a list that is not
		// parted by spaces) allows nothing, and still limits the token: so it was meant.
		if p.Scopes == nil && strings.HasPrefix(strings.ToLower(strings.TrimLeft(scope, `"'`)), "iris/") {
			p.Scopes = []string{}
		}
	}
}

// groups reads the list of groups as API Gateway writes it, "[a b]". The name of a group
// of Cognito's has no space, but may have brackets.
func groups(claim string) []string {
	list, ok := strings.CutPrefix(claim, "[")
	list, closed := strings.CutSuffix(list, "]")
	if !ok || !closed {
		return nil
	}
	return strings.Fields(list)
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
		return unauthorized("the request carries no token with a subject")
	}
	return nil
}

func unauthorized(detail string) problem {
	return problem{Status: http.StatusUnauthorized, Code: "unauthorized", Detail: detail, Challenge: "Bearer"}
}

// needs lets a caller pass whose token holds a scope. The refusal depends on the token
// and the address alone, and so tells nothing of a job.
func needs(scope string, h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if p := caller(r.Context()); p.Scopes != nil && !slices.Contains(p.Scopes, scope) {
			return problem{Status: http.StatusForbidden, Code: "insufficient_scope", Detail: "the token lacks the scope " + scope,
				Challenge: fmt.Sprintf("Bearer error=%q, scope=%q", "insufficient_scope", scope)} // RFC 6750 §3.1
		}
		return h(w, r)
	}
}

func (p Principal) mayRead(r job.Record) bool {
	return !r.Erased && p.Subject != "" && (r.Owner == p.Subject || p.Operator || r.Owner == job.BucketOwner && p.Drops)
}

// mayList says whether the caller may list the jobs of an owner.
func (p Principal) mayList(owner string) bool {
	return p.mayRead(job.Record{Owner: owner})
}
