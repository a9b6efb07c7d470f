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

	"github.com/iris-oculus/iris/internal/local/template"
)

// account is whose stack this machine runs; API Gateway tells it to functions.
const account = "000000000000"

// event is a request in payload format 2.0.
func event(r *http.Request, route template.Route, api string, body []byte, at time.Time) events.APIGatewayV2HTTPRequest {
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: route.Key, RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery,
		Headers: headers(r), QueryStringParameters: query(r),
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: route.Key, AccountID: "anonymous", Stage: "$default", RequestID: rand.Text(), APIID: api,
			DomainName: r.Host, DomainPrefix: api,
			Time: at.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: at.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: sourceIP(r), UserAgent: r.UserAgent(),
			},
		},
	}
	if route.Authorization == template.AuthorizationIAM { // the gateway has let the request in (admit), so that it stands for IAM
		e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{AccountID: account, UserARN: "arn:aws:iam::" + account + ":root"},
		}
	}
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
