package edge

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// Caller tells what API Gateway has checked of a request: the claims of a token, or a
// signature of IAM. The zero value is a request of which nothing was checked.
type Caller struct {
	Claims map[string]string // nil without a token
	Signed bool              // by IAM, with a principal
	ARN    string            // of that principal
}

// ServeHTTP serves invocations by API Gateway with a standard handler until the process ends.
func ServeHTTP(h http.Handler, who func(context.Context, Caller) context.Context) {
	begin()
	lambda.Start(HTTP(h, who))
}

// HTTP serves API Gateway's HTTP requests (payload 2.0) with a standard handler.
// who puts the caller, as far as the gateway has checked it, into the context.
func HTTP(h http.Handler, who func(context.Context, Caller) context.Context) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, in events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		if in.RequestContext.HTTP.Method == http.MethodOptions {
			// API Gateway sends preflights here where a route names OPTIONS, and
			// adds its CORS headers to this answer.
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusNoContent}, nil
		}
		req, err := request(who(ctx, callerOf(in)), in)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusBadRequest}, nil
		}
		w := &recorder{header: http.Header{}}
		h.ServeHTTP(w, req)
		return w.response(), nil
	}
}

func callerOf(in events.APIGatewayV2HTTPRequest) (c Caller) {
	a := in.RequestContext.Authorizer
	if a == nil {
		return c
	}
	if a.JWT != nil {
		c.Claims = a.JWT.Claims
		if c.Claims == nil {
			c.Claims = map[string]string{} // a token that says nothing is still no signature
		}
	}
	if a.IAM != nil && a.IAM.UserARN != "" {
		c.Signed, c.ARN = true, a.IAM.UserARN
	}
	return c
}

func request(ctx context.Context, in events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(in.Body)
	if in.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(in.Body); err != nil {
			return nil, fmt.Errorf("decode body: %w", err)
		}
	}
	target := &url.URL{Path: in.RequestContext.HTTP.Path, RawQuery: in.RawQueryString}
	if unescaped, err := url.PathUnescape(in.RawPath); err == nil {
		target.Path, target.RawPath = unescaped, in.RawPath
	}
	req, err := http.NewRequestWithContext(ctx, in.RequestContext.HTTP.Method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	req.URL = target // as it is: parsed again, a path that begins with // would name a host
	for name, value := range in.Headers {
		req.Header.Set(name, value)
	}
	if len(in.Cookies) > 0 { // payload 2.0 takes them out of the headers
		req.Header.Set("Cookie", strings.Join(in.Cookies, "; "))
	}
	req.Host = in.RequestContext.DomainName
	return req, nil
}

// recorder is the response of one request, held in memory: Lambda's answer is one JSON.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *recorder) response() events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	out := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Headers: map[string]string{}}
	for name, values := range w.header {
		if name == "Set-Cookie" {
			out.Cookies = values
			continue
		}
		out.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	if utf8.Valid(w.body.Bytes()) {
		out.Body = w.body.String()
	} else {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(w.body.Bytes()), true
	}
	return out
}
