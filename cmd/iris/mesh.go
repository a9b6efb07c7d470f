package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/printing"
	"github.com/iris-oculus/iris/internal/volume"
)

// meshCommand does offline what the mesh stage does: a label map becomes one
// closed surface per structure, in the format that OUT's ending names.
func meshCommand() *cobra.Command {
	var f meshFlags
	c := &cobra.Command{
		Use:   "mesh LABELS OUT.{" + strings.Join(meshfile.Formats(), ",") + "}",
		Short: "Turn a label map into surfaces, one per structure",
		Long: "Mesh writes the structures of LABELS, a label map, as closed surfaces: NIfTI (.nii, .nii.gz) or\n" +
			"NRRD (3D Slicer's .seg.nrrd, .nrrd), told by its content.\n" +
			"The ending of OUT says the format: glb and usdz are in metres with the patient facing you,\n" +
			"stl, obj, ply, 3mf and zip (one stl per structure) in millimetres, LPS, mz3 in millimetres, RAS.\n" +
			"Names and colours come from the label map's header, or else from a table beside it: a file of the\n" +
			"same name that ends in .json, .txt, .label, .lut, .ctbl, .tsv or .csv (ITK-SNAP, FreeSurfer, 3D Slicer, BIDS, JSON).\n" +
			"A label map that cannot be used ends with code 3, one line that says why, and no OUT.\n" +
			"With --check-print it says what stands against printing the surfaces, and OUT may be left out.",
		Args: func(cmd *cobra.Command, args []string) error {
			if f.print.check && len(args) == 1 {
				return nil
			}
			return arguments("LABELS", "OUT")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			format := ""
			if len(args) == 2 {
				format = strings.ToLower(strings.TrimPrefix(filepath.Ext(args[1]), "."))
				if !meshfile.Known(format) {
					return usage("unsupported_format: OUT must end in one of .%s", strings.Join(meshfile.Formats(), ", ."))
				}
			}
			if err := f.print.usable(cmd); err != nil {
				return err
			}
			o, err := f.options()
			if err != nil {
				return err
			}
			if f.threads > 0 {
				runtime.GOMAXPROCS(f.threads) // the writers, too, keep to it
			}
			o.Progress = progress("meshing")
			labels, err := readLabels(args[0], f.table)
			if err == nil {
				err = f.choose(labels, &o)
			}
			if err == nil {
				warn(cmd, labels.Warnings)
				write := func(out *os.File) error { return f.meshLabels(cmd, labels, out, format, o) }
				if format == "" {
					err = write(nil)
				} else {
					err = replace(args[1], write)
				}
			}
			if named := job.Named(err); named != nil {
				return named
			}
			return coded("write the output", err)
		},
	}
	c.Flags().Float64Var(&f.smooth, "smoothing", job.DefaultOptions().Smoothing, "0 (exact voxels) to 1; --smooth is the same")
	c.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "smooth" {
			name = "smoothing" // the option's name everywhere else
		}
		return pflag.NormalizedName(name)
	})
	c.Flags().StringVar(&f.decimate, "decimate", job.DefaultDecimate, "fewer triangles: none, how far a surface may move (0.2mm, or 0.25vx of a voxel's shortest edge),\na share to keep (0.25), or how many each structure may keep (50000)")
	c.Flags().StringVar(&f.merge, "merge", "", "closed solids of several structures: name=a,b,c;name2=d,e")
	c.Flags().StringVar(&f.structures, "structures", "", "only these structures, separated by commas (default all)")
	c.Flags().StringVar(&f.table, "labels-table", "", "a file with the labels' names and colours, which counts before the header's")
	c.Flags().IntVar(&f.threads, "threads", 0, "workers (default one per processor); the output does not depend on it")
	f.print.add(c)
	return c
}

// meshFlags are the flags of iris mesh as they were given.
type meshFlags struct {
	smooth                      float64
	decimate, merge, structures string
	table                       string
	threads                     int
	print                       printFlags
}

// options applies the rules of job options to the flags.
func (f meshFlags) options() (build.Options, error) {
	values := map[string]string{"smoothing": fmt.Sprint(f.smooth), "decimate": f.decimate}
	o, err := job.ParseOptions(values, nil)
	if err == nil {
		_, err = job.ParseLabelNames(f.structures, f.merge)
	}
	switch {
	case err != nil:
		return build.Options{}, &exitError{exitUsage, err}
	case f.threads < 0:
		return build.Options{}, usage("bad_option: --threads %d: want 0 or more", f.threads)
	}
	out := build.Options{Smoothing: o.Smoothing, Threads: f.threads}
	if out.Decimation, err = build.ParseDecimation(o.Decimation()); err != nil {
		return build.Options{}, &exitError{exitUsage, err}
	}
	return out, nil
}

// choose says which of the label map's structures are asked for.
func (f meshFlags) choose(labels *volume.LabelMap, out *build.Options) error {
	o, err := job.ParseLabelNames(f.structures, f.merge)
	if err != nil {
		return err
	}
	if len(o.Structures)+len(o.Merge) == 0 { // all: the voxels need not be looked through
		return nil
	}
	o.Task = job.TaskLabels
	if o, err = o.Held(build.Names(labels)); err != nil {
		return err
	}
	out.Structures = o.Meshed()
	for _, m := range o.Merge {
		out.Merge = append(out.Merge, build.Group(m))
	}
	return nil
}

// meshLabels writes the surfaces of a label map in a format, none for no file, and
// says what stands against printing them where that is asked for.
func (f meshFlags) meshLabels(cmd *cobra.Command, labels *volume.LabelMap, out io.Writer, format string, o build.Options) error {
	need, err := build.MemoryOf(labels, o)
	if err != nil {
		return err
	}
	after := int64(0)
	if format != "" {
		after = meshfile.Memory(format, need.Model)
	}
	if f.print.check {
		after = max(after, printing.Memory(need.Model))
	}
	bytes, limit := need.Bytes(after), debug.SetMemoryLimit(-1)
	if err := job.CheckMemory(labels.Dims, bytes, limit); err != nil {
		return err
	}
	// Without GOMEMLIMIT there is no limit, and the collector is held to the bound.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(min(bytes, limit)))
	surfaces, origin, err := build.Near(cmd.Context(), labels, o)
	if err != nil {
		return err
	}
	warn(cmd, build.Warnings(labels, o, surfaces))
	if format != "" {
		err = meshfile.Write(out, format, meshfile.Scene{
			Surfaces: surfaces, Provenance: labels.Table.Provenance, Spacing: labels.Affine.Spacing(), Origin: origin,
		})
		if err != nil {
			return err
		}
	}
	if len(surfaces) == 0 {
		return volume.Reject("empty_segmentation", "no structure has a surface: there is nothing to print")
	}
	if f.print.check {
		return f.print.report(cmd, surfaces, origin, f.threads)
	}
	return nil
}

// warn writes a line for each warning.
func warn(cmd *cobra.Command, warnings []volume.Warning) {
	for _, w := range warnings {
		cmd.PrintErrf("warning: %s: %s\n", w.Code, w.Message)
	}
}

// progress draws a line that counts up, on a terminal only; nil elsewhere.
func progress(doing string) func(done, total int) {
	t := terminalOf(os.Stderr)
	if t == noTerminal {
		return nil
	}
	return func(done, total int) {
		fmt.Fprintf(os.Stderr, "\r%s %d/%d", doing, done, total)
		if done == total {
			fmt.Fprint(os.Stderr, eraser(t)) // leave nothing behind
		}
	}
}

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}
