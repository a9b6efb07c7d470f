// Command probe is a Lambda function that behaves as its event says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do    string `json:"do"`
	Bytes int    `json:"bytes"`
	Name  string `json:"name"`
	File  string `json:"file"`
	Until string `json:"until"`
}

// RejectedError is named by its type, as the workflow's errors are.
type RejectedError struct{ Message string }

func (e *RejectedError) Error() string { return e.Message }

var (
	calls int
	held  [][]byte
)

func handle(ctx context.Context, e event) (any, error) {
	calls++
	fmt.Println("doing " + e.Do)
	switch e.Do {
	case "typed":
		return nil, &RejectedError{"too small"}
	case "wrapped":
		return nil, fmt.Errorf("stage: %w", &RejectedError{"too small"})
	case "plain":
		return nil, errors.New("plain")
	case "panic":
		panic("at the disco")
	case "exit":
		os.Exit(e.Bytes)
	case "hang":
		time.Sleep(time.Hour)
	case "sleep":
		time.Sleep(time.Duration(e.Bytes) * time.Millisecond)
	case "await": // makes File, then waits until Until is there
		if err := os.WriteFile(e.File, nil, 0o600); err != nil {
			return nil, err
		}
		for {
			if _, err := os.Stat(e.Until); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
	case "huge":
		return strings.Repeat("x", e.Bytes), nil
	case "hog":
		for {
			b := make([]byte, 4<<20)
			for i := range b {
				b[i] = 1
			}
			held = append(held, b)
		}
	case "stream":
		return &broken{}, nil
	case "append":
		time.Sleep(time.Duration(e.Bytes) * time.Millisecond)
		f, err := os.OpenFile(e.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if _, err := f.WriteString(e.Name + "\n"); err != nil {
			return nil, err
		}
	}
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return map[string]any{
		"calls": calls, "pid": os.Getpid(), "id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn,
		"left_ms": time.Until(deadline).Milliseconds(), "env": os.Environ(), "name": e.Name,
	}, nil
}

type broken struct{ read bool }

func (b *broken) Read(p []byte) (int, error) {
	if b.read {
		return 0, &RejectedError{"half-way"}
	}
	b.read = true
	return copy(p, "half"), nil
}

func main() {
	if os.Getenv("PROBE_INIT") == "exit" {
		os.Exit(3)
	}
	lambda.Start(handle)
}
