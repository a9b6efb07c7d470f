package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/iris-oculus/iris/tests/contract/fixtures"
)

// described is the API's own document, as an independent reader of OpenAPI has it.
var described = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // the document's addresses are of a deployment
	return gorillamux.NewRouter(doc)
})

// conforms holds a reply against the document: its status, its media type, every
// field. A path that the document does not have must be answered 404 or 405.
func conforms(t *testing.T, r *http.Request, out *httptest.ResponseRecorder) {
	t.Helper()
	router, err := described()
	if err != nil {
		t.Fatalf("openapi.json: %v", err)
	}
	head := r.Method == http.MethodHead
	if head { // what GET answers, without the body
		if out.Body.Len() > 0 {
			t.Errorf("HEAD %s: a body of %d bytes", r.URL, out.Body.Len())
		}
		asked := r.Clone(t.Context())
		asked.Method, r = http.MethodGet, asked
	}
	route, vars, err := router.FindRoute(r)
	if err != nil {
		if out.Code != http.StatusNotFound && out.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s %s: %d of a path that openapi.json does not have: %v", r.Method, r.URL, out.Code, err)
		}
		return
	}
	body := out.Body.Bytes()
	if !head && out.Header().Get("Content-Encoding") == "gzip" {
		body = unzipped(t, body)
	}
	if err := valid(t, r, route, vars, out.Code, out.Header(), body, head); err != nil {
		t.Errorf("%s %s: %d: %v", r.Method, r.URL, out.Code, err)
	}
}

func valid(t *testing.T, r *http.Request, route *routers.Route, vars map[string]string, status int, header http.Header, body []byte, head bool) error {
	return openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: vars, Route: route},
		Status:                 status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: head || !strings.Contains(header.Get("Content-Type"), "json")},
	})
}

// The judge of every reply takes and refuses the bodies that the contract says.
func TestBodiesOfTheContract(t *testing.T) {
	openapi3.DefineStringFormatValidator("date-time", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringDateTime))
	router, err := described()
	if err != nil {
		t.Fatal(err)
	}
	for file, reply := range map[string]struct {
		path   string
		status int
		media  string
	}{
		"jobs.json": {"/v1/jobs/01JD0000000000000000000001", 200, "application/json"}, "status.json": {"/v1/status", 200, "application/json"},
		"problems.json": {"/v1/jobs/01JD0000000000000000000001", 404, "application/problem+json"},
	} {
		r := httptest.NewRequest("GET", reply.path, nil)
		route, vars, err := router.FindRoute(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range fixtures.Read[fixtures.Example](t, file) {
			err := valid(t, r, route, vars, reply.status, http.Header{"Content-Type": {reply.media}}, c.Body, false)
			if (err == nil) != c.Accepted {
				t.Errorf("%s: %s: %v", file, c.Name, err)
			}
		}
	}
}

// The data of every server-sent event is what the document calls one.
func TestLiveEventsOfTheContract(t *testing.T) {
	for _, c := range fixtures.Read[fixtures.Example](t, "live.json") {
		if err := validEvent(t, c.Type, c.Body); (err == nil) != c.Accepted {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
}

// validEvent judges an event's name and its data.
func validEvent(t *testing.T, name string, data []byte) error {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	var body any
	if err := json.Unmarshal(data, &body); err != nil {
		return err
	}
	stream := doc.Paths.Find("/v1/jobs/{id}/events").Get.Responses.Status(http.StatusOK).Value.Content["text/event-stream"].Schema.Value
	if err := stream.Properties["event"].Value.VisitJSON(name); err != nil {
		return err
	}
	return doc.Components.Schemas["Event"].Value.VisitJSON(body)
}
