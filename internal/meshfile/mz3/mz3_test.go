package mz3_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/iris-oculus/iris/internal/meshfile/meshtest"
	"github.com/iris-oculus/iris/internal/meshfile/mz3"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
)

func TestBytes(t *testing.T) {
	s := meshtest.Scene()
	var b bytes.Buffer
	if err := mz3.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	unpack, err := gzip.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpack)
	if err != nil {
		t.Fatal(err)
	}
	faces, vertices := 0, 0
	for i := range s.Surfaces {
		faces += len(s.Surfaces[i].Mesh.Triangles)
		vertices += len(s.Surfaces[i].Mesh.Vertices)
	}
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(data[at:]) }
	if data[0] != 'M' || data[1] != 'Z' || data[2] != 7 || word(4) != uint32(faces) || word(8) != uint32(vertices) || len(data) != 16+12*faces+16*vertices {
		t.Fatalf("header %x, %d bytes", data[:16], len(data))
	}
	for i := range 3 * faces {
		if word(16+4*i) >= uint32(vertices) {
			t.Fatalf("corner %d is %d of %d", i, word(16+4*i), vertices)
		}
	}
	// Positions stay RAS, and each vertex has its structure's colour.
	last := s.Surfaces[2].Mesh.Vertices[7]
	for k := range 3 {
		if got := math.Float32frombits(word(16 + 12*faces + 12*(vertices-1) + 4*k)); got != last[k] {
			t.Errorf("coordinate %d is %v, want %v", k, got, last[k])
		}
	}
	color := scene.Color(s.Surfaces[2].Label)
	if got := data[len(data)-4:]; !bytes.Equal(got, []byte{color[0], color[1], color[2], 255}) {
		t.Errorf("colour %v, want %v", got, color)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterErrorsComeBack(t *testing.T) {
	if err := mz3.Write(full{}, meshtest.Scene()); err == nil {
		t.Error("no error from a full disk")
	}
}
