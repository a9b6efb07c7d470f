package ply_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/ply"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
)

func write(t testing.TB, s scene.Scene) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := ply.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	s := meshtest.Scene()
	got, err := ply.Read(write(t, s))
	if err != nil {
		t.Fatal(err)
	}
	var want []surface.Mesh
	for i := range s.Surfaces {
		want = append(want, s.Surfaces[i].Mesh)
	}
	want = weld.Separate(want, 0.8, weld.Exact)
	if len(got) != len(want) {
		t.Fatalf("%d surfaces, want %d", len(got), len(want))
	}
	for i := range got {
		if diff := cmp.Diff(want[i], got[i].Mesh); diff != "" {
			t.Errorf("surface %d: %s", i, diff)
		}
		label := s.Surfaces[i].Label
		if got[i].Label.ID != label.ID || got[i].Label.Color != scene.Color(label).Hex() {
			t.Errorf("surface %d: label %+v", i, got[i].Label)
		}
	}
}

func TestReadRefusesLies(t *testing.T) {
	good := write(t, meshtest.Scene())
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
		if _, err := ply.Read(data); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	small := meshtest.Scene() // small inputs are tried more often
	small.Surfaces = small.Surfaces[1:]
	f.Add(write(f, small))
	f.Fuzz(func(t *testing.T, data []byte) {
		surfaces, err := ply.Read(data)
		if err != nil {
			return
		}
		for i := range surfaces {
			for _, triangle := range surfaces[i].Mesh.Triangles {
				for _, v := range triangle {
					_ = surfaces[i].Mesh.Vertices[v]
				}
			}
		}
	})
}
