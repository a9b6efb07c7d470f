package lambdas

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// statuses of the exceptions that this API knows.
var statuses = map[string]int{
	"ResourceNotFoundException":      http.StatusNotFound,
	"TooManyRequestsException":       http.StatusTooManyRequests,
	"RequestTooLargeException":       http.StatusRequestEntityTooLarge,
	"InvalidRequestContentException": http.StatusBadRequest,
	"InvalidParameterValueException": http.StatusBadRequest,
	"UnknownOperationException":      http.StatusNotFound,
}

// ServeHTTP is the part of the Lambda API that a client of the stack needs:
// Invoke, ListFunctions, GetFunction, GetFunctionConfiguration.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	// The escaped path: a function's ARN is one segment.
	path, found := strings.CutPrefix(strings.TrimSuffix(r.URL.EscapedPath(), "/"), "/2015-03-31/functions")
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	name, err := url.PathUnescape(segments[0])
	operation := strings.Join(segments[1:], "/")
	switch {
	case !found || err != nil:
		fail(w, &APIError{"UnknownOperationException", "this operation is not supported on one machine", ""})
	case r.Method == http.MethodGet && path == "":
		h.serveList(w)
	case r.Method == http.MethodPost && operation == "invocations":
		h.serveInvoke(w, r, name)
	case r.Method == http.MethodGet && (operation == "" || operation == "configuration"):
		h.serveGet(w, name, operation == "")
	default:
		fail(w, &APIError{"UnknownOperationException", "this operation is not supported on one machine", ""})
	}
}

func fail(w http.ResponseWriter, err error) {
	var api *APIError
	if !errors.As(err, &api) {
		w.Header().Set("X-Amzn-Errortype", "ServiceException")
		answer(w, http.StatusInternalServerError, map[string]string{"Type": "Service", "Message": err.Error()})
		return
	}
	w.Header().Set("X-Amzn-Errortype", api.Code)
	body := map[string]string{"Type": "User", "Message": api.Message}
	if api.Reason != "" {
		body["Reason"] = api.Reason
	}
	answer(w, statuses[api.Code], body)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (h *Host) serveInvoke(w http.ResponseWriter, r *http.Request, name string) {
	f, err := h.find(name)
	if err != nil {
		fail(w, err)
		return
	}
	payload, _, err := readAtMost(r.Body, maxRequest)
	if err != nil {
		fail(w, &APIError{"InvalidRequestContentException", "the request broke off", ""})
		return
	}
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
	case "Event":
		id, err := h.enqueue(r.Context(), name, payload)
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("X-Amzn-Requestid", id)
		w.WriteHeader(http.StatusAccepted)
	case "", "RequestResponse":
		h.serveRequestResponse(w, r, f, payload)
	default:
		fail(w, &APIError{"InvalidParameterValueException", "InvocationType: want RequestResponse, Event or DryRun", ""})
	}
}

func (h *Host) serveRequestResponse(w http.ResponseWriter, r *http.Request, f *function, payload []byte) {
	payload, err := checkPayload(payload, maxRequest, "InvokeFunction")
	if err != nil {
		fail(w, err)
		return
	}
	id := uuid.NewString()
	o, err := f.invoke(r.Context(), id, payload, !f.reserved())
	if err != nil {
		fail(w, err)
		return
	}
	header := w.Header()
	header.Set("X-Amzn-Requestid", id)
	header.Set("X-Amz-Executed-Version", "$LATEST")
	header.Set("Content-Type", "application/json")
	if o.functionError != "" {
		header.Set("X-Amz-Function-Error", o.functionError)
	}
	if r.Header.Get("X-Amz-Log-Type") == "Tail" {
		header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(o.tail))
	}
	_, _ = w.Write(o.reply)
}

// configuration describes a function as GetFunctionConfiguration does.
type configuration struct {
	FunctionName, FunctionArn, Runtime, Handler, PackageType, Version, State, LastUpdateStatus string
	MemorySize, Timeout                                                                        int
	Architectures                                                                              []string
	Environment                                                                                struct{ Variables map[string]string }
}

func (f *function) describe() configuration {
	c := configuration{
		FunctionName: f.spec.Name, FunctionArn: f.spec.ARN, Runtime: "provided.al2023", Handler: "bootstrap", PackageType: "Zip",
		Version: "$LATEST", State: "Active", LastUpdateStatus: "Successful",
		MemorySize: f.spec.MemoryMB, Timeout: int(f.spec.Timeout.Seconds()), Architectures: []string{architecture()},
	}
	c.Environment.Variables = publicVariables(f.spec.Env)
	return c
}

func (h *Host) serveList(w http.ResponseWriter) {
	list := []configuration{}
	for _, name := range h.names {
		list = append(list, h.functions[name].describe())
	}
	answer(w, http.StatusOK, map[string]any{"Functions": list})
}

func (h *Host) serveGet(w http.ResponseWriter, name string, whole bool) {
	f, err := h.find(name)
	if err != nil {
		fail(w, err)
		return
	}
	if !whole {
		answer(w, http.StatusOK, f.describe())
		return
	}
	body := map[string]any{"Configuration": f.describe(), "Code": map[string]string{"RepositoryType": "S3"}}
	if n := f.spec.ReservedConcurrency; n != nil {
		body["Concurrency"] = map[string]int{"ReservedConcurrentExecutions": *n}
	}
	answer(w, http.StatusOK, body)
}
