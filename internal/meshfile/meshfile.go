// Package meshfile turns surfaces into files. In: a Scene in world RAS millimetres.
// Out: a file in one of Formats; the package of each format says its axes and units.
// The same scene gives the same bytes, because no file holds a time. Errors:
// *volume.Error empty_segmentation (no surface has a triangle), too_large (the format
// cannot hold so much), too_far (float32 cannot tell neighbouring vertices apart so
// far from the origin), unsupported_format, and those of the writer.
package meshfile

import (
	"io"
	"math"
	"slices"
	"strings"

	"github.com/klauspost/compress/zip"

	"github.com/iris-oculus/iris/internal/meshfile/glb"
	"github.com/iris-oculus/iris/internal/meshfile/mz3"
	"github.com/iris-oculus/iris/internal/meshfile/obj"
	"github.com/iris-oculus/iris/internal/meshfile/ply"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/stl"
	"github.com/iris-oculus/iris/internal/meshfile/threemf"
	"github.com/iris-oculus/iris/internal/meshfile/usdz"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Scene is what Write takes.
type Scene = scene.Scene

// Formats lists the formats that Write knows by their file extensions.
func Formats() []string {
	return []string{"glb", "stl", "obj", "ply", "3mf", "usdz", "mz3", "zip"}
}

// Known says whether Write knows a format.
func Known(format string) bool { return slices.Contains(Formats(), format) }

// Write writes the scene in a format; surfaces without triangles are left out.
func Write(w io.Writer, format string, s Scene) error {
	if !Known(format) {
		return volume.Unsupported("unsupported_format", "the format is not known: want one of %s", strings.Join(Formats(), ", "))
	}
	if err := writable(&s); err != nil {
		return err
	}
	switch format {
	case "glb":
		return glb.Write(w, s)
	case "stl":
		return stl.Write(w, s)
	case "obj":
		return obj.Write(w, s)
	case "ply":
		return ply.Write(w, s)
	case "3mf":
		return threemf.Write(w, s)
	case "usdz":
		return usdz.Write(w, s)
	case "mz3":
		return mz3.Write(w, s)
	default:
		return writeZip(w, s)
	}
}

// ViewStep is the step of WriteView, in voxels, that suits a model to look at.
const ViewStep = glb.ViewStep

// WriteView writes the scene as a GLB to look at (glb.WriteView): small, not exact, and
// not for every reader. Surfaces without triangles are left out.
func WriteView(w io.Writer, s Scene, step float64) error {
	if err := writable(&s); err != nil {
		return err
	}
	return glb.WriteView(w, s, step)
}

// writable leaves surfaces without triangles out, and refuses a scene that no file
// could hold.
func writable(s *Scene) error {
	s.Surfaces = slices.DeleteFunc(slices.Clone(s.Surfaces), func(one surface.Surface) bool { return len(one.Mesh.Triangles) == 0 })
	if len(s.Surfaces) == 0 {
		return volume.Reject("empty_segmentation", "no structure has a surface: there is nothing to write")
	}
	return near(s)
}

// coarsest is the largest step of float32, in voxels, at which a model is written.
// With it the corners of a voxel still differ by many steps, so that package weld can
// separate vertices; with a larger step shapes would be visibly wrong.
const coarsest = 1.0 / 32

// near refuses a scene whose positions float32, which all formats are made for,
// cannot tell apart. build.Near counts positions from a near origin instead.
func near(s *Scene) error {
	largest, finite := 0.0, true
	for i := range s.Surfaces {
		for _, v := range s.Surfaces[i].Mesh.Vertices {
			a := math.Abs(float64(v[0])) + math.Abs(float64(v[1])) + math.Abs(float64(v[2]))
			largest, finite = max(largest, a), finite && a <= math.MaxFloat32
		}
	}
	if !finite {
		return volume.Reject("too_far", "a position of the model is not a finite number: want millimetres that float32 holds")
	}
	voxel := s.Voxel()
	step := float64(math.Nextafter32(float32(largest), math.MaxFloat32)) - float64(float32(largest))
	if !(step <= voxel*coarsest) {
		return volume.Reject("too_far", "the model lies up to %.0f mm from its origin, where a mesh file places points only every %.3g mm: want steps of at most %.3g mm for voxels of %.3g mm; move the origin of the label map nearer", largest, step, voxel*coarsest, voxel)
	}
	return nil
}

// writeZip writes one binary STL per structure, named after it.
func writeZip(w io.Writer, s Scene) error {
	pack := zip.NewWriter(w)
	for i, name := range scene.FileNames(s.Surfaces) {
		one := s
		one.Surfaces = s.Surfaces[i : i+1]
		if err := stl.WriteEntry(pack, name+".stl", one); err != nil {
			return err
		}
	}
	return pack.Close()
}
