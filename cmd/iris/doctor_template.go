//go:build !windows

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/local/stack"
	"github.com/iris-oculus/iris/internal/local/template"
)

// withoutEffect prints what the template declares for AWS only.
func withoutEffect(cmd *cobra.Command, install string) error {
	who := template.Identity{Account: stack.Account, Region: stack.Region, Stack: stack.Name}
	t, err := template.Load(filepath.Join(install, "template.yaml"), who, localParameters())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // said above
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "\nDeclared in template.yaml, without effect on one machine:")
	for _, line := range t.Declared {
		fmt.Fprintf(cmd.OutOrStdout(), "  %s\n", line)
	}
	return nil
}
