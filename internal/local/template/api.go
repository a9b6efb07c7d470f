package template

import (
	"cmp"
	"fmt"
	"slices"
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
	Authorizer    *Authorizer // of a JWT route
	Throttle      Throttle    // of the stage, for this route
}

// Throttle is how many requests a route takes; the zero value is no limit.
type Throttle struct {
	Rate  float64 // a second
	Burst int     // at once
}

// Authorizer is what the tokens of a route must be.
type Authorizer struct {
	Issuer   string
	Audience []string
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
	integrations, authorizers := map[string]integration{}, map[string]Authorizer{}
	for _, r := range live {
		var err error
		switch r.kind {
		case "AWS::ApiGatewayV2::Api":
			err = t.addAPI(e, r)
		case "AWS::ApiGatewayV2::Integration":
			err = addIntegration(e, r, integrations)
		case "AWS::ApiGatewayV2::Authorizer":
			err = addAuthorizer(e, r, authorizers)
		}
		if err != nil {
			return fmt.Errorf("resource %s: %w", r.id, err)
		}
	}
	for _, r := range live {
		if r.kind != "AWS::ApiGatewayV2::Route" {
			continue
		}
		if err := t.addRoute(r, integrations, authorizers); err != nil {
			return fmt.Errorf("resource %s: %w", r.id, err)
		}
	}
	for _, r := range live {
		if r.kind != "AWS::ApiGatewayV2::Stage" {
			continue
		}
		if err := t.addStage(r); err != nil {
			return fmt.Errorf("resource %s: %w", r.id, err)
		}
	}
	return nil
}

// addStage reads how many requests routes take.
func (t *Template) addStage(r resource) error {
	type settings struct{ ThrottlingBurstLimit, ThrottlingRateLimit number }
	var p struct {
		ApiId                string
		DefaultRouteSettings settings
		RouteSettings        map[string]settings
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	if t.API == nil || p.ApiId != t.API.Name {
		return fmt.Errorf("property ApiId: %q is no API", p.ApiId)
	}
	var names struct{ RouteSettings map[string]map[string]any }
	if err := decode(r.properties, &names); err != nil {
		return err
	}
	for key, given := range names.RouteSettings { // the keys are the routes', so that no list of properties has them
		for name := range given {
			if name != "ThrottlingBurstLimit" && name != "ThrottlingRateLimit" {
				return fmt.Errorf("property RouteSettings: %s of %q is not supported on one machine", name, key)
			}
		}
		if !slices.ContainsFunc(t.API.Routes, func(r Route) bool { return r.Key == key }) {
			return fmt.Errorf("property RouteSettings: there is no route %q", key)
		}
	}
	for i := range t.API.Routes {
		s, own := p.RouteSettings[t.API.Routes[i].Key]
		if !own {
			s = p.DefaultRouteSettings
		}
		if s.ThrottlingRateLimit < 0 || s.ThrottlingBurstLimit < 0 {
			return fmt.Errorf("property ThrottlingRateLimit: %v a second and %v at once is no rate", s.ThrottlingRateLimit, s.ThrottlingBurstLimit)
		}
		t.API.Routes[i].Throttle = Throttle{Rate: float64(s.ThrottlingRateLimit), Burst: int(s.ThrottlingBurstLimit)}
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

func addAuthorizer(e *evaluator, r resource, into map[string]Authorizer) error {
	var p struct {
		AuthorizerType   string
		IdentitySource   []string
		JwtConfiguration Authorizer
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	if p.AuthorizerType != AuthorizationJWT || len(p.IdentitySource) != 1 || p.IdentitySource[0] != "$request.header.Authorization" {
		return fmt.Errorf("property AuthorizerType: %q by %v: one machine runs JWT by the header Authorization", p.AuthorizerType, p.IdentitySource)
	}
	_, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	into[name] = p.JwtConfiguration
	return nil
}

// functionARN takes a function's ARN, bare or inside API Gateway's invocation URI.
func functionARN(uri string) string {
	if _, after, found := strings.Cut(uri, "/functions/"); found {
		return strings.TrimSuffix(after, "/invocations")
	}
	return uri
}

func (t *Template) addRoute(r resource, integrations map[string]integration, authorizers map[string]Authorizer) error {
	var p struct{ ApiId, RouteKey, Target, AuthorizationType, AuthorizerId string }
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
	route := Route{Key: p.RouteKey, FunctionARN: i.function, Timeout: i.timeout, Authorization: asks}
	if authorizer, there := authorizers[p.AuthorizerId]; there {
		route.Authorizer = &authorizer
	}
	if (route.Authorizer != nil) != (asks == AuthorizationJWT) {
		return fmt.Errorf("property AuthorizerId: %q does not go with AuthorizationType %s", p.AuthorizerId, asks)
	}
	t.API.Routes = append(t.API.Routes, route)
	return nil
}
