package template

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// API is the HTTP API with its routes.
type API struct {
	ID, Name string
	CORS     *APICORS // nil: API Gateway adds nothing
	Routes   []Route
}

// APICORS is an HTTP API's CORS configuration.
type APICORS struct {
	AllowOrigins, AllowMethods, AllowHeaders, ExposeHeaders []string
	AllowCredentials                                        bool
	MaxAge                                                  int // seconds
}

// Route sends requests to a function.
type Route struct {
	Key         string // "$default" or "METHOD /path"
	FunctionARN string
	Timeout     time.Duration // at most 30 s
	// Authorization is AWS_IAM, JWT, or NONE for a route that asks for nothing.
	Authorization string
}

// What a route may ask for.
const (
	AuthorizationNone = "NONE"
	AuthorizationIAM  = "AWS_IAM"
	AuthorizationJWT  = "JWT"
)

// maxIntegration is API Gateway's limit, and its default.
const maxIntegration = 30 * time.Second

// integration is what a route's target names.
type integration struct {
	api      string
	function string
	timeout  time.Duration
}

// joinAPI puts the API together from its parts.
func (t *Template) joinAPI(e *evaluator, live []resource) error {
	integrations := map[string]integration{}
	for _, r := range live {
		var err error
		switch r.kind {
		case "AWS::ApiGatewayV2::Api":
			err = t.addAPI(e, r)
		case "AWS::ApiGatewayV2::Integration":
			err = addIntegration(e, r, integrations)
		}
		if err != nil {
			return fmt.Errorf("resource %s: %w", r.id, err)
		}
	}
	for _, r := range live {
		if r.kind != "AWS::ApiGatewayV2::Route" {
			continue
		}
		if err := t.addRoute(r, integrations); err != nil {
			return fmt.Errorf("resource %s: %w", r.id, err)
		}
	}
	return nil
}

func (t *Template) addAPI(e *evaluator, r resource) error {
	var p struct {
		ProtocolType      string
		CorsConfiguration *struct {
			APICORS
			AllowCredentials flag
			MaxAge           number
		}
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	if t.API != nil || p.ProtocolType != "HTTP" {
		return fmt.Errorf("property ProtocolType: %q: one machine runs one HTTP API", p.ProtocolType)
	}
	_, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	t.API = &API{ID: r.id, Name: name}
	if c := p.CorsConfiguration; c != nil {
		c.APICORS.AllowCredentials, c.APICORS.MaxAge = bool(c.AllowCredentials), int(c.MaxAge)
		t.API.CORS = &c.APICORS
	}
	return nil
}

func addIntegration(e *evaluator, r resource, into map[string]integration) error {
	var p struct {
		ApiId, IntegrationType, IntegrationUri, PayloadFormatVersion string
		TimeoutInMillis                                              number
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	if p.IntegrationType != "AWS_PROXY" || p.PayloadFormatVersion != "2.0" {
		return fmt.Errorf("property IntegrationType: %q with payload %q: one machine runs AWS_PROXY with 2.0", p.IntegrationType, p.PayloadFormatVersion)
	}
	_, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	timeout := time.Duration(p.TimeoutInMillis) * time.Millisecond
	if timeout <= 0 || timeout > maxIntegration {
		timeout = maxIntegration
	}
	into[name] = integration{api: p.ApiId, function: functionARN(p.IntegrationUri), timeout: timeout}
	return nil
}

// functionARN takes a function's ARN, bare or inside API Gateway's invocation URI.
func functionARN(uri string) string {
	if _, after, found := strings.Cut(uri, "/functions/"); found {
		return strings.TrimSuffix(after, "/invocations")
	}
	return uri
}

func (t *Template) addRoute(r resource, integrations map[string]integration) error {
	var p struct{ ApiId, RouteKey, Target, AuthorizationType string }
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	i, ok := integrations[strings.TrimPrefix(p.Target, "integrations/")]
	if !ok || t.API == nil || p.ApiId != t.API.Name || i.api != p.ApiId {
		return fmt.Errorf("property Target: %q is no integration of the API %q", p.Target, p.ApiId)
	}
	asks := cmp.Or(p.AuthorizationType, AuthorizationNone)
	if asks != AuthorizationNone && asks != AuthorizationIAM && asks != AuthorizationJWT {
		return fmt.Errorf("property AuthorizationType: %q is not supported on one machine", asks)
	}
	t.API.Routes = append(t.API.Routes, Route{Key: p.RouteKey, FunctionARN: i.function, Timeout: i.timeout, Authorization: asks})
	return nil
}
