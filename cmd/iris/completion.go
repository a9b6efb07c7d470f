package main

import (
	"context"
	_ "embed"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
)

// bashWords stands in for the function of the package bash-completion that cobra's
// script calls: macOS and small images do not have that package.
//
//go:embed completion.bash
var bashWords string

// shells are the shells that completion is written for.
var shells = map[string]func(root *cobra.Command, out io.Writer) error{
	"bash": func(root *cobra.Command, out io.Writer) error {
		if _, err := io.WriteString(out, bashWords); err != nil {
			return err
		}
		return root.GenBashCompletionV2(out, true)
	},
	"fish":       func(root *cobra.Command, out io.Writer) error { return root.GenFishCompletion(out, true) },
	"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	"zsh":        (*cobra.Command).GenZshCompletion,
}

func completionCommand() *cobra.Command {
	names := slices.Sorted(maps.Keys(shells))
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the script with which a shell completes iris: " + strings.Join(names, ", "),
		Long: "Print the script with which a shell completes the commands, flags, values and job ids of iris.\n" +
			"For this session, and for every session:\n\n" +
			"    bash        source <(iris completion bash)\n" +
			"                iris completion bash > ~/.local/share/bash-completion/completions/iris\n" +
			"    zsh         source <(iris completion zsh)\n" +
			"                iris completion zsh > \"${fpath[1]}/_iris\"\n" +
			"    fish        iris completion fish | source\n" +
			"                iris completion fish > ~/.config/fish/completions/iris.fish\n" +
			"    powershell  iris completion powershell | Out-String | Invoke-Expression\n" +
			"                iris completion powershell >> $PROFILE\n",
		Args:      arguments("SHELL"),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			script, ok := shells[args[0]]
			if !ok {
				return usage("usage: there is no script for the shell %q: want one of %s", args[0], strings.Join(names, ", "))
			}
			return coded("write the script", script(cmd.Root(), cmd.OutOrStdout()))
		},
	}
}

// values are what a flag of a name takes, in whichever command it is.
var values = map[string][]string{
	"model":     {"tissue\tfrom Hounsfield units, without weights", "totalsegmentator\t117 structures of CT, 50 of MR", "none\tuploaded label maps only"},
	"format":    meshfile.Formats(),
	"modality":  {"CT", "MR", "PT"},
	"decimate":  {"none", "0.25vx\thow far a surface may move, in voxels", "0.2mm\thow far a surface may move", "0.25\tthe share of triangles to keep", "50000\ttriangles per structure"},
	"artifact":  {job.ModelGLB, job.ViewGLB, job.PreviewGLB, job.LabelsNIfTI, job.MeasurementsCSV, job.MeasurementsJSON, job.PreviewPNG, job.CheckPNG},
	"smoothing": {"0\tthe voxels as they are", "0.5", "1\tthe smoothest"},
}

// optionValues are what -O takes for an option.
var optionValues = map[string][]string{
	"decimate":   values["decimate"],
	"dicom":      {job.DICOMSeg, job.DICOMLabelMap, job.DICOMStruct, job.DICOMNone},
	"fast":       {"true", "false"},
	"merge":      nil,
	"modality":   values["modality"],
	"series":     nil,
	"smoothing":  values["smoothing"],
	"structures": nil,
	"task":       {job.TaskAuto, job.TaskLabels + "\tthe upload is a label map", "tissue", "total", "total_mr"},
}

// options completes name=value.
func options(_ *cobra.Command, _ []string, typed string) (list []string, _ cobra.ShellCompDirective) {
	name, _, whole := strings.Cut(typed, "=")
	if !whole {
		for _, name := range slices.Sorted(maps.Keys(optionValues)) {
			list = append(list, name+"=")
		}
		return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	for _, value := range optionValues[name] {
		list = append(list, name+"="+value)
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// complete adds to a command, and to all below it, what its arguments and flags can be.
func complete(c *cobra.Command) {
	if strings.HasSuffix(strings.TrimSuffix(c.Use, "..."), " ID") {
		c.ValidArgsFunction = jobIDs
	}
	for name, list := range values {
		if c.Flags().Lookup(name) != nil {
			// It fails only where a flag is given a second list.
			_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp))
		}
	}
	if c.Flags().Lookup("option") != nil {
		_ = c.RegisterFlagCompletionFunc("option", options)
	}
	for _, below := range c.Commands() {
		complete(below)
	}
}

// completionPatience is how long a person who pressed the tab key waits for the service.
const completionPatience = time.Second

// jobIDs are the newest jobs, as far as the service says them at once.
func jobIDs(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	api, err := newClient(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	var list struct {
		Jobs []jobView `json:"jobs"`
	}
	if _, err := api.do(ctx, "GET", "/v1/jobs?limit=20", nil, &list); err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ids := make([]string, 0, len(list.Jobs))
	for _, v := range list.Jobs {
		ids = append(ids, v.ID+"\t"+statusWords(v.Status)+" since "+v.UpdatedAt.Local().Format(time.DateTime))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
