package apigw

import (
	"crypto/rand"
	"encoding/base64"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// account is whose stack this machine runs; API Gateway tells it to functions.
const account = "000000000000"

// caller is what the gateway has checked of a request, as its function is told. nil says
// that nothing was checked.
type caller = events.APIGatewayV2HTTPRequestContextAuthorizerDescription

// ofIAM is the caller whose request IAM let in, for which the gateway stands.
func ofIAM() *caller {
	return &caller{IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{AccountID: account, UserARN: "arn:aws:iam::" + account + ":root"}}
}

// ofToken is the caller who holds a token that says claims.
func ofToken(claims map[string]string) *caller {
	return &caller{JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: claims}}
}

// event is a request in payload format 2.0.
func event(r *http.Request, routeKey string, who *caller, api string, body []byte, at time.Time) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: routeKey, RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery,
		Headers: headers(r), QueryStringParameters: query(r),
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: routeKey, AccountID: "anonymous", Stage: "$default", RequestID: rand.Text(), APIID: api,
			DomainName: r.Host, DomainPrefix: api,
			Time: at.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: at.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: sourceIP(r), UserAgent: r.UserAgent(),
			},
		},
	}
	e.RequestContext.Authorizer = who
	for _, line := range r.Header.Values("Cookie") {
		for _, c := range strings.Split(line, ";") {
			e.Cookies = append(e.Cookies, strings.TrimSpace(c))
		}
	}
	if isText(r) && utf8.Valid(body) {
		e.Body = string(body)
	} else {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

// headers are lower-case; several values of one are joined with commas.
func headers(r *http.Request) map[string]string {
	h := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		if name != "Cookie" {
			h[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	return h
}

func query(r *http.Request) map[string]string {
	q := map[string]string{}
	for name, values := range r.URL.Query() {
		q[name] = strings.Join(values, ",")
	}
	return q
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// textTypes reach the function as they are; everything else in base64.
var textTypes = []string{"", "application/json", "application/javascript", "application/xml", "application/problem+json"}

func isText(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Header.Get("Content-Encoding") == "" && (strings.HasPrefix(kind, "text/") || slices.Contains(textTypes, kind))
}
