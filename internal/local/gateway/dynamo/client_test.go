package dynamo

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
)

// sdk is a client of the child itself.
func (s *Server) sdk() *dynamodb.Client { return newClient(s.transport, s.cfg.Region) }

// newClient speaks to the child; any signature does.
func newClient(transport http.RoundTripper, region string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region:       region,
		BaseEndpoint: aws.String("http://127.0.0.1"), // never dialled
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:   &http.Client{Transport: transport},
		Retryer:      aws.NopRetryer{},
		APIOptions:   awsconfig.KeepConnection,
	})
}
