package decimate_test

import (
	"os"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/surface/decimate"
	"github.com/iris-oculus/iris/internal/surface/crossings"
	"github.com/iris-oculus/iris/internal/surface/nets"
	"github.com/iris-oculus/iris/internal/surface/smooth"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
	"github.com/iris-oculus/iris/internal/volume/nifti"
)

func TestQuick(t *testing.T) {
	f, err := os.Open(os.Getenv("IRIS_SHARED") + "/volumes/totalsegmentator/example_seg_fast_force_split.nii.gz")
	if err != nil {
		t.Skip()
	}
	m, err := nifti.ReadLabels(f)
	if err != nil {
		t.Fatal(err)
	}
	n, err := nets.Extract(t.Context(), m, nets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	off, err := smooth.Offsets(t.Context(), n, smooth.Options{Strength: [3]float64{.5, .5, .5}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []decimate.Options{{Ratio: 0.25, Threads: 1}, {Error: 0.25 * 3, Threads: 1}, {Error: 0.1 * 3, Threads: 1}, {Triangles: 1000}} {
		c, err := n.Complex(t.Context(), off, m.Affine, 1)
		if err != nil {
			t.Fatal(err)
		}
		before := c.Split(len(n.Labels), 1)
		start := time.Now()
		all := len(c.Triangles)
		if err := decimate.Run(t.Context(), c, len(n.Labels), o); err != nil {
			t.Fatal(err)
		}
		d := time.Since(start)
		after := c.Split(len(n.Labels), 1)
		own, ownAfter, cross := 0, 0, 0
		worst := 0.0
		for l := range after {
			if len(before[l].Triangles) == 0 {
				continue
			}
			own += len(before[l].Triangles)
			ownAfter += len(after[l].Triangles)
			a, b := surfacetest.Check(&before[l]), surfacetest.Check(&after[l])
			if !b.Manifold() || a.Euler != b.Euler || a.Shells != b.Shells {
				t.Errorf("%d: %+v %+v", l, a, b)
			}
			va, vb := surfacetest.Volume(&before[l]), surfacetest.Volume(&after[l])
			worst = max(worst, vb/va-1, 1-vb/va)
			cross += crossings.Count(&after[l])
		}
		t.Logf("%+v: %d -> %d, own %d -> %d, %v, %.2f Mtri/s, volume off by %.4f, crossings %d", o, all, len(c.Triangles), own, ownAfter, d, float64(own)/d.Seconds()/1e6, worst, cross)
	}
}
