// Command decimate times decimation of a label map's surfaces, one process a run.
//
//	decimate compare BEFORE AFTER
//	decimate [-threads 1] [-error VOXELS | -ratio SHARE | -triangles N] [-before DIR] [-after DIR] LABELS
//
// LABELS is NIfTI. It prints one line of JSON: seconds of wall clock and processor
// from the net to decimated meshes, counts, and the peak memory of the process.
// -before and -after write every mesh as PLY.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/decimate"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/smooth"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

func main() {
	err := errors.New("want arguments, see the comment in main.go")
	switch {
	case len(os.Args) == 4 && os.Args[1] == "compare":
		err = compare(os.Args[2], os.Args[3])
	case len(os.Args) > 1:
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "decimate:", err)
		os.Exit(1)
	}
}

type report struct {
	Complex  float64 `json:"complex"` // seconds
	Decimate float64 `json:"decimate"`
	Split    float64 `json:"split"`
	CPU      float64 `json:"cpu"`    // of all three
	Before   int     `json:"before"` // triangles of all meshes
	After    int     `json:"after"`
	Rate     float64 `json:"million_triangles_per_second"`
	RateCPU  float64 `json:"million_triangles_per_cpu_second"`
	PeakMiB  int64   `json:"peak_mib"`
}

func run() error {
	var o decimate.Options
	threads := flag.Int("threads", 1, "goroutines")
	voxels := flag.Float64("error", 0, "in voxels")
	flag.Float64Var(&o.Ratio, "ratio", 0, "of triangles to keep")
	flag.IntVar(&o.Triangles, "triangles", 0, "of each mesh")
	flag.BoolVar(&o.Crossings, "crossings", false, "do not look for crossings")
	before := flag.String("before", "", "folder for the meshes as they were")
	after := flag.String("after", "", "folder for the meshes as they are")
	profile := flag.String("profile", "", "write a processor profile here")
	flag.Parse()
	runtime.GOMAXPROCS(*threads)
	f, err := os.Open(flag.Arg(0))
	if err != nil {
		return err
	}
	defer f.Close()
	m, err := nifti.ReadLabels(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return err
	}
	ctx := context.Background()
	spacing := m.Affine.Spacing()
	o.Error, o.Threads = *voxels*min(spacing[0], spacing[1], spacing[2]), *threads
	n, err := nets.Extract(ctx, m, nets.Options{Threads: *threads})
	if err != nil {
		return err
	}
	offsets, err := smooth.Offsets(ctx, n, smooth.Options{Strength: [3]float64{0.5, 0.5, 0.5}, Threads: *threads})
	if err != nil {
		return err
	}
	if *profile != "" {
		p, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer p.Close()
		if err := pprof.StartCPUProfile(p); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var r report
	mark, start, cpu := time.Now(), time.Now(), cpuSeconds()
	lap := func(s *float64) { *s = time.Since(mark).Seconds(); mark = time.Now() }
	c, err := n.Complex(ctx, offsets, m.Affine, *threads)
	if err != nil {
		return err
	}
	lap(&r.Complex)
	for _, s := range c.Sides {
		for _, label := range s {
			if label != 0 {
				r.Before++
			}
		}
	}
	if *before != "" {
		if err := write(*before, c.Split(len(n.Labels), *threads)); err != nil {
			return err
		}
	}
	labels := len(n.Labels)
	if err := decimate.Run(ctx, c, labels, o); err != nil {
		return err
	}
	lap(&r.Decimate)
	meshes := c.Split(labels, *threads)
	lap(&r.Split)
	r.CPU = cpuSeconds() - cpu
	for i := range meshes {
		r.After += len(meshes[i].Triangles)
	}
	r.Rate, r.RateCPU = float64(r.Before)/1e6/time.Since(start).Seconds(), float64(r.Before)/1e6/r.CPU
	r.PeakMiB = peakMiB()
	if *after != "" {
		if err := write(*after, meshes); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func write(folder string, meshes []surface.Mesh) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for l := range meshes {
		if len(meshes[l].Triangles) > 0 {
			if err := writeRaw(filepath.Join(folder, fmt.Sprintf("%d.raw", l)), &meshes[l]); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeRaw writes two counts, the positions and the triangles, little endian: what
// numpy reads at once.
func writeRaw(path string, m *surface.Mesh) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, part := range []any{[2]uint32{uint32(len(m.Vertices)), uint32(len(m.Triangles))}, m.Vertices, m.Triangles} {
		if err := binary.Write(w, binary.LittleEndian, part); err != nil {
			f.Close()
			return err
		}
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func peakMiB() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			return kb >> 10
		}
	}
	return 0
}
