package states

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

const (
	targetPrefix = "AWSStepFunctions."
	maxRequest   = 4 << 20 // a definition of 1 MiB, escaped
)

// operation handles one request body.
type operation func(s *Service, ctx context.Context, body []byte) (any, error)

// op makes an operation of a handler with a typed input.
func op[In any](handle func(s *Service, ctx context.Context, in In) (any, error)) operation {
	return func(s *Service, ctx context.Context, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, refuse("SerializationException", "the request is not of this operation's form")
		}
		return handle(s, ctx, in)
	}
}

var operations = map[string]operation{
	"CreateStateMachine":               op(createStateMachine),
	"DeleteStateMachine":               op(deleteStateMachine),
	"DescribeStateMachine":             op(describeStateMachine),
	"ListStateMachines":                op(listStateMachines),
	"StartExecution":                   op(startExecution),
	"StopExecution":                    op(stopExecution),
	"DescribeExecution":                op(describeExecution),
	"DescribeStateMachineForExecution": op(describeStateMachineForExecution),
	"ListExecutions":                   op(listExecutions),
	"GetExecutionHistory":              op(getExecutionHistory),
	"SendTaskSuccess":                  op(sendTaskSuccess),
	"SendTaskFailure":                  op(sendTaskFailure),
	"SendTaskHeartbeat":                op(sendTaskHeartbeat),
}

// ServeHTTP answers AWS JSON 1.0.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply, err := s.serve(r)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", newID())
	status := http.StatusOK
	if err != nil {
		var known *Error
		if !errors.As(err, &known) {
			// The SDKs try a 5xx again: the disk may have room by then.
			s.cfg.Logger.Error("request failed", "target", r.Header.Get("X-Amz-Target"), "error", err)
			known, status = &Error{"InternalServerException", err.Error()}, http.StatusInternalServerError
		} else {
			status = http.StatusBadRequest
		}
		reply = struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}{known.Code, known.Message}
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(reply) // the client is gone otherwise
}

func (s *Service) serve(r *http.Request) (any, error) {
	name, ours := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	handle := operations[name]
	if !ours || handle == nil {
		return nil, refuse("UnknownOperationException", "the operation %.100q is not part of the one-machine stack", name)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxRequest {
		return nil, refuse("ValidationException", "the request has more than %d bytes", maxRequest)
	}
	return handle(s, r.Context(), body)
}
