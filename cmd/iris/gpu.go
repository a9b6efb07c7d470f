package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
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
	cfg, err := awsconfig.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	payload, failed, err := invoke(ctx, cfg, function, body)
	if err != nil {
		return nil, err
	}
	if failed != "" {
		var failure struct {
			Type    string `json:"errorType"`
			Message string `json:"errorMessage"`
		}
		if json.Unmarshal(payload, &failure) != nil {
			failure.Type = failed
		}
		return nil, fmt.Errorf("%s: %s", failure.Type, failure.Message)
	}
	return payload, nil
}

// showGPU prints what an action came to, and for status all that is known.
func showGPU(cmd *cobra.Command, out job.GPUOutput) error {
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	if out.GPUStatus == nil {
		fmt.Fprintf(t, "desired\t%d\n", out.Desired)
		if out.Empty && out.Desired > 0 {
			fmt.Fprintf(t, "sleeps at\t%s\n", out.ParkAt)
		}
		return t.Flush()
	}
	fmt.Fprintf(t, "endpoint\t%s\n", out.Endpoint)
	fmt.Fprintf(t, "capacity\t%d in service, %d desired\n", out.Current, out.Desired)
	fmt.Fprintf(t, "held by\t%s\n", holders(out.Holders))
	fmt.Fprintf(t, "queue\t%d\n", out.Queue)
	if out.Announced > 0 {
		fmt.Fprintf(t, "announced\t%d uploads on their way\n", out.Announced)
	}
	if out.Desired > 0 && out.ParkAt != "" {
		fmt.Fprintf(t, "sleeps at\t%s\n", out.ParkAt)
	}
	fmt.Fprintf(t, "costs now\t%.4f USD per hour\n", out.USDPerHour)
	if out.Blocked {
		fmt.Fprintln(t, "budget\tstopped: no GPU work until `iris gpu unblock`")
	}
	return t.Flush()
}

// shownHolders bounds a line that people read.
const shownHolders = 5

// holders are jobs with their attempt.
func holders(names []string) string {
	switch {
	case len(names) == 0:
		return "nobody"
	case len(names) > shownHolders:
		return fmt.Sprintf("%d jobs: %s, …", len(names), strings.Join(names[:shownHolders], ", "))
	}
	return fmt.Sprintf("%d: %s", len(names), strings.Join(names, ", "))
}
