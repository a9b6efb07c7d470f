package apigw

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/iris-oculus/iris/internal/local/gateway/jwt"
	"github.com/iris-oculus/iris/internal/local/gateway/jwt/jwttest"
	"github.com/iris-oculus/iris/internal/local/template"
)

// behindTokens is an API whose default route asks for a JWT; got is the last event of its function.
func behindTokens(t *testing.T, tokens Tokens, got *events.APIGatewayV2HTTPRequest) *Adapter {
	t.Helper()
	a, err := New(Config{
		API: template.API{Routes: []template.Route{
			{Key: "$default", Timeout: time.Second, Authorization: template.AuthorizationJWT}, {Key: "GET /open", Timeout: time.Second, Authorization: template.AuthorizationNone},
		}},
		Token: "static", Tokens: tokens, Logger: slog.New(slog.DiscardHandler),
		Invoke: func(_ context.Context, _ string, payload []byte) ([]byte, string, error) {
			*got = events.APIGatewayV2HTTPRequest{}
			return []byte(`{"statusCode":204}`), "", json.Unmarshal(payload, got)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Who holds a token is known to the function by its claims and by nothing else; who holds
// none, a wrong one or the stack's own does not reach it.
func TestJWT(t *testing.T) {
	issuer := jwttest.New(t)
	tokens, err := jwt.New(t.Context(), jwt.Config{Issuer: issuer.URL, Audience: []string{jwttest.Audience}})
	if err != nil {
		t.Fatal(err)
	}
	var got events.APIGatewayV2HTTPRequest
	a := behindTokens(t, tokens, &got)
	good := issuer.Issue(t, time.Now(), map[string]any{"cognito:groups": []string{"a", "b"}})
	for _, header := range []string{"Bearer " + good, "bearer " + good, "BEARER  " + good} {
		if w := serve(a, request("GET", "/v1/jobs", "", "Authorization", header)); w.Code != 204 {
			t.Fatalf("%.10s: %d %s", header, w.Code, w.Body)
		}
		c := got.RequestContext.Authorizer
		if c == nil || c.IAM != nil || c.JWT == nil || c.JWT.Claims["sub"] != "alice" || c.JWT.Claims["cognito:groups"] != "[a b]" {
			t.Errorf("%+v", c)
		}
	}
	got = events.APIGatewayV2HTTPRequest{}
	for _, test := range []struct {
		name, challenge string
		r               *http.Request
	}{
		{"nothing", "Bearer", request("GET", "/", "")},
		{"another scheme", "Bearer", request("GET", "/", "", "Authorization", "Basic "+good)},
		{"no scheme", "Bearer", request("GET", "/", "", "Authorization", good)},
		{"two", "Bearer", request("GET", "/", "", "Authorization", "Bearer "+good, "Authorization", "Bearer "+good)},
		{"the token of the stack", `Bearer error="invalid_token"`, request("GET", "/", "", "Authorization", "Bearer static")},
		{"it as a cookie", "Bearer", request("GET", "/", "", "Cookie", "iris_token=static")},
		{"it in the query", "Bearer", request("GET", "/?token=static", "")},
		{"the JWT in the query", "Bearer", request("GET", "/?token="+good+"&access_token="+good, "")},
		{"the JWT as a cookie", "Bearer", request("GET", "/", "", "Cookie", "iris_token="+good)},
		{"expired", `error_description="the token has expired"`, request("GET", "/", "", "Authorization", "Bearer "+issuer.Issue(t, time.Now().Add(-2*time.Hour), nil))},
		{"cut", `error_description="the token`, request("GET", "/", "", "Authorization", "Bearer "+good[:len(good)-3])},
	} {
		w := serve(a, test.r)
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Header().Get("WWW-Authenticate"), test.challenge) || strings.Contains(w.Header().Get("WWW-Authenticate"), good[:40]) {
			t.Errorf("%s: %d %v", test.name, w.Code, w.Header())
		}
	}
	if got.RequestContext.RequestID != "" {
		t.Errorf("a request that was refused reached the function: %+v", got.RequestContext)
	}
	if w := serve(a, request("GET", "/open", "", "Authorization", "Bearer "+good)); w.Code != 204 || got.RequestContext.Authorizer != nil {
		t.Errorf("an open route: %d, %+v", w.Code, got.RequestContext.Authorizer)
	}
	if _, err := New(Config{API: template.API{Routes: []template.Route{{Key: "$default", Authorization: template.AuthorizationJWT}}}}); err == nil {
		t.Error("a route that asks for a JWT was taken with nobody to check it")
	}
}

// broken is an issuer that does not answer.
type broken struct{}

func (broken) Claims(context.Context, string) (map[string]string, error) {
	return map[string]string{"sub": "alice"}, errors.New("away")
}

// What cannot be checked does not pass, and is not the caller's fault.
func TestTokensThatCannotBeChecked(t *testing.T) {
	var got events.APIGatewayV2HTTPRequest
	if w := serve(behindTokens(t, broken{}, &got), request("GET", "/", "", "Authorization", "Bearer x")); w.Code != http.StatusServiceUnavailable || got.RequestContext.RequestID != "" {
		t.Errorf("%d", w.Code)
	}
}

// A route whose authorization is not known is closed.
func TestNoAuthorizationIsNoAccess(t *testing.T) {
	a, err := New(Config{API: template.API{Routes: []template.Route{{Key: "$default", Timeout: time.Second}}}, Invoke: says(`{}`), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if w := serve(a, request("GET", "/", "")); w.Code != http.StatusForbidden {
		t.Errorf("%d", w.Code)
	}
}
