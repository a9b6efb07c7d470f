package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
)

// runFlags are the flags of iris run.
type runFlags struct {
	options    optionFlags
	state      string
	out        string
	format     string
	labels     bool // --ml: the label map, not a model
	statistics bool
	json       bool
	parallel   int
}

func runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "run SCAN...", Short: "Upload scans, wait for their models and download them", Args: scanArguments,
		Long: "Run uploads a scan (a NIfTI file, a .zip or .tar.gz of DICOM files, one DICOM file, or a folder of slices),\n" +
			"waits for its model and downloads it. The ending of -o names the format: " + strings.Join(meshfile.Formats(), ", ") + ".\n\n" +
			"Of several scans (iris run DIR/*) each becomes a model of its own name in the folder that -o names; --format is\n" +
			"their format. A line is printed for each as it ends. An upload that was cut off goes on where it stopped when the\n" +
			"same command is run again; `iris cohort` also remembers which scans are done.\n\n" +
			"TotalSegmentator's words mean what they mean there: --task, --fast, --roi_subset liver,spleen, --ml (the label map\n" +
			"in place of a model) and --statistics (statistics.json, volumes in mm³ and mean intensities).",
		RunE: func(cmd *cobra.Command, args []string) error {
			api, values, err := f.options.client(cmd)
			if err != nil {
				return err
			}
			scans, err := findScans(args)
			if err != nil {
				return err
			}
			ways, err := f.ways(cmd, scans)
			if err != nil {
				return err
			}
			if len(ways) == 1 {
				return f.one(cmd, api, ways[0], values)
			}
			return f.many(cmd, api, ways, values)
		},
	}
	c.Flags().StringVarP(&f.out, "output", "o", job.ModelGLB, "where the model is written, whose ending names the format; for several scans the folder of the models (default: this one)")
	c.Flags().StringVar(&f.format, "format", "", "the models' format, for several scans (default glb)")
	c.Flags().IntVar(&f.parallel, "parallel", 4, "how many of several scans are under way at a time, 1 to 32")
	c.Flags().BoolVar(&f.json, "json", false, "print each job as JSON, one on a line")
	c.Flags().BoolVar(&f.labels, "ml", false, "download the label map, one NIfTI file of all structures, in place of a model; -o ends in .nii.gz")
	c.Flags().BoolVar(&f.statistics, "statistics", false, "also write statistics.json beside the output, in TotalSegmentator's form")
	f.options.add(c)
	f.options.addTable(c)
	serviceFlags(c, &f.state)
	return c
}

// way is one scan and where what comes of it is written.
type way struct {
	scan, output, format string
	statistics           string // empty: none
}

const labelsEnding = ".nii.gz"

// ways says where each scan's result goes, and refuses what cannot be written before
// anything is sent.
func (f *runFlags) ways(cmd *cobra.Command, scans []string) ([]way, error) {
	if f.parallel < 1 || f.parallel > 32 {
		return nil, usage("bad_option: --parallel %d: want 1 to 32", f.parallel)
	}
	if len(scans) == 1 && !strings.HasSuffix(f.out, string(filepath.Separator)) {
		return f.single(cmd, scans[0])
	}
	folder := f.out
	if !cmd.Flags().Changed("output") {
		folder = "."
	}
	f.format = strings.ToLower(cmp.Or(f.format, "glb"))
	ending := "." + f.format
	switch {
	case f.labels:
		ending = labelsEnding
	case !meshfile.Known(f.format):
		return nil, usage("unsupported_format: --format %q: want one of %s", f.format, strings.Join(meshfile.Formats(), ", "))
	}
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return nil, usage("no_output: %s is a file, and %d scans want a folder", shown(folder), len(scans))
	} else if err != nil && meshfile.Known(strings.ToLower(strings.TrimPrefix(filepath.Ext(folder), "."))) {
		return nil, usage("no_output: -o %s would be one file, and %d scans want a folder: name one, and say --format for their format", shown(folder), len(scans))
	}
	names, err := outputNames(scans)
	if err != nil {
		return nil, err
	}
	list := make([]way, len(scans))
	for i, scan := range scans {
		output := filepath.Join(folder, names[i]+ending)
		if err := os.MkdirAll(filepath.Dir(output), 0o777); err != nil {
			return nil, usage("no_output: %w", withoutPath("the folder "+shown(filepath.Dir(output))+" cannot be made", err))
		}
		if err := checkFolder(output); err != nil {
			return nil, err
		}
		list[i] = way{scan: scan, output: output, format: f.format}
		if f.statistics {
			list[i].statistics = filepath.Join(folder, names[i]+".statistics.json")
		}
	}
	return list, nil
}

// single is the way of the only scan.
func (f *runFlags) single(cmd *cobra.Command, scan string) ([]way, error) {
	if f.format != "" {
		return nil, usage("bad_option: --format is of several scans: for one the ending of -o names the format")
	}
	w := way{scan: scan, output: f.out}
	if f.labels && !cmd.Flags().Changed("output") {
		w.output = job.LabelsNIfTI
	}
	isLabels := strings.HasSuffix(strings.ToLower(w.output), labelsEnding)
	switch {
	case f.labels && !isLabels:
		return nil, usage("bad_option: with --ml the output is a label map: want -o to end in %s", labelsEnding)
	case isLabels && !f.labels:
		return nil, usage("unsupported_format: -o ends in %s, as a label map does: say --ml for that, or name a model: .%s", labelsEnding, strings.Join(meshfile.Formats(), ", ."))
	case isLabels:
		if err := checkFolder(w.output); err != nil {
			return nil, err
		}
	default:
		var err error
		if w.format, err = checkOutput(w.output); err != nil {
			return nil, err
		}
	}
	if f.statistics {
		w.statistics = filepath.Join(filepath.Dir(w.output), "statistics.json")
	}
	return []way{w}, nil
}

// one brings one scan to its model, and shows the job.
func (f *runFlags) one(cmd *cobra.Command, api *client, w way, options map[string]any) error {
	sent, _, err := api.submit(cmd.Context(), w.scan, options, newBar(cmd, "uploading").set)
	if err != nil {
		return interrupted(err, sent.ID)
	}
	progress := newBar(cmd, "")
	v, raw, err := api.follow(cmd.Context(), sent.ID, progress.follow)
	progress.leave()
	if err != nil {
		return interrupted(err, sent.ID)
	}
	if err := showEnd(cmd, v, raw, f.json); err != nil {
		return err
	}
	if err := badEnding(v); err != nil {
		return err
	}
	return downloadFailed(v, w.output, f.collect(cmd.Context(), api, v, w, newBar(cmd, "")))
}

// collect downloads what was asked for of a job that is ready.
func (f *runFlags) collect(ctx context.Context, api *client, v jobView, w way, progress *bar) error {
	var err error
	if f.labels {
		err = api.fetch(ctx, v, job.LabelsNIfTI, w.output)
	} else {
		err = api.fetchModel(ctx, v, wanted{format: w.format}, w.output, progress)
	}
	if err != nil || w.statistics == "" {
		return err
	}
	return api.fetchStatistics(ctx, v, w.statistics)
}

// interrupted says where a job is found that goes on without the command.
func interrupted(err error, id string) error {
	switch {
	case !errors.Is(err, context.Canceled):
		return err
	case id == "":
		return failure("interrupted", "the command was ended before the upload began")
	}
	return failure("interrupted", "the command was ended, and the job %s goes on if its upload was complete: iris watch %s", id, id)
}
