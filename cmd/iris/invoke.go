package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// functionAddress is where Lambda takes calls of a function: that of AWS_ENDPOINT_URL, or
// the region's own.
func functionAddress(cfg aws.Config, function string) (string, error) {
	base := cmp.Or(os.Getenv("AWS_ENDPOINT_URL_LAMBDA"), aws.ToString(cfg.BaseEndpoint))
	if base == "" && cfg.Region == "" {
		return "", failure("aws_credentials", "no AWS region is set (AWS_REGION, or `aws configure`)")
	}
	if base == "" {
		base = "https://lambda." + cfg.Region + ".amazonaws.com"
		if strings.HasPrefix(cfg.Region, "cn-") {
			base += ".cn"
		}
	}
	return strings.TrimSuffix(base, "/") + "/2015-03-31/functions/" + url.PathEscape(function) + "/invocations", nil
}

// invoke calls a Lambda function and gives its answer. The function's own failure has its
// type as failed. The SDK's client of Lambda would be half a megabyte of the program.
func invoke(ctx context.Context, cfg aws.Config, function string, body []byte) (payload []byte, failed string, err error) {
	address, err := functionAddress(cfg, function)
	if err != nil {
		return nil, "", err
	}
	c := &client{http: &http.Client{Timeout: time.Minute}}
	err = c.again(ctx, func() (err error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
		if err != nil {
			return failure("aws_credentials", "AWS_ENDPOINT_URL is not an address")
		}
		if err := signForLambda(ctx, cfg, req, body); err != nil {
			return err
		}
		res, err := c.http.Do(req)
		if err != nil {
			return c.lost(ctx, err)
		}
		defer res.Body.Close()
		if payload, err = io.ReadAll(io.LimitReader(res.Body, maxReply)); err != nil {
			return c.lost(ctx, err)
		}
		c.reached.Store(true)
		failed = res.Header.Get("X-Amz-Function-Error")
		if res.StatusCode < http.StatusMultipleChoices {
			return nil
		}
		refused := lambdaRefusal(res, payload)
		if mayPass(res.StatusCode) {
			return &transient{refused, retryAfter(res.Header, time.Now())}
		}
		return refused
	})
	return payload, failed, err
}

// signForLambda signs a call with the configuration's credentials.
func signForLambda(ctx context.Context, cfg aws.Config, req *http.Request, body []byte) error {
	if cfg.Credentials == nil {
		return failure("aws_credentials", "no AWS credentials were found (AWS_PROFILE, or `aws configure`)")
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return failure("aws_credentials", "no AWS credentials were found (AWS_PROFILE, or `aws configure`): %w", err)
	}
	return signWith(ctx, req, body, credentials, "lambda", cmp.Or(cfg.Region, "us-east-1"), time.Now())
}

// lambdaRefusal is what Lambda says when it does not call the function.
func lambdaRefusal(res *http.Response, text []byte) error {
	var said struct{ Message string }
	if json.Unmarshal(text, &said) != nil || said.Message == "" {
		said.Message = res.Status
	}
	kind, _, _ := strings.Cut(cmp.Or(res.Header.Get("X-Amzn-Errortype"), "refused"), ":")
	return &exitError{exitUnreachable, errors.New("unreachable: the gpu function does not answer: " + fmt.Sprintf("%s: %s", kind, said.Message))}
}
