package states

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/iris-oculus/iris/internal/local/asl"
)

func newID() string { return uuid.NewString() }

// token is what a task token holds, so that it is found again after a restart.
type token struct {
	Execution string `json:"e"`
	Key       []byte `json:"k"`
}

func newToken(arn string) string {
	t := token{Execution: arn, Key: make([]byte, 24)}
	_, _ = rand.Read(t.Key) // never fails
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // a string and bytes
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// SendTaskSuccess answers a task token with an output, which is JSON.
func (s *Service) SendTaskSuccess(ctx context.Context, taskToken, output string) error {
	payload, err := validJSON(output)
	if err != nil {
		return refuse("InvalidOutput", "Invalid Output: '%v'", err)
	}
	return s.answer(taskToken, func(x *asl.Execution) error { return x.Succeed(ctx, taskToken, payload) })
}

// SendTaskFailure answers a task token with an error.
func (s *Service) SendTaskFailure(ctx context.Context, taskToken, name, cause string) error {
	return s.answer(taskToken, func(x *asl.Execution) error { return x.Fail(ctx, taskToken, name, cause) })
}

// SendTaskHeartbeat says that the work behind a task token goes on.
func (s *Service) SendTaskHeartbeat(ctx context.Context, taskToken string) error {
	return s.answer(taskToken, func(x *asl.Execution) error { return x.Heartbeat(ctx, taskToken) })
}

// answer gives a token to the execution that it came from.
func (s *Service) answer(taskToken string, give func(*asl.Execution) error) error {
	text, err := base64.RawURLEncoding.DecodeString(taskToken)
	var t token
	if err != nil || json.Unmarshal(text, &t) != nil || t.Execution == "" {
		return refuse("InvalidToken", "Invalid Token: 'Invalid token'")
	}
	_, run, err := s.find(t.Execution)
	if err != nil {
		return refuse("TaskDoesNotExist", "Task does not exist")
	}
	err = asl.ErrEnded
	if run != nil {
		err = give(run)
	}
	if errors.Is(err, asl.ErrEnded) || errors.Is(err, asl.ErrTaskClosed) {
		return refuse("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
	}
	return err
}
