package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"

	"github.com/iris-oculus/iris/internal/local/gateway/apigw"
	"github.com/iris-oculus/iris/internal/local/gateway/jwt"
	"github.com/iris-oculus/iris/internal/local/template"
)

// access says what the HTTP API asks for. Where the template asks for tokens of an
// issuer, those; else IAM, for which this machine stands: nothing on loopback, and the
// stack's own token elsewhere.
func (s *Stack) access(ctx context.Context, api net.Listener) (apigw.Tokens, error) {
	if s.Template.API == nil {
		return nil, errors.New("the template declares no HTTP API")
	}
	var asked *template.Authorizer
	for _, r := range s.Template.API.Routes {
		switch {
		case r.Authorizer == nil:
		case asked == nil:
			asked = r.Authorizer
		case !reflect.DeepEqual(asked, r.Authorizer):
			return nil, errors.New("the template has routes with different authorizers: one machine runs one")
		}
	}
	// A route may ask for IAM beside others that ask for tokens.
	iam := slices.ContainsFunc(s.Template.API.Routes, func(r template.Route) bool { return r.Authorization == template.AuthorizationIAM })
	var err error
	if iam && !loopback(api.Addr()) {
		s.Token, err = secret(s.state.path("token"))
	}
	if asked == nil || err != nil {
		return nil, err
	}
	s.Issuer = asked.Issuer
	tokens, err := jwt.New(ctx, jwt.Config{Issuer: asked.Issuer, Audience: asked.Audience})
	var wrong *jwt.IssuerError
	switch {
	case errors.As(err, &wrong) && wrong.Away:
		return nil, fmt.Errorf("issuer_unreachable: %w", err)
	case err != nil:
		return nil, fmt.Errorf("bad_issuer: %w", err)
	}
	s.issuer = issuer{client: asked.Audience[0], origins: tokens.Origins()}
	return tokens, nil
}
