package glimpse_test

import (
	"syscall"
	"testing"

	"github.com/iris-oculus/iris/internal/volume/phantom"
)

// A CT of 512×512×300, with the processor time of both processors.
func BenchmarkGlimpse(b *testing.B) {
	file := newWorld(b, phantom.Torso([3]int{512, 512, 300}, 0.75))
	before, bytes := processorSeconds(b), 0
	for b.Loop() {
		w := newWorldOf(b, file)
		if err := w.Handle(b.Context(), in); err != nil || w.glimpse() == nil {
			b.Fatal(err, w.record().NoGlimpse)
		}
		bytes = len(w.glimpse())
	}
	b.ReportMetric((processorSeconds(b)-before)/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(bytes), "bytes")
}

// processorSeconds is the user and system time of this process so far.
func processorSeconds(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
