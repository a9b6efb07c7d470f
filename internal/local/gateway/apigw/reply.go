package apigw

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// write sends a function's reply: a response in format 2.0, or, without a
// status code, any JSON, which is then the body.
func write(w http.ResponseWriter, r *http.Request, reply []byte) error {
	var probe struct {
		StatusCode *int `json:"statusCode"`
	}
	if err := json.Unmarshal(reply, &probe); err != nil || probe.StatusCode == nil {
		if !json.Valid(reply) {
			return fmt.Errorf("a reply of %d bytes is not JSON", len(reply))
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(unquote(reply))
		return nil
	}
	var resp events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(reply, &resp); err != nil {
		return fmt.Errorf("reply: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 599 {
		return fmt.Errorf("statusCode %d: want 200..599", resp.StatusCode)
	}
	body := []byte(resp.Body)
	if resp.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(resp.Body); err != nil {
			return fmt.Errorf("body: %w", err)
		}
	}
	h := w.Header()
	for name, value := range resp.Headers {
		setUnlessCORS(h, name, value)
	}
	for name, values := range resp.MultiValueHeaders {
		setUnlessCORS(h, name, strings.Join(values, ","))
	}
	for _, c := range resp.Cookies {
		h.Add("Set-Cookie", c)
	}
	if h.Get("Content-Type") == "" && len(body) > 0 {
		h.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	w.WriteHeader(resp.StatusCode)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
	return nil
}

// setUnlessCORS lets the API's own CORS headers win, as API Gateway does.
func setUnlessCORS(h http.Header, name, value string) {
	if strings.HasPrefix(strings.ToLower(name), "access-control-") && h.Get("Access-Control-Allow-Origin") != "" {
		return
	}
	if strings.EqualFold(name, "Vary") { // the API's own CORS has its Vary: Origin there
		h.Add(name, value)
		return
	}
	h.Set(name, value)
}

// unquote gives a bare JSON text as it is, else the JSON.
func unquote(reply []byte) []byte {
	var s string
	if json.Unmarshal(bytes.TrimSpace(reply), &s) == nil {
		return []byte(s)
	}
	return reply
}
