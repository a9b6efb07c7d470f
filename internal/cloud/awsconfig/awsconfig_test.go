package awsconfig

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

// TestKeepConnection: requests to a near server that answers at once, each
// reply longer than net/http's buffer, all go over one connection.
func TestKeepConnection(t *testing.T) {
	var opened, bodies atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies.Add(n)
		_, _ = io.WriteString(w, `{"name":"`+strings.Repeat("x", 1<<16)+`"}`)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "k")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s")
	cfg, err := Load(t.Context(), config.WithRegion("us-east-1"), config.WithBaseEndpoint(server.URL),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		t.Fatal(err)
	}
	client, arn := sfn.NewFromConfig(cfg), "arn:aws:states:us-east-1:000000000000:execution:m:x"
	const requests = 300
	for range requests {
		if _, err := client.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn}); err != nil {
			t.Fatal(err)
		}
	}
	if want := int64(requests * len(`{"executionArn":""}`+arn)); bodies.Load() != want {
		t.Errorf("%d bytes of requests arrived: want %d", bodies.Load(), want)
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d requests opened %d connections: want 1", requests, n)
	}
}
