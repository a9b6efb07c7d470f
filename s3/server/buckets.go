package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
	"github.com/iris-oculus/iris/internal/local/gateway/s3"
)

// newClient speaks to the server through its socket.
func newClient(transport http.RoundTripper, cfg Config) *awss3.Client {
	return awss3.New(awss3.Options{
		Region:       cfg.Region,
		BaseEndpoint: aws.String("http://127.0.0.1"), // never dialled
		Credentials:  credentials.NewStaticCredentialsProvider(cfg.Key.ID, cfg.Key.Secret, ""),
		HTTPClient:   &http.Client{Transport: transport},
		UsePathStyle: true,
		Retryer:      aws.NopRetryer{},
		APIOptions:   awsconfig.KeepConnection,
	})
}

// ensure makes a bucket, if need be, with exactly the given CORS rules.
func ensure(ctx context.Context, client *awss3.Client, b s3.Bucket) error {
	_, err := client.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: &b.Name})
	var ours *types.BucketAlreadyOwnedByYou
	var exists *types.BucketAlreadyExists
	if err != nil && !errors.As(err, &ours) && !errors.As(err, &exists) {
		return fmt.Errorf("make bucket %s: %w", b.Name, err)
	}
	if err := version(ctx, client, b); err != nil {
		return fmt.Errorf("set versions of bucket %s: %w", b.Name, err)
	}
	if len(b.CORS) == 0 {
		_, err = client.DeleteBucketCors(ctx, &awss3.DeleteBucketCorsInput{Bucket: &b.Name})
	} else {
		_, err = client.PutBucketCors(ctx, &awss3.PutBucketCorsInput{
			Bucket: &b.Name, CORSConfiguration: &types.CORSConfiguration{CORSRules: rules(b.CORS)},
		})
	}
	if err != nil {
		return fmt.Errorf("set CORS of bucket %s: %w", b.Name, err)
	}
	return nil
}

// version lets a bucket keep versions, or keep no further ones when it has kept some.
func version(ctx context.Context, client *awss3.Client, b s3.Bucket) error {
	now, err := client.GetBucketVersioning(ctx, &awss3.GetBucketVersioningInput{Bucket: &b.Name})
	if err != nil {
		return err
	}
	want := types.BucketVersioningStatusSuspended
	if b.Versions {
		want = types.BucketVersioningStatusEnabled
	}
	if now.Status == want || now.Status == "" && !b.Versions {
		return nil
	}
	_, err = client.PutBucketVersioning(ctx, &awss3.PutBucketVersioningInput{
		Bucket: &b.Name, VersioningConfiguration: &types.VersioningConfiguration{Status: want},
	})
	return err
}

func rules(declared []s3.CORSRule) (out []types.CORSRule) {
	for _, r := range declared {
		rule := types.CORSRule{
			AllowedOrigins: r.AllowedOrigins, AllowedMethods: r.AllowedMethods, AllowedHeaders: r.AllowedHeaders, ExposeHeaders: r.ExposeHeaders,
		}
		if r.MaxAgeSeconds != 0 {
			rule.MaxAgeSeconds = &r.MaxAgeSeconds
		}
		out = append(out, rule)
	}
	return out
}
