// Command iris runs IRIS Oculus on one machine and is the client of it, there or on AWS.
//
// Progress goes to standard error, and only if that is a terminal; results go to
// standard output. Exit codes: 0 success, 2 wrong usage, 3 the scan was rejected, 4 the
// job failed, 5 the service cannot be reached.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/codes"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/volume"
)

// Exit codes.
const (
	exitUsage       = 2
	exitRejected    = 3
	exitFailed      = 4
	exitUnreachable = 5
)

// version is set by the linker.
var version = "dev"

// exitError is an error that asks for its own exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := execute(ctx, rootCommand(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if text := hint(err); text != "" {
			fmt.Fprintln(os.Stderr, "hint: "+text)
		}
		stop()
		os.Exit(exitCode(err))
	}
}

// hint is what a person should do about an error of a service or a job, after the list
// of codes, and about a failure on this machine. Errors of usage say it in their own words.
func hint(err error) string {
	name, _, _ := strings.Cut(err.Error(), ": ")
	code, ok := codes.Find(name)
	var fault *codedError
	if !ok || code.Where&(codes.Request|codes.Scan|codes.Job) == 0 && !errors.As(err, &fault) {
		return ""
	}
	return code.Do
}

// execute runs the command that args name. A name that is not known is an error
// also where cobra would only print the help of what stands before it.
func execute(ctx context.Context, root *cobra.Command, args []string) error {
	root.SetArgs(args)
	if c, rest, err := root.Find(args); err == nil && c.HasSubCommands() && len(rest) > 0 {
		word := rest[0]
		builtIn := c == root && (word == "help" || strings.HasPrefix(word, "__"))
		if !builtIn && !strings.HasPrefix(word, "-") {
			return usage("usage: %s knows no command %q%s: `%s --help` lists them", c.CommandPath(), word, meant(word, commandNames(c)), c.CommandPath())
		}
	}
	return root.ExecuteContext(ctx)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "iris",
		Short: "A scan goes in, a 3D model of every organ comes out",
		Long: "IRIS Oculus turns a CT or MR scan into 3D models of its organs. It is not a medical device.\n\n" +
			"Start a stack with `iris up`, then `iris run scan.nii.gz -o model.glb` or `iris run folder-of-slices/ -o model.stl`.\n" +
			"Exit codes: 0 ok, 2 wrong usage, 3 the scan was rejected, 4 the job failed, 5 the service cannot be reached, 1 anything else.\n" +
			"Environment: IRIS_API and IRIS_TOKEN name another stack than that of --state; `iris env` prints them.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if text, known := unknownFlag(err); known && takesWords(c) {
			return usage("bad_option: %s", text)
		}
		return wrongFlag(c, err)
	})
	root.AddCommand(
		upCommand(), envCommand(), runCommand(), submitCommand(), statusCommand(), watchCommand(), getCommand(),
		listCommand(), cancelCommand(), retryCommand(), rmCommand(), cohortCommand(), prepareCommand(), meshCommand(), dicomCommand(), gpuCommand(), costCommand(),
		sampleCommand(), loginCommand(), logoutCommand(), doctorCommand(), completionCommand(), versionCommand(),
	)
	root.AddCommand(receiptCommand(), shareCommand(), backupCommand(), restoreCommand())
	root.Args, root.RunE = cobra.NoArgs, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	usageErrors(root)
	complete(root)
	return root
}

// usageErrors gives wrong arguments their exit code, in a command and all below it.
func usageErrors(c *cobra.Command) {
	if args := c.Args; args != nil {
		c.Args = func(cmd *cobra.Command, list []string) error {
			if err := args(cmd, list); err != nil {
				if strings.HasPrefix(err.Error(), "unknown command ") { // cobra.NoArgs
					err = arguments()(cmd, list)
				}
				return &exitError{exitUsage, err}
			}
			return nil
		}
	}
	for _, below := range c.Commands() {
		usageErrors(below)
	}
}

// exitCode tells a scan at fault from a service at fault.
func exitCode(err error) int {
	var exit *exitError
	var rejected *job.RejectedError
	var unsupported *job.UnsupportedError
	var scan *volume.Error
	switch {
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &rejected) && rejected.Code == "bad_option":
		return exitUsage
	case errors.As(err, &rejected), errors.As(err, &unsupported), errors.As(err, &scan):
		return exitRejected
	}
	return 1
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), version) },
	}
}
