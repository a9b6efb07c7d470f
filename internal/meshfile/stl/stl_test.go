package stl_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/stl"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/surfacetest"
)

func write(t testing.TB, s scene.Scene) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := stl.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTripOfOneSurface(t *testing.T) {
	want := meshtest.Sphere([3]float32{40, -20, 300}, 25, 3)
	got, err := meshtest.ReadSTL(write(t, scene.Scene{Surfaces: []surface.Surface{{Mesh: want}}}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(meshtest.Welded(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestWholeSceneIsClosedAfterWelding(t *testing.T) {
	s := meshtest.Scene() // two of its boxes share a face
	got, err := meshtest.ReadSTL(write(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if err := meshtest.Closed(got); err != nil {
		t.Error(err)
	}
	want := 0.0
	for i := range s.Surfaces {
		want += surfacetest.Volume(&s.Surfaces[i].Mesh)
	}
	if volume := surfacetest.Volume(&got); math.Abs(volume-want) > 1e-3*want {
		t.Errorf("volume %v, want %v", volume, want)
	}
}

func TestBytes(t *testing.T) {
	data := write(t, scene.Scene{Surfaces: []surface.Surface{{Mesh: meshtest.Box([3]float32{1, 2, 3}, [3]float32{4, 5, 6})}}})
	if bytes.HasPrefix(data, []byte("solid")) || !bytes.Contains(data[:80], []byte("SPACE=LPS")) {
		t.Errorf("header %q", data[:80])
	}
	if count := binary.LittleEndian.Uint32(data[80:]); count != 12 || len(data) != 84+50*12 {
		t.Errorf("%d triangles in %d bytes", count, len(data))
	}
	// The first triangle lies in the box's low-R face: normal +L, first corner (1,2,3) RAS.
	want := []float32{1, 0, 0, -1, -2, 3}
	for i, w := range want {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(data[84+4*i:])); got != w {
			t.Errorf("number %d is %v, want %v", i, got, w)
		}
	}
}
