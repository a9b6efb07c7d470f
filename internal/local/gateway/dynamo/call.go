package dynamo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// call asks the child for one operation in DynamoDB's own JSON. The SDK's client
// is not used here: it would be a tenth of the program.
func (s *Server) call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://dynamodb/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	// The child wants a signature and checks none.
	req.Header.Set("X-Amz-Date", "20260101T000000Z")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/"+s.cfg.Region+"/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		refused := &apiError{}
		if json.Unmarshal(reply, refused) != nil || refused.Type == "" {
			return fmt.Errorf("dynalite answers %s", resp.Status)
		}
		return refused
	}
	return json.Unmarshal(reply, out)
}

// apiError is a refusal of the child's.
type apiError struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}

func (e *apiError) Error() string { return e.name() + ": " + e.Message }

// name is the exception's, without its name space.
func (e *apiError) name() string { return e.Type[strings.LastIndex(e.Type, "#")+1:] }

// refusedAs says whether err is the exception of that name.
func refusedAs(err error, name string) bool {
	var refused *apiError
	return errors.As(err, &refused) && refused.name() == name
}
