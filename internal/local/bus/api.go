package bus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/iris-oculus/iris/internal/local/bus/pattern"
	"github.com/iris-oculus/iris/internal/local/outbox"
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

// operations by the name in X-Amz-Target.
var operations = map[string]func(*Service, []byte) (any, error){
	"PutEvents":           (*Service).putEvents,
	"PutRule":             (*Service).putRule,
	"DeleteRule":          (*Service).deleteRule,
	"EnableRule":          (*Service).enableRule,
	"DisableRule":         (*Service).disableRule,
	"DescribeRule":        (*Service).describeRule,
	"ListRules":           (*Service).listRules,
	"PutTargets":          (*Service).putTargets,
	"RemoveTargets":       (*Service).removeTargets,
	"ListTargetsByRule":   (*Service).listTargets,
	"TestEventPattern":    (*Service).testPattern,
	"DescribeEventBus":    (*Service).describeBus,
	"ListEventBuses":      (*Service).listBuses,
	"ListTagsForResource": (*Service).listTags,
}

// ServeHTTP is EventBridge's API, AWS JSON 1.1.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Requestid", outbox.NewID())
	reply, err := s.serve(r)
	if err == nil {
		_ = json.NewEncoder(w).Encode(reply)
		return
	}
	api, status := &apiError{"InternalException", err.Error()}, http.StatusBadRequest
	var refused *pattern.InvalidError
	switch {
	case errors.As(err, &refused):
		api = &apiError{"InvalidEventPatternException", refused.Error()}
	case !errors.As(err, &api):
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": api.code, "message": api.message})
}

func (s *Service) serve(r *http.Request) (any, error) {
	name, _ := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AWSEvents.")
	operation := operations[name]
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

// reference names a rule; the bus can only be the default one.
type reference struct {
	Name, EventBusName string
	Force              bool
}

func (s *Service) decodeReference(body []byte) (reference, error) {
	var in reference
	if err := decode(body, &in); err != nil {
		return in, err
	}
	return in, s.checkBus(in.EventBusName)
}

func (s *Service) checkBus(name string) error {
	if name == "" || name == "default" || name == s.arn("event-bus/default") {
		return nil
	}
	return notFound("Event bus %s does not exist.", name)
}

// ruleOf finds a rule; s.mu is held.
func (s *Service) ruleOf(name string) (*rule, error) {
	if r := s.rules[name]; r != nil {
		return r, nil
	}
	return nil, notFound("Rule %s does not exist on EventBus default.", name)
}

func (s *Service) testPattern(body []byte) (any, error) {
	var in struct{ Event, EventPattern string }
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	p, err := pattern.Compile([]byte(in.EventPattern))
	if err != nil {
		return nil, err
	}
	var event map[string]any
	if err := json.Unmarshal([]byte(in.Event), &event); err != nil {
		return nil, validation("Parameter Event is not valid.")
	}
	for _, field := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if _, there := event[field]; !there {
			return nil, validation("Parameter Event is not valid. Reason: %s is a required field.", field)
		}
	}
	match, err := p.Match([]byte(in.Event))
	if err != nil {
		return nil, validation("Parameter Event is not valid.")
	}
	return map[string]bool{"Result": match}, nil
}

func (s *Service) busDescription() map[string]string {
	return map[string]string{"Name": "default", "Arn": s.arn("event-bus/default")}
}

func (s *Service) describeBus(body []byte) (any, error) {
	in, err := s.decodeReference(body)
	if err == nil {
		err = s.checkBus(in.Name)
	}
	return s.busDescription(), err
}

func (s *Service) listBuses([]byte) (any, error) {
	return map[string]any{"EventBuses": []any{s.busDescription()}}, nil
}

func (s *Service) listTags([]byte) (any, error) { return map[string]any{"Tags": []any{}}, nil }
