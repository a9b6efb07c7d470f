package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"
)

// need is something that the one-machine stack stands on, and its cure.
type need struct {
	what, cure string
	ok         bool
}

func doctorCommand() *cobra.Command {
	var install string
	c := &cobra.Command{
		Use: "doctor", Short: "Say what this machine lacks, and what of the template has no effect on it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, missing := cmd.OutOrStdout(), 0
			for _, n := range needs(install) {
				if n.ok {
					fmt.Fprintf(out, "ok       %s\n", n.what)
					continue
				}
				missing++
				fmt.Fprintf(out, "missing  %s\n         cure: %s\n", n.what, n.cure)
			}
			if err := withoutEffect(cmd, install); err != nil {
				return err
			}
			if missing > 0 {
				return fmt.Errorf("missing: %d of the things above", missing)
			}
			return nil
		},
	}
	c.Flags().StringVar(&install, "install", defaultInstall(), "folder that holds template.yaml, statemachine/ and build/")
	return c
}

func needs(install string) []need {
	_, node := exec.LookPath("node")
	exists := func(parts ...string) bool {
		_, err := os.Stat(filepath.Join(append([]string{install}, parts...)...))
		return err == nil
	}
	return []need{
		{"Node.js, which runs the job table (dynalite)", "apt-get install nodejs npm", node == nil},
		{"jsonata and dynalite from npm, in build/node", "make build", exists("build", "node", "node_modules", "dynalite") && exists("build", "node", "node_modules", "jsonata")},
		{"the Lambda functions, in build/", "make build", exists("build", "intake", "bootstrap") && exists("build", "mesh", "bootstrap")},
		{"the storage of objects, build/s3", "make build", exists("build", "s3")},
		{"the embedded model, build/tissue", "make build", exists("build", "tissue")},
		{"template.yaml", "run iris in the folder that holds it, or name it with --install", exists("template.yaml")},
		{"two processors", "a larger machine; everything works on one, slowly", runtime.NumCPU() >= 2},
	}
}
