package mesh_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

// BenchmarkFullSize is the whole stage on a scan of 512×512×600 voxels with 112
// labels: labels and volume read, surfaces, measurements, pictures, every artifact
// written to a bucket in memory. peak-MB is of the process, bucket included.
func BenchmarkFullSize(b *testing.B) {
	m := surfacetest.Torso([3]int{512, 512, 600}, [3]float64{0.8, 0.8, 1})
	v := &volume.Volume{Dims: m.Dims, Affine: m.Affine, Voxels: make([]int16, m.Len())}
	noise := uint32(1)
	for i := range v.Voxels {
		noise = noise*1664525 + 1013904223
		v.Voxels[i] = int16(10*m.At(i)) + int16(noise>>27) - 900
	}
	labels := encoded(b, func(w io.Writer) error { return nifti.WriteLabels(w, m) })
	scan := encoded(b, func(w io.Writer) error { return nifti.WriteVolume(w, v) })
	for b.Loop() {
		w := newWorld(b, twoBoxes())
		w.work.Set(job.Key(id, 1, job.LabelsObject), labels, nil)
		w.work.Set(job.Key(id, 1, job.VolumeObject), scan, nil)
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak begins here
		steps := newShares(w, "begin")
		if _, err := w.Handle(b.Context(), job.StageInput{Job: id, Attempt: 1}); err != nil {
			b.Fatal(err)
		}
		steps.report(b)
	}
	status, _ := os.ReadFile("/proc/self/status")
	if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
		var kB float64
		if _, err := fmt.Sscan(after, &kB); err == nil {
			b.ReportMetric(kB/1e3, "peak-MB")
		}
	}
}

// BenchmarkSmall is the whole stage on a scan of 12 voxels along each axis: what every
// scan pays, however small it is.
func BenchmarkSmall(b *testing.B) {
	m := surfacetest.Torso([3]int{12, 12, 12}, [3]float64{2, 2, 2})
	v := &volume.Volume{Dims: m.Dims, Affine: m.Affine, Voxels: make([]int16, m.Len())}
	labels := encoded(b, func(w io.Writer) error { return nifti.WriteLabels(w, m) })
	scan := encoded(b, func(w io.Writer) error { return nifti.WriteVolume(w, v) })
	for b.Loop() {
		w := newWorld(b, twoBoxes())
		w.work.Set(job.Key(id, 1, job.LabelsObject), labels, nil)
		w.work.Set(job.Key(id, 1, job.VolumeObject), scan, nil)
		if _, err := w.Handle(b.Context(), job.StageInput{Job: id, Attempt: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
