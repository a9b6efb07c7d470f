// Command probe asks an AWS account how its capacity moves, before anybody relies
// on it: `make probe`. It is needed once in an account's life, so it is no part of
// iris. On one machine (after `eval "$(bin/iris env)"`) it shows what the stack does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/iris-oculus/iris/internal/cloud/awsconfig"
	"github.com/iris-oculus/iris/internal/cloud/endpoint"
)

const usage = `probe finds out which capacity lever this account honours.

It tries on an endpoint that nobody uses what AWS's documentation leaves open:
whether a maximum of 0 instances is accepted, whether bounds move the capacity,
also when they stand already, and what happens while the endpoint is Updating. It
wakes one instance twice (a few minutes of it) and leaves it asleep.

`

func main() {
	name := flag.String("endpoint", "iris-totalsegmentator-endpoint", "name of the endpoint")
	pause := flag.Duration("pause", 10*time.Second, "pause between two looks at the endpoint")
	flag.Usage = func() { fmt.Fprint(flag.CommandLine.Output(), usage); flag.PrintDefaults() }
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *name, *pause); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name string, pause time.Duration) error {
	cfg, err := awsconfig.Load(ctx)
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
	say := func(text string) { fmt.Fprintln(os.Stderr, text) }
	found, err := endpoint.New(cfg, endpoint.Config{Name: name, MaxInstances: 1}).Probe(ctx, wait, say)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(text))
	if found.Lever() == "" {
		return errors.New("no_lever: neither lever both wakes and parks this endpoint: do not rely on it, and report these findings")
	}
	fmt.Printf("deploy with CapacityLever=%s\n", found.Lever())
	return nil
}
