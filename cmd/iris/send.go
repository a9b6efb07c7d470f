package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func submitCommand() *cobra.Command {
	var options optionFlags
	var state string
	var asJSON bool
	var parallel int
	c := &cobra.Command{
		Use: "submit SCAN...", Short: "Upload scans and print the ids of their jobs", Args: scanArguments,
		Long: "Submit uploads scans and does not wait: it prints the id of each one's job, for several scans followed by the scan.\n" +
			"`iris watch ID...` waits, `iris get ID` downloads.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if parallel < 1 || parallel > 32 {
				return usage("bad_option: --parallel %d: want 1 to 32", parallel)
			}
			api, values, err := options.client(cmd)
			if err != nil {
				return err
			}
			scans, err := findScans(args)
			if err != nil {
				return err
			}
			if len(scans) == 1 && !asJSON {
				v, _, err := api.submit(cmd.Context(), scans[0], values, newBar(cmd, "uploading").set)
				if err != nil {
					return interrupted(err, v.ID)
				}
				fmt.Fprintln(cmd.OutOrStdout(), v.ID)
				return nil
			}
			return several(cmd, scans, parallel, func(ctx context.Context, scan string, say func(string)) *outcome {
				o := &outcome{scan: scan}
				say("reading")
				o.job, o.raw, o.err = api.submit(ctx, scan, values, uploading(say))
				return o
			}, func(o *outcome) { o.print(cmd.OutOrStdout(), asJSON) })
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print each job as JSON, one on a line")
	c.Flags().IntVar(&parallel, "parallel", 4, "how many of several scans are uploaded at a time, 1 to 32")
	options.add(c)
	options.addTable(c)
	serviceFlags(c, &state)
	return c
}

func watchCommand() *cobra.Command {
	c := jobCommand("watch ID...", "Wait until jobs have ended", nil)
	c.Args = someJobs
	c.Long = "Watch waits until jobs have ended and shows each. With --json each is one line."
	c.RunE = func(cmd *cobra.Command, ids []string) error {
		asJSON, err := cmd.Flags().GetBool("json")
		if err != nil {
			return err
		}
		api, err := newClient(cmd)
		if err != nil {
			return err
		}
		if len(ids) == 1 {
			progress := newBar(cmd, "")
			v, raw, err := api.follow(cmd.Context(), ids[0], progress.follow)
			progress.leave()
			if err != nil {
				return err
			}
			if err := showEnd(cmd, v, raw, asJSON); err != nil {
				return err
			}
			return badEnding(v)
		}
		const together = 32 // of a thousand ids, the others are asked after later
		return several(cmd, ids, together, func(ctx context.Context, id string, say func(string)) *outcome {
			o := &outcome{scan: id}
			o.job, o.raw, o.err = api.follow(ctx, id, func(v jobView) { say(v.brief()) })
			if o.err == nil {
				o.err = badEnding(o.job)
			}
			return o
		}, func(o *outcome) {
			switch {
			case o.raw == nil:
				fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", o.scan, oneLine(o.err))
			case asJSON:
				_ = show(cmd, o.job, o.raw, true)
			default:
				_ = show(cmd, o.job, o.raw, false)
			}
		})
	}
	return c
}

// someJobs wants the ids of jobs as arguments.
func someJobs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return oneJob(cmd, args)
	}
	for _, id := range args {
		if err := oneJob(cmd, []string{id}); err != nil {
			return err
		}
	}
	return nil
}

// uploading tells a table how far an upload is.
func uploading(say func(string)) func(done, total int64) {
	return func(done, total int64) { say(fmt.Sprintf("uploading %d %%", done*100/max(total, 1))) }
}
