package glb

import (
	"cmp"
	"io"
	"slices"
	"sync/atomic"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface/work"
)

// Extensions of the files that WriteView writes.
const (
	extQuantization = "KHR_mesh_quantization"
	extMeshopt      = "EXT_meshopt_compression"
)

// ViewStep is the step, in voxels, that suits a model to look at: positions are off
// by at most a thirty-second of a voxel along each axis.
const ViewStep = 1.0 / 16

// WriteView writes the scene, whose surfaces all have triangles, as a GLB to look at:
// the same nodes, names, materials and extras as Write's, at about a fifth of the
// size. Positions are rounded to one grid of 16 bits for all structures, with a step
// of a share of a voxel; the scale and translation of each structure's node lead back
// to metres. Normals have 8 bits an axis. Triangles and vertices come in another
// order and are compressed; readers need both extensions that the file requires,
// KHR_mesh_quantization and EXT_meshopt_compression. Every mesh keeps all of its
// triangles, and its own vertices where it touches itself.
func WriteView(w io.Writer, s scene.Scene, step float64) error {
	meshes := s.Meshes()
	g := gridOf(&s, step)
	workers := work.Workers(0, len(meshes))
	encoders := make(chan *encoder, workers)
	for range workers {
		encoders <- new(encoder)
	}
	encode := func(b []byte, i int) ([]byte, packedMesh) {
		e := <-encoders
		defer func() { encoders <- e }()
		return e.encode(b, &meshes[i], &g)
	}
	packed := make([]packedMesh, len(meshes))
	var kept atomic.Int64
	largest := make([]int, len(meshes)) // the largest first, so that none is left for the end
	for i := range largest {
		largest[i] = i
	}
	slices.SortStableFunc(largest, func(a, b int) int { return cmp.Compare(len(meshes[b].Triangles), len(meshes[a].Triangles)) })
	outs := make([][]byte, workers)
	work.Share(workers, len(meshes), func(worker, at int) {
		i := largest[at]
		outs[worker], packed[i] = encode(outs[worker][:0], i)
		if kept.Add(int64(len(outs[worker]))) <= maxKept {
			packed[i].bytes = slices.Clone(outs[worker])
		}
	})
	clear(outs)

	doc, binBytes := describeView(&s, packed, &g)
	if err := head(w, doc, binBytes); err != nil {
		return err
	}
	return chunk.Write(w, len(meshes), func(i int, b []byte) []byte {
		if packed[i].bytes != nil {
			return packed[i].bytes // not needed again: a later mesh may be encoded in its place
		}
		b, _ = encode(b, i)
		return b
	})
}

// maxKept is how many bytes of encoded meshes are kept between the two looks at each
// mesh: one for the lengths, which stand at the head of a file, and one for the
// contents. Meshes beyond it are encoded twice.
var maxKept int64 = 64 << 20

// describeView makes the document of a view and the length of its binary chunk, where
// the compressed views lie one after the other. Buffer 1 is where they would lie
// decoded; it has no bytes.
func describeView(s *scene.Scene, packed []packedMesh, g *grid) (document, int) {
	doc := newDocument(*s)
	doc.Used = []string{extQuantization, extMeshopt}
	doc.Required = doc.Used
	offset, decoded := 0, 0
	view := func(length, stride, count, target int, mode, filter string) int {
		v := bufferView{Buffer: 1, ByteOffset: decoded, ByteLength: stride * count, Target: target, Extensions: &viewExtensions{compressedView{
			ByteOffset: offset, ByteLength: length, ByteStride: stride, Count: count, Mode: mode, Filter: filter,
		}}}
		if target == targetVertices { // indices must not say a stride (glTF 2.0 §3.6.2.4)
			v.ByteStride = stride
		}
		doc.BufferViews = append(doc.BufferViews, v)
		offset += aligned(length)
		decoded += aligned(stride * count)
		return len(doc.BufferViews) - 1
	}
	for i, name := range scene.Names(s.Surfaces) {
		p, corners := &packed[i], 3*len(s.Surfaces[i].Mesh.Triangles)
		least, greatest := make([]float64, 3), make([]float64, 3)
		for k := range 3 {
			least[k], greatest[k] = float64(p.extent.low[k]), float64(p.extent.high[k])
		}
		position := doc.array(accessor{
			BufferView: view(p.lengths[0], positionStride, p.vertices, targetVertices, "ATTRIBUTES", ""), ComponentType: componentUint16,
			Normalized: true, Count: p.vertices, Type: "VEC3", Min: least, Max: greatest,
		})
		normal := doc.array(accessor{
			BufferView: view(p.lengths[1], normalStride, p.vertices, targetVertices, "ATTRIBUTES", "OCTAHEDRAL"), ComponentType: componentInt8,
			Normalized: true, Count: p.vertices, Type: "VEC3",
		})
		kind, size := componentUint32, 4
		if p.vertices <= maxShort {
			kind, size = componentUint16, 2
		}
		indices := doc.array(accessor{BufferView: view(p.lengths[2], size, corners, targetIndices, "TRIANGLES", ""), ComponentType: kind, Count: corners, Type: "SCALAR"})
		n := doc.add(name, s, &s.Surfaces[i], position, normal, indices)
		// Positions are shares of the grid's reach: a node's scale of a twentieth of a
		// millimetre, as whole steps would need, makes engines shade black.
		n.Translation, n.Scale = g.origin[:], []float64{g.reach, g.reach, g.reach}
	}
	fallback := &bufferExtensions{}
	fallback.Meshopt.Fallback = true
	doc.Buffers = []buffer{{ByteLength: offset}, {ByteLength: decoded, Extensions: fallback}}
	return doc, offset
}

// aligned is n rounded up to a multiple of four, at which every view begins.
func aligned(n int) int { return (n + 3) &^ 3 }
