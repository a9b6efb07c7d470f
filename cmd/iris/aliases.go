package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
)

// optionFlags are the options of a job as flags, by their own names (-O) and by
// TotalSegmentator's words for them.
type optionFlags struct {
	list   []string
	task   string
	subset []string
	fast   bool
	set    map[string]bool // words that were given
	table  string          // a file with the names of the labels, for label maps
}

func (o *optionFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVarP(&o.list, "option", "O", nil, "an option of the job as name=value (task, fast, structures, series, modality, smoothing, decimate, merge, dicom); may be repeated")
	f.StringVar(&o.task, "task", "", "the same as -O task=…")
	f.StringArrayVar(&o.subset, "roi_subset", nil, "the same as -O structures=…: names separated by commas; may be repeated")
	f.BoolVar(&o.fast, "fast", false, "the same as -O fast=true: the coarse model of 3 mm, where the task has one")
	was := c.PreRunE
	c.PreRunE = func(cmd *cobra.Command, args []string) error {
		o.set = map[string]bool{}
		for _, name := range []string{"task", "roi_subset", "fast"} {
			o.set[name] = cmd.Flags().Changed(name)
		}
		if was != nil {
			return was(cmd, args)
		}
		return nil
	}
}

// addTable is for the commands that upload.
func (o *optionFlags) addTable(c *cobra.Command) {
	c.Flags().StringVar(&o.table, "labels-table", "", "SCAN is a label map (-O task=labels), and this file names its labels (ITK-SNAP, FreeSurfer, 3D Slicer, BIDS, JSON)")
}

// client is the service's, which sends the table of labels with each upload, and the
// options by name.
func (o *optionFlags) client(cmd *cobra.Command) (*client, map[string]any, error) {
	api, err := newClient(cmd)
	if err != nil {
		return nil, nil, err
	}
	values, err := o.values()
	api.table = o.table
	return api, values, err
}

// values are the options by name. One that is given twice with different values is
// refused: which of the two is meant cannot be known.
func (o *optionFlags) values() (map[string]any, error) {
	out := map[string]any{}
	put := func(name, value string) error {
		if was, there := out[name]; there && was != value {
			return usage("bad_option: option %s is given twice, as %q and %q", name, was, value)
		}
		out[name] = value
		return nil
	}
	for _, text := range o.list {
		name, value, found := strings.Cut(text, "=")
		if !found {
			return nil, &exitError{exitUsage, fmt.Errorf("bad_option: -O %q: want name=value, as -O smoothing=0.3", text)}
		}
		if err := put(name, value); err != nil {
			return nil, err
		}
	}
	for _, word := range []struct{ flag, name, value string }{
		{"task", "task", o.task}, {"fast", "fast", fmt.Sprint(o.fast)}, {"roi_subset", "structures", strings.Join(o.subset, ",")},
	} {
		if !o.set[word.flag] {
			continue
		}
		if word.value == "" {
			return nil, usage("bad_option: --%s is empty: leave it out", word.flag)
		}
		if err := put(word.name, word.value); err != nil {
			return nil, err
		}
	}
	if o.table != "" {
		if task, said := out["task"]; said && task != job.TaskLabels {
			return nil, usage("bad_option: --labels-table is for a label map: leave the task out, or say task=labels")
		}
		out["task"] = job.TaskLabels
	}
	return out, nil
}

// elsewhere are TotalSegmentator's words that do not exist here, and what there is in
// their place.
var elsewhere = map[string]string{
	"fastest":                 "there is no model of 6 mm here: --fast is the coarse one",
	"roi_subset_robust":       "want --roi_subset: the whole scan is always segmented first, so that nothing is cropped away",
	"robust_crop":             "nothing is cropped here, so that there is nothing to make robust",
	"body_seg":                "nothing is cropped here: leave it out",
	"force_split":             "the model server splits large scans by itself: leave it out",
	"nr_thr_resamp":           "the model server chooses its threads: leave it out",
	"nr_thr_saving":           "one label map is saved: leave it out",
	"device":                  "the model server chooses the device: on one machine `iris up --model totalsegmentator`",
	"preview":                 "every job has pictures: iris get ID --artifact preview.png",
	"report":                  "every job has check.png and measurements.csv: iris get ID --artifact check.png",
	"radiomics":               "radiomics are not computed here; --statistics gives volumes and mean intensities",
	"output_type":             "the ending of -o names the format; DICOM SEG and RTSTRUCT are not written",
	"license_number":          "the licence belongs to the server: parameter ModelLicense, or IRIS_LICENSE on one machine",
	"remove_small_blobs":      "small pieces are kept here: --roi_subset and -O smoothing=… are what can be changed",
	"higher_order_resampling": "labels are resampled to the scan's grid in one way here: leave it out",
	"v1_order":                "labels have the order of TotalSegmentator 2 here: go by their names",
	"skip_saving":             "results are always kept: `iris rm ID` erases them",
	"statistics_extra":        "--statistics is what there is",
	"quiet":                   "nothing is printed but the result where standard error is no terminal: leave it out",
	"verbose":                 "`iris up --verbose` logs what the services do",
}

// unknownFlag says what a word of TotalSegmentator's is here, if err is about one.
func unknownFlag(err error) (string, bool) {
	if strings.HasPrefix(err.Error(), "unknown shorthand flag: 'i'") {
		return "-i is TotalSegmentator's: name the scan by itself", true
	}
	name, found := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !found {
		return "", false
	}
	text, known := elsewhere[name]
	return fmt.Sprintf("--%s is TotalSegmentator's: %s", name, text), known
}

// totalSegmentator are the commands that take TotalSegmentator's words.
var totalSegmentator = []string{"run", "submit", "cohort", "retry"}

func takesWords(c *cobra.Command) bool { return slices.Contains(totalSegmentator, c.Name()) }
