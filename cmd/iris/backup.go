package main

import "github.com/spf13/cobra"

func backupCommand() *cobra.Command {
	var state string
	c := &cobra.Command{
		Use: "backup FILE", Short: "Copy the state of the stack on this machine into a file", Args: arguments("FILE"),
		Long: "Backup copies the state folder, with scans, results, jobs and secrets, into one file, while the stack runs or not.\n" +
			"It is the state of one moment: what was under way goes on from there when it is restored. Keep the file as you keep the scans.",
		RunE: func(cmd *cobra.Command, args []string) error { return backUp(cmd, state, args[0]) },
	}
	stateFlag(c, &state)
	return c
}

func restoreCommand() *cobra.Command {
	var state string
	var replace bool
	c := &cobra.Command{
		Use: "restore FILE", Short: "Make a state folder of a backup", Args: arguments("FILE"),
		Long: "Restore makes the state folder that `iris up` runs on of a file that `iris backup` wrote. Every byte is checked before the folder is there.",
		RunE: func(cmd *cobra.Command, args []string) error { return restore(cmd, state, args[0], replace) },
	}
	stateFlag(c, &state)
	c.Flags().BoolVar(&replace, "replace", false, "put the backup in the place of a state that is there, which is kept beside it")
	return c
}
