package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
)

// gpuCommand looks at the GPU and moves it by hand, through the gpu function:
// one authority over capacity, here and on AWS.
func gpuCommand() *cobra.Command {
	c := &cobra.Command{Use: "gpu", Short: "Look at the GPU, wake it or let it sleep"}
	c.AddCommand(
		gpuAction("status", "Show capacity, who holds the GPU, the queue and what it costs now", job.ActionStatus),
		gpuAction("warm", "Wake the GPU; it goes to sleep again after the linger", job.ActionWarm),
		gpuAction("park", "Let the GPU sleep if nobody needs it", job.ActionPark),
		gpuAction("unblock", "Lift a budget stop", job.ActionUnblock),
	)
	return c
}

func gpuAction(use, short, action string) *cobra.Command {
	var state, stackName string
	var asJSON bool
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			raw, err := invokeGPU(cmd.Context(), state, stackName+"-gpu", job.GPUInput{Action: action})
			if err != nil {
				return err
			}
			if asJSON {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), string(raw))
				return err
			}
			var out job.GPUOutput
			if err := json.Unmarshal(raw, &out); err != nil {
				return fmt.Errorf("read the gpu function's answer: %w", err)
			}
			return showGPU(cmd, out)
		},
	}
	c.Flags().StringVar(&stackName, "stack", "iris", "name of the CloudFormation stack")
	c.Flags().BoolVar(&asJSON, "json", false, "print the answer as JSON")
	stateFlag(c, &state)
	return c
}

// localEnvironment points the SDK at the stack of a state folder, unless the
// environment points it somewhere already.
func localEnvironment(state string) error {
	if os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("IRIS_API") != "" {
		return nil
	}
	r, err := readReady(state)
	if err != nil {
		return nil // no stack here: AWS by whatever the environment says
	}
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": r.AWS, "AWS_SHARED_CREDENTIALS_FILE": r.Credentials, "AWS_REGION": "us-east-1"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

func invokeGPU(ctx context.Context, state, function string, in job.GPUInput) ([]byte, error) {
	if err := localEnvironment(state); err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	out, err := lambda.NewFromConfig(cfg).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: body})
	if err != nil {
		return nil, &exitError{exitUnreachable, fmt.Errorf("unreachable: the gpu function does not answer: %w", err)}
	}
	if out.FunctionError != nil {
		var failure struct {
			Type    string `json:"errorType"`
			Message string `json:"errorMessage"`
		}
		if json.Unmarshal(out.Payload, &failure) != nil {
			failure.Type = aws.ToString(out.FunctionError)
		}
		return nil, fmt.Errorf("%s: %s", failure.Type, failure.Message)
	}
	return out.Payload, nil
}

func showGPU(cmd *cobra.Command, out job.GPUOutput) error {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "desired    %d\n", out.Desired)
	if out.Empty {
		_, err := fmt.Fprintf(w, "held by    nobody\nsleeps at  %s\n", out.ParkAt)
		return err
	}
	_, err := fmt.Fprintln(w, "held by    jobs under way")
	return err
}
