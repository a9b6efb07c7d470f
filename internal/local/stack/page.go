package stack

import (
	"net/http"

	"github.com/iris-oculus/iris/internal/local/gateway"
	"github.com/iris-oculus/iris/web"
)

// withPage serves the page beside the HTTP API: the API at its own addresses, the page at
// all others. The page needs no token: what it shows, it asks the API for.
func (s *Stack) withPage(api http.Handler, hosts gateway.Hosts) (http.Handler, error) {
	config, origins := s.page()
	page, err := web.Handler(config, origins...)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == metricsPath:
			s.serveMetrics(hosts, w, r)
		case web.IsAPI(r.URL.Path):
			api.ServeHTTP(w, r)
		case !hosts.Allow(r.Host):
			http.Error(w, "this page is not reached under that host name", http.StatusMisdirectedRequest)
		default:
			page.ServeHTTP(w, r)
		}
	}), nil
}

// issuer is what the page has to know of the issuer of tokens: as which client it asks, and
// whom it talks to.
type issuer struct {
	client  string
	origins []string
}

// page is what the page is told of this stack, and the origins that it fetches from: S3 and,
// where people sign in, the issuer.
func (s *Stack) page() (web.Config, []string) {
	origins := []string{s.AWS}
	switch {
	case s.Issuer != "":
		return web.Config{SignIn: &web.SignIn{Kind: "oidc", Issuer: s.Issuer, Client: s.issuer.client}}, append(origins, s.issuer.origins...)
	case s.Token != "":
		return web.Config{SignIn: &web.SignIn{Kind: "token"}}, origins
	}
	return web.Config{}, origins
}
