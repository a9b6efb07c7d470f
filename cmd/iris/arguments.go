package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// arguments wants one argument for each name of the command's usage line.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("usage: %s is missing. Want: %s", names[len(args)], cmd.UseLine())
		case len(args) > len(names):
			return fmt.Errorf("usage: %q is one argument too many (a name with spaces wants quotes). Want: %s", args[len(names)], cmd.UseLine())
		}
		return nil
	}
}
