// Package awsconfig makes the SDK's configuration, with which the product's programs
// reach AWS or the service that AWS_ENDPOINT_URL names. In: the environment. Out: an
// aws.Config. Errors are the SDK's.
package awsconfig

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Load is config.LoadDefaultConfig for clients that keep their connections.
func Load(ctx context.Context, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	return config.LoadDefaultConfig(ctx, append(options, config.WithAPIOptions(KeepConnection))...)
}

// KeepConnection are the API options that hide the io.WriterTo of request bodies.
//
// smithy-go closes a body as soon as the reply's header is there. When the
// server is near, that is before net/http has asked the body whether more
// follows, and a closed body's WriteTo answers io.EOF as an error: the
// connection is torn down, and a reply of more than a few kilobytes breaks
// with "use of closed network connection". Its Read answers as it should.
var KeepConnection = []func(*middleware.Stack) error{func(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("KeepConnection", plainBody), middleware.After)
}}

func plainBody(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	if r, ok := in.Request.(*smithyhttp.Request); ok {
		if body, ok := r.GetStream().(interface {
			io.ReadSeeker
			io.WriterTo
		}); ok {
			plain, err := r.SetStream(struct{ io.ReadSeeker }{body})
			if err != nil {
				return middleware.DeserializeOutput{}, middleware.Metadata{}, err
			}
			in.Request = plain
		}
	}
	return next.HandleDeserialize(ctx, in)
}
