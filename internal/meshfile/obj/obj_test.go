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
	got, err := meshtest.ReadOBJ(write(t, s))
	if err != nil {
		t.Fatal(err)
	}
	want := weld.Separate(s.Meshes(), 0.8, weld.Digits(0.8))
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
	got, err := meshtest.ReadOBJ(write(t, s))
	if err != nil || len(got) != 3 || len(got[0].Mesh.Vertices) != len(s.Surfaces[0].Mesh.Vertices) {
		t.Errorf("%d surfaces, %v", len(got), err)
	}
}
