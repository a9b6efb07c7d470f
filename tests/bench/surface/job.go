package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/deflate"
	"github.com/iris-oculus/iris/internal/meshfile/light"
	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// jobTimes are seconds of the wall clock and of the processor, from a label map's file to
// the three models that a job has.
type jobTimes struct {
	Read      float64 `json:"read"`
	Surfaces  float64 `json:"surfaces"` // with decimation and measurements
	Model     float64 `json:"model"`
	View      float64 `json:"view"`
	Preview   float64 `json:"preview"`
	Total     float64 `json:"total"`
	CPU       float64 `json:"cpu"`
	Triangles int     `json:"triangles"`
	PeakMiB   int64   `json:"peak_mib"`
}

// runJob reads a label map, packed or not, and writes model.glb, view.glb and preview.glb
// (these two packed, as they are stored) to a folder.
func runJob(args []string) error {
	flags := flag.NewFlagSet("job", flag.ContinueOnError)
	threads := flags.Int("threads", 1, "goroutines")
	how := flags.String("decimate", "0.25vx", "as iris mesh --decimate")
	out := flags.String("out", ".", "folder")
	if err := flags.Parse(args); err != nil {
		return err
	}
	decimation, err := build.ParseDecimation(*how)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(*threads)
	var t jobTimes
	begin, cpu := time.Now(), cpuSeconds()
	mark := begin
	lap := func(s *float64) { *s = time.Since(mark).Seconds(); mark = time.Now() }
	f, err := os.Open(flags.Arg(0))
	if err != nil {
		return err
	}
	defer f.Close()
	m, err := nifti.ReadLabels(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return err
	}
	lap(&t.Read)
	ctx := context.Background()
	o := build.Options{Smoothing: 0.5, Threads: *threads, Decimation: decimation}
	surfaces, origin, err := build.Near(ctx, m, o)
	if err != nil {
		return err
	}
	lap(&t.Surfaces)
	scene := meshfile.Scene{Surfaces: surfaces, Provenance: m.Table.Provenance, Spacing: m.Affine.Spacing(), Origin: origin}
	err = toFile(filepath.Join(*out, "model.glb"), func(w io.Writer) error { return meshfile.Write(w, "glb", scene) })
	if err != nil {
		return err
	}
	lap(&t.Model)
	err = toFile(filepath.Join(*out, "view.glb.gz"), func(w io.Writer) error {
		z, err := deflate.NewGzip(w)
		if err != nil {
			return err
		}
		return errors.Join(meshfile.WriteView(z, scene, meshfile.ViewStep), z.Close())
	})
	if err != nil {
		return err
	}
	lap(&t.View)
	whole := 0
	for i := range surfaces {
		whole += max(len(surfaces[i].Mesh.Triangles), int(surfaces[i].Before.Triangles))
	}
	t.Triangles, scene.Surfaces = light.Count(surfaces), nil
	preview, err := light.Make(ctx, m, light.Options{Build: o, Scene: scene, Whole: whole})
	if err != nil {
		return err
	}
	if preview == nil {
		return errors.New("no preview")
	}
	if err := os.WriteFile(filepath.Join(*out, "preview.glb.gz"), preview.Packed, 0o600); err != nil {
		return err
	}
	lap(&t.Preview)
	t.Total, t.CPU, t.PeakMiB = time.Since(begin).Seconds(), cpuSeconds()-cpu, peakMiB()
	return json.NewEncoder(os.Stdout).Encode(t)
}

func toFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	return errors.Join(write(w), w.Flush(), f.Close())
}
