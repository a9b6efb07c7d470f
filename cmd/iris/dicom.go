package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/prepare"
	dicom "github.com/iris-oculus/iris/internal/volume/dicom/object"
	"github.com/iris-oculus/iris/internal/volume/dicom/rtstruct"
	"github.com/iris-oculus/iris/internal/volume/dicom/seg"
)

// dicomCommand writes offline the DICOM objects that a job offers: a label map, and the
// series that it was made of, become an object of that series' study.
func dicomCommand() *cobra.Command {
	var o prepare.Options
	var as, table, date string
	c := &cobra.Command{
		Use:   "dicom LABELS SERIES OUT.dcm",
		Short: "Turn a label map into a DICOM object beside the series that it was made of",
		Long: "Dicom writes the structures of LABELS, a label map (NIfTI or NRRD), as a DICOM object that refers to SERIES:\n" +
			"the folder, archive or file of the DICOM images that LABELS was made of. It lies on their frames, and has\n" +
			"their patient, study and frame of reference.\n" +
			"--as says which object: seg is a binary segmentation, labelmap a label map segmentation (Supplement 243),\n" +
			"rtstruct a structure set for radiotherapy, of closed planar contours.\n" +
			"The same input and --date give the same bytes. Warnings go to standard error.",
		Args: arguments("LABELS", "SERIES", "OUT.dcm"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if as != "seg" && as != "labelmap" && as != "rtstruct" {
				return usage("bad_option: --as %q: want seg, labelmap or rtstruct", as)
			}
			made := dicom.Made{Created: time.Now()}
			if date != "" {
				var err error
				if made.Created, err = time.Parse(time.RFC3339, date); err != nil {
					return usage("bad_option: --date: want a time such as 2026-12-01T10:30:00Z")
				}
			}
			if err := checkPrepare(job.TaskAuto, o); err != nil {
				return err
			}
			labels, err := readLabels(args[0], table)
			if err != nil {
				return err
			}
			source, done, err := openSource(args[1])
			if err != nil {
				return err
			}
			defer done()
			scan, doubts, err := source.Describe(cmd.Context(), o)
			if err != nil {
				return coded("read the series", err)
			}
			warn(cmd, append(labels.Warnings, doubts...))
			err = replace(args[2], func(out *os.File) error {
				if as == "rtstruct" {
					report, err := rtstruct.Write(out, labels, scan, rtstruct.Options{Made: made})
					warn(cmd, report.Warnings())
					return err
				}
				report, err := seg.Write(out, labels, scan, seg.Options{Made: made, LabelMap: as == "labelmap"})
				warn(cmd, report.Warnings())
				return err
			})
			if named := job.Named(err); named != nil {
				return named
			}
			return coded("write the output", err)
		},
	}
	c.Flags().StringVar(&as, "as", "seg", "the object: seg, labelmap or rtstruct")
	c.Flags().IntVar(&o.Series, "series", 0, "number of the series, from the list of a multiple_series error")
	c.Flags().StringVar(&o.Modality, "modality", "", "CT, MR or PT (default: what the files say)")
	c.Flags().StringVar(&table, "labels-table", "", "a file with the labels' names and colours, which counts before the header's")
	c.Flags().StringVar(&date, "date", "", "the object's date and time, RFC 3339 (default now)")
	return c
}
