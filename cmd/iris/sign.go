package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
)

// gatewayHost is the address that API Gateway gives an API; it names the region.
var gatewayHost = regexp.MustCompile(`^[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$`)

// authorize says who sends a request. A token does, where there is one. An API
// elsewhere without a token is API Gateway's with AWS_IAM: the request is signed
// with the caller's AWS credentials (Signature Version 4, service execute-api),
// if there are any. A stack on this machine asks for neither. Refused is a token of a
// login that was not taken.
func (c *client) authorize(ctx context.Context, req *http.Request, body []byte, refused string) error {
	if c.login != nil {
		token, err := c.login.token(ctx, refused)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
		return nil
	}
	host := req.URL.Hostname()
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return sign(ctx, req, body)
}

func sign(ctx context.Context, req *http.Request, body []byte) error {
	cfg, err := awsconfig.Load(ctx)
	if err != nil {
		return fmt.Errorf("aws_credentials: the AWS configuration cannot be read: %w", err)
	}
	region := cfg.Region
	if m := gatewayHost.FindStringSubmatch(req.URL.Hostname()); m != nil {
		region = m[1]
	}
	if cfg.Credentials == nil || region == "" {
		return nil // without a signature the API may still answer
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("aws_credentials: this API wants a token (IRIS_TOKEN) or requests signed with AWS credentials, and none were found (AWS_PROFILE, or `aws configure`): %w", err)
	}
	return signWith(ctx, req, body, credentials, "execute-api", region, time.Now())
}

// signWith signs a request for a service of AWS.
func signWith(ctx context.Context, req *http.Request, body []byte, credentials aws.Credentials, service, region string, now time.Time) error {
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), service, region, now); err != nil {
		return failure("aws_credentials", "sign the request: %w", err)
	}
	return nil
}
