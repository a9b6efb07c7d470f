package main

import "github.com/spf13/cobra"

// withoutEffect has nothing to say where no stack runs.
func withoutEffect(*cobra.Command, string) error { return nil }
