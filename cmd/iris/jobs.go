package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
)

func stateFlag(c *cobra.Command, state *string) {
	c.Flags().StringVar(state, "state", defaultState, "state folder of the stack on this machine")
}

// oneJob wants the id of one job as the only argument.
func oneJob(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 1 && job.ValidID(args[0]):
		return nil
	case len(args) == 1:
		return fmt.Errorf("bad_id: this is no job's id (26 letters and digits): `iris list` shows them")
	}
	return fmt.Errorf("usage: which job? Want: %s (`iris list` shows them)", cmd.UseLine())
}

// jobCommand is a command over one job.
func jobCommand(use, short string, run func(cmd *cobra.Command, api *client, id string, asJSON bool) error) *cobra.Command {
	var state string
	var asJSON bool
	c := &cobra.Command{
		Use: use, Short: short, Args: oneJob,
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := newClient(cmd)
			if err != nil {
				return err
			}
			return run(cmd, api, args[0], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the job as JSON")
	serviceFlags(c, &state)
	return c
}

func statusCommand() *cobra.Command {
	return jobCommand("status ID", "Show a job", func(cmd *cobra.Command, api *client, id string, asJSON bool) error {
		v, raw, err := api.job(cmd.Context(), id)
		if err != nil {
			return err
		}
		return show(cmd, v, raw, asJSON)
	})
}

func show(cmd *cobra.Command, v jobView, raw []byte, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		_, err := out.Write(raw)
		return err
	}
	fmt.Fprintf(out, "%s  %s  attempt %d\n", v.ID, statusWords(v.Status), v.Attempt)
	timeline(out, v)
	for _, n := range []*job.Notice{v.Error, v.NoGlimpse} {
		if n != nil {
			fmt.Fprintf(out, "  %s: %s\n", n.Code, n.Message)
		}
	}
	names := make([]string, 0, len(v.Artifacts))
	for name := range v.Artifacts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		until := ""
		if v.Artifacts[name].Provisional {
			until = ", until the model is ready"
		}
		fmt.Fprintf(out, "  %-24s %10d bytes%s\n", name, v.Artifacts[name].Bytes, until)
	}
	return nil
}

// showEnd shows a job whose error, if it has one, is printed as the command's own.
func showEnd(cmd *cobra.Command, v jobView, raw []byte, asJSON bool) error {
	v.Error = nil
	return show(cmd, v, raw, asJSON)
}

func listCommand() *cobra.Command {
	var state, key string
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "List jobs, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := newClient(cmd)
			if err != nil {
				return err
			}
			path := "/v1/jobs"
			if cmd.Flags().Changed("key") { // also an empty one, which the service refuses
				path += "?key=" + url.QueryEscape(key)
			}
			var page struct {
				Jobs []jobView `json:"jobs"`
			}
			raw, err := api.do(cmd.Context(), http.MethodGet, path, nil, &page)
			if err != nil {
				return err
			}
			if asJSON {
				_, err := cmd.OutOrStdout().Write(raw)
				return err
			}
			t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, v := range page.Jobs {
				note := ""
				if v.Error != nil {
					note = v.Error.Code
				}
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", v.ID, v.CreatedAt.Local().Format("2006-01-02 15:04"), statusWords(v.Status), note)
			}
			if len(page.Jobs) == 0 {
				newBar(cmd, "").say("no jobs")
			}
			return t.Flush()
		},
	}
	c.Flags().StringVar(&key, "key", "", "only the jobs of this upload key, or of this folder of slices")
	c.Flags().BoolVar(&asJSON, "json", false, "print the listing as JSON")
	serviceFlags(c, &state)
	return c
}

func cancelCommand() *cobra.Command {
	return jobCommand("cancel ID", "Cancel a job that has not ended", func(cmd *cobra.Command, api *client, id string, asJSON bool) error {
		return api.changeJob(cmd, http.MethodPost, id, "/cancel", nil, asJSON)
	})
}

func rmCommand() *cobra.Command {
	return jobCommand("rm ID", "Erase a job and every object of it", func(cmd *cobra.Command, api *client, id string, _ bool) error {
		_, err := api.do(cmd.Context(), http.MethodDelete, "/v1/jobs/"+url.PathEscape(id), nil, nil)
		return err
	})
}

func retryCommand() *cobra.Command {
	var options optionFlags
	c := jobCommand("retry ID", "Try a rejected or failed job again, with other options if wanted", func(cmd *cobra.Command, api *client, id string, asJSON bool) error {
		values, err := options.values()
		if err != nil {
			return err
		}
		return api.changeJob(cmd, http.MethodPost, id, "/retry", map[string]any{"options": values}, asJSON)
	})
	options.add(c)
	return c
}

// changeJob sends a request that changes a job, and shows the job.
func (c *client) changeJob(cmd *cobra.Command, method, id, action string, body any, asJSON bool) error {
	raw, err := c.do(cmd.Context(), method, "/v1/jobs/"+url.PathEscape(id)+action, body, nil)
	if err != nil {
		return err
	}
	var v jobView
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return show(cmd, v, raw, asJSON)
}
