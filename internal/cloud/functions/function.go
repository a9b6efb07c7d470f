// Package functions invokes a Lambda function without waiting for its answer. In: the
// function's input. Out: nothing. Errors are as cloud/fault names them.
package functions

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/iris-oculus/iris/internal/cloud/fault"
)

// Function is one function. Make one with New.
type Function struct {
	name   string
	client *lambda.Client
}

// New binds a function by name.
func New(cfg aws.Config, name string) *Function {
	return &Function{name: name, client: lambda.NewFromConfig(cfg)}
}

// Send queues one invocation; Lambda repeats it when it fails.
func (f *Function) Send(ctx context.Context, input any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("invoke function: %w", err)
	}
	_, err = f.client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &f.name, InvocationType: types.InvocationTypeEvent, Payload: body})
	return fault.Name("invoke function", err)
}
