package meshtest_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
)

func write(t testing.TB, format string, s scene.Scene) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := meshfile.Write(&b, format, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadOBJ(t *testing.T) {
	cases := []struct {
		name, text string
		ok         bool
	}{
		{"empty", "", true},
		{"without an object", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1/1/1 2//2 3\n", true},
		{"face first", "f 1 2 3\n", false},
		{"two coordinates", "v 0 0\n", false},
		{"not a number", "v 0 0 x\n", false},
		{"NaN", "v 0 0 NaN\n", false},
		{"beyond float32", "v 0 0 1e39\n", false},
		{"vertex zero", "v 0 0 0\nf 0 1 1\n", false},
		{"relative vertex", "v 0 0 0\nf -1 1 1\n", false},
		{"vertex to come", "v 0 0 0\nf 1 1 2\nv 0 0 0\n", false},
		{"vertex of another object", "o a\nv 0 0 0\no b\nv 0 0 0\nf 1 2 2\n", false},
		{"quad", "v 0 0 0\nf 1 1 1 1\n", false},
	}
	for _, c := range cases {
		if _, err := meshtest.ReadOBJ([]byte(c.text)); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// cornersAreThere panics where a triangle names a vertex that is not there.
func cornersAreThere(surfaces []surface.Surface) {
	for i := range surfaces {
		for _, triangle := range surfaces[i].Mesh.Triangles {
			for _, v := range triangle {
				_ = surfaces[i].Mesh.Vertices[v]
			}
		}
	}
}

func FuzzReadOBJ(f *testing.F) {
	f.Add([]byte("o a\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if surfaces, err := meshtest.ReadOBJ(data); err == nil {
			cornersAreThere(surfaces)
		}
	})
}

func TestReadPLYRefusesLies(t *testing.T) {
	good := write(t, "ply", meshtest.Scene())
	nan, corner, corners := bytes.Clone(good), bytes.Clone(good), bytes.Clone(good)
	start := bytes.Index(good, []byte("end_header\n")) + len("end_header\n")
	copy(nan[start:], "\x00\x00\xc0\x7f")
	copy(corner[len(good)-4:], "\xff\xff\xff\xff")
	corners[len(good)-13] = 4
	for name, data := range map[string][]byte{
		"empty": nil, "header only": good[:start], "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0),
		"not finite": nan, "corner": corner, "corners": corners,
		"count":           bytes.Replace(good, []byte("element vertex 274"), []byte("element vertex 999"), 1),
		"huge count":      bytes.Replace(good, []byte("element vertex 274"), []byte("element vertex 4294967295"), 1),
		"negative count":  bytes.Replace(good, []byte("element vertex 274"), []byte("element vertex -1"), 1),
		"count as 000274": bytes.Replace(good, []byte("element vertex 274"), []byte("element vertex 000274"), 1),
	} {
		if _, err := meshtest.ReadPLY(data); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

func FuzzReadPLY(f *testing.F) {
	small := meshtest.Scene() // small inputs are tried more often
	small.Surfaces = small.Surfaces[1:]
	f.Add(write(f, "ply", small))
	f.Fuzz(func(t *testing.T, data []byte) {
		if surfaces, err := meshtest.ReadPLY(data); err == nil {
			cornersAreThere(surfaces)
		}
	})
}

func TestReadSTLRefusesLies(t *testing.T) {
	good := write(t, "stl", meshtest.Scene())
	count, nan := bytes.Clone(good), bytes.Clone(good)
	binary.LittleEndian.PutUint32(count[80:], math.MaxUint32)
	binary.LittleEndian.PutUint32(nan[96:], math.Float32bits(float32(math.Inf(1))))
	for name, data := range map[string][]byte{"empty": nil, "cut": good[:len(good)-1], "longer": append(bytes.Clone(good), 0), "count": count, "not finite": nan} {
		if _, err := meshtest.ReadSTL(data); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

func FuzzReadSTL(f *testing.F) {
	small := meshtest.Scene() // small inputs are tried more often
	small.Surfaces = small.Surfaces[1:]
	f.Add(write(f, "stl", small))
	f.Add(make([]byte, 84))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := meshtest.ReadSTL(data)
		if err == nil && len(m.Vertices) > 3*len(m.Triangles) {
			t.Errorf("%d vertices of %d triangles", len(m.Vertices), len(m.Triangles))
		}
	})
}
