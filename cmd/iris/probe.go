package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
	"github.com/iris-oculus/iris/internal/cloud/endpoint"
)

// probePause is the pause between two looks at the endpoint.
const probePause = 10 * time.Second

// probeCommand asks a real account how its capacity moves, before anybody relies
// on it. On one machine it shows what the stack does.
func probeCommand() *cobra.Command {
	var state, name string
	var pause time.Duration
	c := &cobra.Command{
		Use: "probe", Short: "Find out which capacity lever this account honours", Args: cobra.NoArgs,
		Long: "Probe tries on an endpoint that nobody uses what AWS's documentation leaves open: whether a maximum of 0\n" +
			"instances is accepted, whether bounds move the capacity, also when they stand already, and what happens\n" +
			"while the endpoint is Updating. It wakes one instance twice (a few minutes of it) and leaves it asleep.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := localEnvironment(state); err != nil {
				return err
			}
			cfg, err := awsconfig.Load(cmd.Context())
			if err != nil {
				return fmt.Errorf("AWS configuration: %w", err)
			}
			wait := func(ctx context.Context) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(pause):
					return nil
				}
			}
			say := func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), text) }
			found, err := endpoint.New(cfg, endpoint.Config{Name: name, MaxInstances: 1}).Probe(cmd.Context(), wait, say)
			if err != nil {
				return err
			}
			text, err := json.MarshalIndent(found, "", "  ")
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), string(text))
			if found.Lever() == "" {
				return errors.New("no_lever: neither lever both wakes and parks this endpoint: do not rely on it, and report these findings")
			}
			fmt.Fprintf(cmd.OutOrStdout(), "deploy with CapacityLever=%s\n", found.Lever())
			return nil
		},
	}
	c.Flags().StringVar(&name, "endpoint", "iris-model", "name of the endpoint")
	c.Flags().DurationVar(&pause, "pause", probePause, "pause between two looks at the endpoint")
	stateFlag(c, &state)
	return c
}
