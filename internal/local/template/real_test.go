package template

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var local = Identity{Account: "000000000000", Region: "us-east-1", Stack: "iris", APIEndpoint: "http://127.0.0.1:8000"}

// root is the repository's.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above this test")
	return ""
}

// The file that is deployed: what it leaves to the local stack must be whole.
func TestTheDeployedTemplate(t *testing.T) {
	tp, err := Load(filepath.Join(root(t), "template.yaml"), local, map[string]string{"ModelImageUri": "local", "LingerSeconds": "7"})
	if err != nil {
		t.Fatal(err)
	}
	var buckets []string
	for _, b := range tp.Buckets {
		buckets = append(buckets, b.Name)
		if b.Announce != (b.Name == "iris-uploads") {
			t.Errorf("bucket %s: announced %v", b.Name, b.Announce)
		}
	}
	if want := []string{"iris-results", "iris-uploads", "iris-work"}; !slices.Equal(buckets, want) {
		t.Errorf("buckets %v, want %v", buckets, want)
	}
	arns := map[string]bool{}
	for _, f := range tp.Functions {
		arns[f.ARN] = true
		if f.Environment["JOBS_TABLE"] != tp.Tables[0].Name || f.MemoryMB == 0 || f.Timeout == 0 {
			t.Errorf("function %s lacks what Globals give: %+v", f.ID, f)
		}
		if f.Folder == "gpu" && f.Environment["LINGER_SECONDS"] != "7" {
			t.Errorf("gpu: linger %q", f.Environment["LINGER_SECONDS"])
		}
	}
	for _, r := range tp.Rules {
		for _, target := range r.Targets {
			if !arns[target.ARN] {
				t.Errorf("rule %s sends to %s, which is no function", r.Name, target.ARN)
			}
		}
	}
	for _, s := range tp.Subscriptions {
		if !arns[s.FunctionARN] {
			t.Errorf("topic %s sends to %s, which is no function", s.TopicARN, s.FunctionARN)
		}
	}
	for _, m := range tp.StateMachines {
		text, err := os.ReadFile(filepath.Join(root(t), m.Definition))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Substitute(string(text)); err != nil || strings.Contains(got, "${") {
			t.Errorf("state machine %s: %v", m.ID, err)
		}
	}
	if tp.API == nil || len(tp.API.Routes) == 0 || tp.API.CORS == nil {
		t.Errorf("API %+v", tp.API)
	}
	if len(tp.Endpoints) != 1 || len(tp.EndpointConfig) != 1 || tp.EndpointConfig[0].Name != tp.Endpoints[0].Config || len(tp.Targets) != 1 || tp.Policies[0].Target != tp.Targets[0].Target {
		t.Errorf("endpoint %+v %+v %+v %+v", tp.Endpoints, tp.EndpointConfig, tp.Targets, tp.Policies)
	}
	if !slices.Contains(tp.Declared, "UploadsBucket.BucketEncryption") || !slices.IsSorted(tp.Declared) {
		t.Errorf("declared %v", tp.Declared)
	}
}

func TestWithoutAModelThereIsNoEndpoint(t *testing.T) {
	tp, err := Load(filepath.Join(root(t), "template.yaml"), local, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(tp.Models)+len(tp.Endpoints)+len(tp.EndpointConfig)+len(tp.Targets)+len(tp.Policies) != 0 {
		t.Errorf("%+v %+v %+v", tp.Models, tp.Endpoints, tp.Targets)
	}
}

// Who may ask what is in the template: everything but what is named here asks for IAM, or
// for a token where there is an issuer; with a user pool its clients' tokens are taken.
func TestWhatTheRoutesAskFor(t *testing.T) {
	open := []string{"GET /healthz", "HEAD /healthz", "GET /readyz", "HEAD /readyz", "GET /openapi.json", "OPTIONS /{proxy+}", "ANY /v1/shared/{proxy+}"}
	for _, c := range []struct {
		name, asks string
		parameters map[string]string
		issuer     string
		audience   int
	}{
		{"nobody's tokens", AuthorizationIAM, nil, "", 0},
		{"an issuer", AuthorizationJWT, map[string]string{"JwtIssuer": "https://issuer.example", "JwtAudience": "a,b"}, "https://issuer.example", 2},
		{"a user pool", AuthorizationJWT, map[string]string{"UserPool": "create"}, "https://cognito-idp.us-east-1.amazonaws.com/", 1},
		{"one with sign-in pages", AuthorizationJWT, map[string]string{"UserPool": "create", "SignInDomain": "iris"}, "https://cognito-idp.us-east-1.amazonaws.com/", 2},
		{"a user pool beside an issuer", AuthorizationJWT, map[string]string{"UserPool": "create", "JwtIssuer": "https://issuer.example"}, "https://cognito-idp.us-east-1.amazonaws.com/", 1},
	} {
		tp, err := Load(filepath.Join(root(t), "template.yaml"), local, c.parameters)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, r := range tp.API.Routes {
			want := c.asks
			if slices.Contains(open, r.Key) {
				want = AuthorizationNone
			}
			if r.Authorization != want || (r.Authorizer != nil) != (want == AuthorizationJWT) {
				t.Errorf("%s: %s asks for %s", c.name, r.Key, r.Authorization)
			}
			if a := r.Authorizer; a != nil && (!strings.HasPrefix(a.Issuer, c.issuer) || len(a.Audience) != c.audience) {
				t.Errorf("%s: %+v", c.name, a)
			}
		}
	}
}

// The stage's rates reach the routes, those of their own before the default.
func TestRatesOfTheRoutes(t *testing.T) {
	tp, err := Load(filepath.Join(root(t), "template.yaml"), local, map[string]string{"ApiRateLimit": "7.5"})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]Throttle{"$default": {7.5, 100}, "ANY /v1/shared/{proxy+}": {20, 40}, "GET /readyz": {10, 20}} {
		i := slices.IndexFunc(tp.API.Routes, func(r Route) bool { return r.Key == key })
		if i < 0 || tp.API.Routes[i].Throttle != want {
			t.Errorf("%s: %+v, want %+v", key, tp.API.Routes, want)
		}
	}
}
