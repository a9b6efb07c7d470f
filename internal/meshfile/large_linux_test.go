package meshfile_test

import (
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"

	"github.com/iris-oculus/iris/internal/meshfile"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// The ring that is written over and over. Its triangles fill whole pages.
const (
	around, across = 1024, 512
	ringVertices   = around * across
	ringTriangles  = 2 * ringVertices
	ringBytes      = 12 * ringTriangles
)

// ring is a closed mesh of ringTriangles triangles, of which the last ones of a list so
// many times as long are the first ones again: they are one piece of memory, seen at
// many addresses, so that a model of gigabytes takes a few megabytes.
func ring(t *testing.T, times int) surface.Mesh {
	t.Helper()
	m := surface.Mesh{Vertices: make([][3]float32, ringVertices)}
	for i := range m.Vertices {
		u, v := 2*math.Pi*float64(i%around)/around, 2*math.Pi*float64(i/around)/across
		r := 100 + 30*math.Cos(v)
		m.Vertices[i] = [3]float32{float32(r * math.Cos(u)), float32(r * math.Sin(u)), float32(30 * math.Sin(v))}
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "triangles"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(ringBytes); err != nil {
		t.Fatal(err)
	}
	all, err := syscall.Mmap(-1, 0, times*ringBytes, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(all); err != nil {
			t.Error(err)
		}
	})
	for n := range times {
		at := uintptr(unsafe.Pointer(&all[n*ringBytes]))
		got, _, fault := syscall.Syscall6(syscall.SYS_MMAP, at, ringBytes, syscall.PROT_READ|syscall.PROT_WRITE,
			syscall.MAP_SHARED|syscall.MAP_FIXED, file.Fd(), 0)
		if fault != 0 || got != at {
			t.Fatalf("map the triangles again: %v", fault)
		}
	}
	m.Triangles = unsafe.Slice((*[3]uint32)(unsafe.Pointer(&all[0])), times*ringTriangles)
	for i := range uint32(ringVertices) {
		x, y := i%around, i/around
		right, up := (x+1)%around, (y+1)%across*around
		m.Triangles[2*i] = [3]uint32{i, y*around + right, up + right}
		m.Triangles[2*i+1] = [3]uint32{i, up + right, up + x}
	}
	return m
}

// sink counts what is written.
type sink int64

func (s *sink) Write(b []byte) (int, error) {
	*s += sink(len(b))
	return len(b), nil
}

// A mesh of gigabytes is written in memory that does not grow with its triangles: of
// 2 GB with IRIS_TEST_LARGE=1 (half a minute), else of 100 MB. For 3MF that is its text
// before compression.
func TestALargeMeshIsWrittenInBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector finds nothing here that smaller models do not show, and takes long")
	}
	want := int64(100e6)
	if os.Getenv("IRIS_TEST_LARGE") != "" {
		want = 2e9
	}
	for format, bytes := range map[string]int64{ // at least, of a triangle
		"glb": 12, "stl": 50, "ply": 13, "obj": 18, "3mf": 42,
	} {
		t.Run(format, func(t *testing.T) {
			times := int(want/(bytes*ringTriangles)) + 1
			model := meshfile.Scene{Spacing: [3]float64{1, 1, 1}, Surfaces: []surface.Surface{{
				Label: volume.Label{ID: 1, Name: "ring", Color: "#aabbcc"}, Mesh: ring(t, times),
			}}}
			model.Surfaces[0].Mesh.Normals = surface.Normals(&surface.Mesh{
				Vertices: model.Surfaces[0].Mesh.Vertices, Triangles: model.Surfaces[0].Mesh.Triangles[:ringTriangles],
			})
			var out sink
			used := allocated(func() {
				if err := meshfile.Write(&out, format, model); err != nil {
					t.Fatal(err)
				}
			})
			bound := meshfile.Memory(format, surface.Size{Meshes: 1, Vertices: ringVertices, Worked: ringVertices})
			const piece = 1.0 / 64 // of a triangle: what a writer knows of its pieces
			bound += int64(piece * float64(times*ringTriangles))
			t.Logf("%d triangles, %d MB, %d MB allocated, the bound is %d MB", times*ringTriangles, int64(out)/1e6, used/1e6, bound/1e6)
			if used > bound {
				t.Errorf("%d bytes allocated, the bound is %d", used, bound)
			}
			if format != "3mf" && int64(out) < want {
				t.Errorf("%d bytes are written, want %d", int64(out), want)
			}
		})
	}
}
