package bus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// apiError is an exception of EventBridge.
type apiError struct{ code, message string }

func (e *apiError) Error() string { return e.code + ": " + e.message }

func notFound(format string, args ...any) error {
	return &apiError{"ResourceNotFoundException", fmt.Sprintf(format, args...)}
}

func validation(format string, args ...any) error {
	return &apiError{"ValidationException", fmt.Sprintf(format, args...)}
}

// maxBody bounds a request: PutEvents may carry 256 KiB, JSON in JSON doubles it.
const maxBody = 1 << 20

// operations are those that are answered beside PutEvents, by the name in X-Amz-Target.
var operations = map[string]func(*Service, []byte) (any, error){
	"PutRule":           (*Service).putRule,
	"DeleteRule":        (*Service).deleteRule,
	"PutTargets":        (*Service).putTargets,
	"RemoveTargets":     (*Service).removeTargets,
	"DescribeRule":      (*Service).describeRule,
	"ListRules":         (*Service).listRules,
	"ListTargetsByRule": (*Service).listTargets,
}

// ServeHTTP is EventBridge's API, AWS JSON 1.1.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	reply, err := s.serve(r)
	if err == nil {
		_ = json.NewEncoder(w).Encode(reply)
		return
	}
	api, status := &apiError{"InternalException", err.Error()}, http.StatusBadRequest
	if !errors.As(err, &api) {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": api.code, "message": api.message})
}

func (s *Service) serve(r *http.Request) (any, error) {
	name, _ := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AWSEvents.")
	operation := operations[name]
	if name == "PutEvents" {
		operation = func(s *Service, body []byte) (any, error) { return s.putEvents(r.Context(), body) }
	}
	if operation == nil {
		return nil, &apiError{"UnknownOperationException", "this operation is not supported on one machine"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, validation("the request is larger than %d bytes, or broke off", maxBody)
	}
	return operation(s, body)
}

// decode refuses fields that are not read: nothing is ignored in silence.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return validation("request: %v", err)
	}
	return nil
}

func (s *Service) checkBus(name string) error {
	if name == "" || name == "default" || name == s.arn("event-bus/default") {
		return nil
	}
	return notFound("Event bus %s does not exist.", name)
}
