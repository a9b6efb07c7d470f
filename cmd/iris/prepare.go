package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/stage/prepare"
)

// prepareCommand does offline what the prepare stage does. It turns a scan into one
// volume, or prints one line that says why it cannot.
func prepareCommand() *cobra.Command {
	var o prepare.Options
	var task string
	c := &cobra.Command{
		Use:   "prepare IN OUT.nii.gz",
		Short: "Turn a NIfTI file, DICOM files, an archive or a folder into one volume",
		Long: "Prepare writes IN as one NIfTI volume: int16, axes closest to RAS, Hounsfield units for CT.\n" +
			"IN is a .nii or .nii.gz, a DICOM file, a .zip or .tar.gz of DICOM files, or a folder of them.\n" +
			"Warnings go to standard error. A scan that cannot be used ends with code 3, one line that says why, and no OUT.",
		Args: arguments("IN", "OUT.nii.gz"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkPrepare(task, o); err != nil {
				return err
			}
			source, done, err := openSource(args[0])
			if err != nil {
				return err
			}
			defer done()
			return replace(args[1], func(out *os.File) error {
				var warnings []job.Notice
				if task == job.TaskLabels {
					warnings, err = source.Labels(cmd.Context(), out)
				} else {
					var report prepare.Report
					report, err = source.Volume(cmd.Context(), out, o)
					warnings = report.Warnings
				}
				for _, w := range warnings {
					cmd.PrintErrf("warning: %s: %s\n", w.Code, w.Message)
				}
				return coded("prepare the input", err)
			})
		},
	}
	c.Flags().IntVar(&o.Series, "series", 0, "number of the series, from the list of a multiple_series error")
	c.Flags().StringVar(&o.Modality, "modality", "", "CT, MR or PT (default: what the files say)")
	c.Flags().StringVar(&task, "task", job.TaskAuto, "auto, or labels when IN is a label map, which may be NRRD (.seg.nrrd)")
	return c
}

// checkPrepare applies the rules of job options to the flags.
func checkPrepare(task string, o prepare.Options) error {
	values := map[string]string{"task": task}
	if o.Series != 0 {
		values["series"] = fmt.Sprint(o.Series)
	}
	if o.Modality != "" {
		values["modality"] = o.Modality
	}
	_, err := job.ParseOptions(values, nil)
	return err
}

// openSource opens a file or a folder; done closes it. Its errors do not repeat
// the path, which may name a patient.
func openSource(path string) (source prepare.Source, done func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return source, nil, coded("open the input", err)
	}
	done = func() { _ = f.Close() }
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		source.Folder, err = prepare.OpenDirectory(os.DirFS(path))
	} else if err == nil {
		source.File, source.Size = f, info.Size()
	}
	if err != nil {
		done()
		return source, nil, coded("open the input", err)
	}
	return source, done, nil
}

// replace writes a file beside path and moves it there when write succeeds;
// nothing is left otherwise.
func replace(path string, write func(*os.File) error) (err error) {
	if err := checkName(path); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".iris-*")
	if errors.Is(err, fs.ErrNotExist) {
		return &codedError{"not_found", errors.New("write the output: its folder does not exist")}
	}
	if err != nil {
		return coded("write the output", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		_ = f.Close()
		return err
	}
	// CreateTemp makes files for its owner only; an output is an ordinary file.
	if err := errors.Join(f.Chmod(0o644), f.Close()); err != nil {
		return coded("write the output", err)
	}
	return coded("write the output", rename(f.Name(), path))
}
