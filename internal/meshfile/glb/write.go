// Package glb writes and reads a model as binary glTF 2.0 without extensions,
// so that every reader of the format opens it. In: surfaces in world RAS
// millimetres. Out: a root node "patient" with one child per structure that
// carries its own mesh, in metres, x = -R, y = S, z = A (scene.Facing); the
// matrix back is in the root's extras. Errors: *volume.Error too_large beyond
// the 4 GiB of the container, and those of the writer.
package glb

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"runtime"
	"slices"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Schema is the version of the extras that this package writes.
const Schema = "iris.model/1"

// Notice travels in every model.
const Notice = "not for diagnosis"

const generator = "IRIS Oculus"

// maxShort is the most vertices that 16-bit indices reach: 65535 itself is
// reserved (glTF 2.0 §3.7.2.1).
const maxShort = 65535

// Write writes the scene, whose surfaces all have triangles, as GLB.
func Write(w io.Writer, s scene.Scene) error {
	doc, binBytes := describe(s)
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	for len(text)%4 != 0 {
		text = append(text, ' ')
	}
	total := headerBytes + 2*chunkBytes + len(text) + binBytes
	if int64(total) > math.MaxUint32 {
		return volume.Reject("too_large", "the model has %d bytes: a GLB holds at most %d; ask for fewer structures", total, int64(math.MaxUint32))
	}
	out := bufio.NewWriterSize(w, 1<<16)
	words(out, magic, version, uint32(total), uint32(len(text)), chunkJSON)
	_, _ = out.Write(text) // bufio keeps the first error for Flush
	words(out, uint32(binBytes), chunkBIN)
	for part := range encodeAll(s.Surfaces) {
		p := <-part
		_, _ = out.Write(p.bytes)
		p.reuse <- p.bytes
	}
	return out.Flush()
}

// describe lays the document out: per structure three buffer views, positions,
// normals, indices, in the order in which encode writes them.
func describe(s scene.Scene) (document, int) {
	doc := document{
		Asset:  asset{Version: "2.0", Generator: generator},
		Scenes: []sceneEntry{{Nodes: []int{0}}},
		Nodes: []node{{Name: "patient", Extras: &extras{Iris: &Origin{
			Schema: Schema, RASFromGLTF: scene.RASFromFacing(), SpacingMM: s.Spacing, Task: s.Provenance.Task,
			Model: s.Provenance.Model, ModelVersion: s.Provenance.Version, WeightsDigest: s.Provenance.Weights, Notice: Notice,
		}}}},
	}
	offset := 0
	view := func(length, target int) int {
		doc.BufferViews = append(doc.BufferViews, bufferView{ByteOffset: offset, ByteLength: length, Target: target})
		offset += (length + 3) &^ 3
		return len(doc.BufferViews) - 1
	}
	array := func(a accessor) *int {
		doc.Accessors = append(doc.Accessors, a)
		n := len(doc.Accessors) - 1
		return &n
	}
	for i, name := range scene.Names(s.Surfaces) {
		one := &s.Surfaces[i]
		vertices, corners := len(one.Mesh.Vertices), 3*len(one.Mesh.Triangles)
		low, high := bounds(&one.Mesh)
		position := array(accessor{BufferView: view(12*vertices, targetVertices), ComponentType: componentFloat, Count: vertices, Type: "VEC3", Min: low, Max: high})
		normal := array(accessor{BufferView: view(12*vertices, targetVertices), ComponentType: componentFloat, Count: vertices, Type: "VEC3"})
		kind, size := componentUint32, 4
		if vertices <= maxShort {
			kind, size = componentUint16, 2
		}
		indices := array(accessor{BufferView: view(size*corners, targetIndices), ComponentType: kind, Count: corners, Type: "SCALAR"})

		linear := scene.Color(one.Label).Linear()
		doc.Materials = append(doc.Materials, material{
			Name:        name,
			PBR:         pbr{BaseColor: [4]float64{linear[0], linear[1], linear[2], 1}, Roughness: 0.6},
			DoubleSided: !one.Measure.Watertight,
		})
		doc.Meshes = append(doc.Meshes, mesh{Name: name, Primitives: []primitive{{
			Attributes: attributes{Position: position, Normal: normal}, Indices: indices, Material: i,
		}}})
		doc.Nodes = append(doc.Nodes, node{Name: name, Mesh: &i, Extras: &extras{Structure: structure(one)}})
		doc.Nodes[0].Children = append(doc.Nodes[0].Children, i+1)
	}
	doc.Buffers = []buffer{{ByteLength: offset}}
	return doc, offset
}

func structure(s *surface.Surface) *Structure {
	return &Structure{
		Label: s.Label.ID, NameEN: s.Label.NameEN, NameES: s.Label.NameES, SNOMED: s.Label.SNOMED, Group: s.Label.Group,
		VolumeML: s.Measure.VolumeML, MeshML: s.Measure.MeshML, SurfaceCM2: s.Measure.SurfaceCM2,
		Partial: s.Measure.Partial, Watertight: s.Measure.Watertight,
	}
}

// bounds are the extremes of the positions as they are written: a validator
// compares them bit by bit. FacingMetres rounds, but keeps order along an axis, so
// they are the bounds in millimetres, put through it; it reverses x.
func bounds(m *surface.Mesh) (low, high []float64) {
	lo, hi := surface.Extent(m)
	lo[0], hi[0] = hi[0], lo[0]
	return metres(lo), metres(hi)
}

func metres(p [3]float64) []float64 {
	v := scene.FacingMetres([3]float32{float32(p[0]), float32(p[1]), float32(p[2])})
	return []float64{float64(v[0]), float64(v[1]), float64(v[2])}
}

// encoded is a mesh's share of the binary chunk, in a buffer to be handed back.
type encoded struct {
	bytes []byte
	reuse chan<- []byte
}

// encodeAll encodes the meshes ahead of the writer, a few at a time, and hands
// them over in order. Whoever ranges must range to the end, and hand buffers back.
func encodeAll(surfaces []surface.Surface) <-chan chan encoded {
	ahead := runtime.GOMAXPROCS(0) - 1
	parts := make(chan chan encoded, ahead)
	// One buffer each for the parts waiting, the one to be sent, and the one written.
	buffers := make(chan []byte, ahead+2)
	for range cap(buffers) {
		buffers <- nil
	}
	go func() {
		defer close(parts)
		for i := range surfaces {
			part := make(chan encoded, 1)
			parts <- part
			buffer := <-buffers
			go func() { part <- encoded{encode(buffer[:0], &surfaces[i].Mesh), buffers} }()
		}
	}()
	return parts
}

// encode appends a mesh's share of the binary chunk: positions, normals, indices.
func encode(b []byte, m *surface.Mesh) []byte {
	b = slices.Grow(b, 24*len(m.Vertices)+12*len(m.Triangles)+3)
	for _, v := range m.Vertices {
		b = appendVector(b, scene.FacingMetres(v))
	}
	for _, n := range surface.Normals(m) {
		b = appendVector(b, scene.Facing(n))
	}
	short := len(m.Vertices) <= maxShort
	for _, t := range m.Triangles {
		if short {
			b = binary.LittleEndian.AppendUint32(b, t[0]|t[1]<<16)
			b = binary.LittleEndian.AppendUint16(b, uint16(t[2]))
		} else {
			b = appendWords(b, t)
		}
	}
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func appendVector(b []byte, v [3]float32) []byte {
	return appendWords(b, [3]uint32{math.Float32bits(v[0]), math.Float32bits(v[1]), math.Float32bits(v[2])})
}

func appendWords(b []byte, w [3]uint32) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(w[0])|uint64(w[1])<<32)
	return binary.LittleEndian.AppendUint32(b, w[2])
}

// words writes little-endian words; bufio keeps the first error for Flush.
func words(out *bufio.Writer, values ...uint32) {
	for _, v := range values {
		_, _ = out.Write(binary.LittleEndian.AppendUint32(nil, v))
	}
}
