// Command surface times the surface engine, one process a run, so that a run
// pays for its own memory as a Lambda does.
//
//	surface sample torso|enlarge|plain OUT.nii [IN.nii.gz]   a label map, not compressed
//	surface run [-threads 1] [-repeat 1] [-whole] [-out DIR] FILE.nii
//	surface job [-threads 1] [-decimate 0.25vx] [-out DIR] FILE.nii[.gz]     the models of a job
//
// run prints one line of JSON: seconds of each step, the median over the repeats,
// counts, and the peak memory of the process. compare.py runs it beside its peers.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/iris-oculus/iris/internal/surface/build"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/smooth"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

func main() {
	if err := start(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "surface:", err)
		os.Exit(1)
	}
}

func start(args []string) error {
	switch {
	case len(args) >= 3 && args[0] == "sample":
		return sample(args[1], args[2], args[3:])
	case len(args) >= 2 && args[0] == "run":
		return run(args[1:])
	case len(args) >= 2 && args[0] == "job":
		return runJob(args[1:])
	default:
		return fmt.Errorf("want sample, run or job, see the comment in main.go")
	}
}

// sample writes a label map.
func sample(kind, out string, in []string) error {
	var m *volume.LabelMap
	if kind == "torso" {
		m = surfacetest.Torso([3]int{512, 512, 600}, [3]float64{0.8, 0.8, 1})
	} else {
		if len(in) != 1 {
			return fmt.Errorf("sample %s wants an input file", kind)
		}
		f, err := os.Open(in[0])
		if err != nil {
			return err
		}
		defer f.Close()
		if m, err = nifti.ReadLabels(f); err != nil {
			return fmt.Errorf("read %s: %w", in[0], err)
		}
		switch kind {
		case "plain":
		case "enlarge":
			m = surfacetest.Enlarge(m, 4)
		default:
			return fmt.Errorf("sample %q: want torso, enlarge or plain", kind)
		}
	}
	return writePlain(out, m)
}

// times are seconds of each step of one pass, on the wall clock or, for a shared
// machine, of processor time (which more threads do not lessen).
type times struct {
	Extract float64 `json:"extract"` // the net's vertices and stencils
	Quads   float64 `json:"quads"`   // shared quads with their two labels, as VTK emits them
	Smooth  float64 `json:"smooth"`
	Split   float64 `json:"split"` // one triangle mesh a label, in millimetres
}

type report struct {
	Load     float64 `json:"load"`
	Steps    times   `json:"steps"`
	CPU      times   `json:"cpu"`
	Total    float64 `json:"total"` // load, extract, smooth, split of the last pass
	TotalCPU float64 `json:"total_cpu"`
	Whole    float64 `json:"whole,omitempty"`
	Vertices int     `json:"vertices"`
	Quads    int     `json:"quads"`
	Labels   int     `json:"labels"`
	PeakMiB  int64   `json:"peak_mib"`
}

func run(args []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	threads := flags.Int("threads", 1, "goroutines")
	repeat := flags.Int("repeat", 1, "passes over the steps")
	quads := flags.Bool("quads", false, "also emit the shared quads")
	whole := flags.Bool("whole", false, "also time build.Surfaces, measurements included")
	profile := flags.String("profile", "", "write a processor profile here")
	out := flags.String("out", "", "write each label's mesh to this folder as PLY")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx := context.Background()

	begin, beginCPU := time.Now(), cpuSeconds()
	m, err := readPlain(flags.Arg(0), *threads)
	if err != nil {
		return err
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	r := report{Load: time.Since(begin).Seconds()}
	loadCPU := cpuSeconds() - beginCPU
	var all, allCPU []times
	for range *repeat {
		var t, cpu times
		mark, cpuMark := time.Now(), cpuSeconds()
		lap := func(wall, processor *float64) {
			*wall, *processor = time.Since(mark).Seconds(), cpuSeconds()-cpuMark
			mark, cpuMark = time.Now(), cpuSeconds()
		}
		net, err := nets.Extract(ctx, m, nets.Options{Threads: *threads})
		if err != nil {
			return err
		}
		lap(&t.Extract, &cpu.Extract)
		if *quads {
			q, _ := sharedQuads(net, *threads)
			lap(&t.Quads, &cpu.Quads)
			r.Quads = len(q)
		}
		offsets, err := smooth.Offsets(ctx, net, smooth.Options{Strength: [3]float64{0.5, 0.5, 0.5}, Threads: *threads})
		if err != nil {
			return err
		}
		lap(&t.Smooth, &cpu.Smooth)
		meshes, err := net.Split(ctx, offsets, m.Affine, *threads)
		if err != nil {
			return err
		}
		lap(&t.Split, &cpu.Split)
		all, allCPU = append(all, t), append(allCPU, cpu)
		r.Total = r.Load + t.Extract + t.Smooth + t.Split
		r.TotalCPU = loadCPU + cpu.Extract + cpu.Smooth + cpu.Split
		r.Vertices, r.Labels = net.Len(), 0
		for l := range meshes {
			if len(meshes[l].Triangles) == 0 {
				continue
			}
			r.Labels++
			if *out != "" {
				if err := writePLY(filepath.Join(*out, fmt.Sprintf("%d.ply", l)), &meshes[l]); err != nil {
					return err
				}
			}
		}
	}
	r.Steps, r.CPU = medians(all), medians(allCPU)
	r.PeakMiB = peakMiB()
	if *whole {
		begin = time.Now()
		if _, err := build.Surfaces(ctx, m, build.Options{Smoothing: 0.5, Threads: *threads}); err != nil {
			return err
		}
		r.Whole = time.Since(begin).Seconds()
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func medians(all []times) (m times) {
	of := func(get func(*times) float64) float64 {
		var s []float64
		for i := range all {
			s = append(s, get(&all[i]))
		}
		slices.Sort(s)
		return s[len(s)/2]
	}
	m.Extract = of(func(t *times) float64 { return t.Extract })
	m.Quads = of(func(t *times) float64 { return t.Quads })
	m.Smooth = of(func(t *times) float64 { return t.Smooth })
	m.Split = of(func(t *times) float64 { return t.Split })
	return m
}
