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
	got, err := stl.Read(write(t, scene.Scene{Surfaces: []surface.Surface{{Mesh: want}}}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(meshtest.Welded(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestWholeSceneIsClosedAfterWelding(t *testing.T) {
	s := meshtest.Scene() // two of its boxes share a face
	got, err := stl.Read(write(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if err := meshtest.Closed(got); err != nil {
		t.Error(err)
	}
	want := 0.0
	for i := range s.Surfaces {
		want += meshtest.Volume(s.Surfaces[i].Mesh)
	}
	if volume := meshtest.Volume(got); math.Abs(volume-want) > 1e-3*want {
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

func TestReadRefusesLies(t *testing.T) {
	good := write(t, meshtest.Scene())
	count, nan := bytes.Clone(good), bytes.Clone(good)
	binary.LittleEndian.PutUint32(count[80:], math.MaxUint32)
	binary.LittleEndian.PutUint32(nan[96:], math.Float32bits(float32(math.Inf(1))))
	for name, data := range map[string][]byte{"empty": nil, "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0), "count": count, "not finite": nan} {
		if _, err := stl.Read(data); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	small := meshtest.Scene() // small inputs are tried more often
	small.Surfaces = small.Surfaces[1:]
	f.Add(write(f, small))
	f.Add(make([]byte, 84))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := stl.Read(data)
		if err == nil && len(m.Vertices) > 3*len(m.Triangles) {
			t.Errorf("%d vertices of %d triangles", len(m.Vertices), len(m.Triangles))
		}
	})
}
