package ply_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/ply"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
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
	got, err := meshtest.ReadPLY(write(t, s))
	if err != nil {
		t.Fatal(err)
	}
	want := weld.Separate(s.Meshes(), 0.8, weld.Exact)
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
