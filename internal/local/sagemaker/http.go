package sagemaker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// apiError is an error as AWS's JSON protocols spell it.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func invalid(format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, "ValidationException", fmt.Sprintf(format, args...)}
}

// maxBody bounds a control-plane request.
const maxBody = 1 << 20

// ServeHTTP answers the SDK: JSON 1.1 by X-Amz-Target, or the runtime's REST.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	service, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch service {
	case "":
		s.serveRuntime(w, r)
	case "SageMaker":
		s.serveJSON(w, r, operation, controlOperations)
	case "AnyScaleFrontendService":
		s.serveJSON(w, r, operation, scalingOperations)
	default:
		writeError(w, &apiError{http.StatusBadRequest, "UnknownOperationException", fmt.Sprintf("service %.64q is not SageMaker's", service)})
	}
}

// operation answers one call: a decoded body in, a value to encode out.
type operation func(s *Service, body []byte) (any, error)

func (s *Service) serveJSON(w http.ResponseWriter, r *http.Request, name string, operations map[string]operation) {
	do, found := operations[name]
	if !found {
		writeError(w, &apiError{http.StatusBadRequest, "UnknownOperationException",
			fmt.Sprintf("operation %.64q is not supported on one machine: endpoints come from template.yaml", name)})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeError(w, invalid("the request's body cannot be read, or is over %d bytes", maxBody))
		return
	}
	out, err := do(s, body)
	if err != nil {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out)
}

// writeError answers with AWS's code for err.
func writeError(w http.ResponseWriter, err error) {
	var e *apiError
	switch {
	case errors.As(err, &e):
	case errors.Is(err, errUnknown), errors.Is(err, errUpdating):
		e = &apiError{http.StatusBadRequest, "ValidationException", err.Error()}
	case errors.Is(err, errPendingUpdate):
		e = &apiError{http.StatusBadRequest, "ConcurrentUpdateException", err.Error()}
	case errors.Is(err, errNoTarget):
		e = &apiError{http.StatusBadRequest, "ObjectNotFoundException", err.Error()}
	case errors.Is(err, errFull):
		e = &apiError{http.StatusServiceUnavailable, "ServiceUnavailable", err.Error()}
	default:
		e = &apiError{http.StatusInternalServerError, "InternalFailure", err.Error()}
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-ErrorType", e.code)
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": e.code, "message": e.message, "Message": e.message})
}

// decode reads a request's body into a T.
func decode[T any](body []byte) (T, error) {
	var in T
	if err := json.Unmarshal(body, &in); err != nil {
		return in, &apiError{http.StatusBadRequest, "SerializationException", "the request's body is not the JSON that this operation takes"}
	}
	return in, nil
}

// typed makes an operation of a function over its decoded input.
func typed[T any](do func(s *Service, in T) (any, error)) operation {
	return func(s *Service, body []byte) (any, error) {
		in, err := decode[T](body)
		if err != nil {
			return nil, err
		}
		return do(s, in)
	}
}

// Call answers an operation of either JSON service to whoever lives in the same
// process: in and out have the JSON of the service.
func (s *Service) Call(name string, in, out any) error {
	do, found := controlOperations[name]
	if !found {
		do, found = scalingOperations[name]
	}
	if !found {
		return invalid("operation %q is not supported on one machine", name)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := do(s, body)
	if err != nil {
		return err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}
