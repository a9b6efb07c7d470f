package edge

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-lambda-go/events"
)

// Messages is the handler of a topic's subscriber: handle gets each message, decoded from
// its JSON. One that fails does not keep the others; all their errors are joined.
func Messages[M any](handle func(context.Context, M) error) func(context.Context, events.SNSEvent) error {
	return func(ctx context.Context, e events.SNSEvent) error {
		var problems []error
		for _, record := range e.Records {
			var m M
			if err := json.Unmarshal([]byte(record.SNS.Message), &m); err != nil {
				problems = append(problems, err)
				continue
			}
			problems = append(problems, handle(ctx, m))
		}
		return errors.Join(problems...)
	}
}
