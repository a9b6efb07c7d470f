package main

import "github.com/spf13/cobra"

// run refuses: the stack's functions are Linux programs, and its processes, locks and
// signals are those of Unix.
func (upFlags) run(*cobra.Command) error { return noStack() }

func noStack() error {
	return usage("no_stack_on_windows: `iris up` runs on Linux and macOS only: install WSL (wsl --install), start it there, and name it here with IRIS_API=http://127.0.0.1:8000")
}
