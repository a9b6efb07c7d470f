package obj_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/obj"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
)

func write(t testing.TB, s scene.Scene) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := obj.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	s := meshtest.Scene()
	got, err := obj.Read(write(t, s))
	if err != nil {
		t.Fatal(err)
	}
	var want []surface.Mesh
	for i := range s.Surfaces {
		want = append(want, s.Surfaces[i].Mesh)
	}
	want = weld.Separate(want, 0.8, weld.Digits(0.8))
	if len(got) != len(want) {
		t.Fatalf("%d surfaces, want %d", len(got), len(want))
	}
	for i := range got {
		if diff := cmp.Diff(want[i], got[i].Mesh); diff != "" || got[i].Label.Name != s.Surfaces[i].Label.Name {
			t.Errorf("surface %d, %q: %s", i, got[i].Label.Name, diff)
		}
	}
}

func TestText(t *testing.T) {
	s := meshtest.Scene()
	s.Surfaces = s.Surfaces[1:2]
	text := string(write(t, s))
	for _, want := range []string{"# IRIS Oculus SPACE=LPS UNIT=mm\n", "o spleen\ng spleen\n", "\nv 60 -10 280 0.6157 0.4235 0.6353\n", "\nf 1 5 7\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if strings.Contains(text, "-0 ") {
		t.Error("a negative zero")
	}
}

func TestAHostileNameStaysOneWord(t *testing.T) {
	s := meshtest.Scene()
	s.Surfaces[0].Label.Name = "x\nv 1 2 3\nf 1 1 1"
	got, err := obj.Read(write(t, s))
	if err != nil || len(got) != 3 || len(got[0].Mesh.Vertices) != len(s.Surfaces[0].Mesh.Vertices) {
		t.Errorf("%d surfaces, %v", len(got), err)
	}
}

func TestRead(t *testing.T) {
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
		if _, err := obj.Read([]byte(c.text)); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("o a\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		surfaces, err := obj.Read(data)
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
