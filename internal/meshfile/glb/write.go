// Package glb writes a model as binary glTF 2.0 without extensions, so that every
// reader of the format opens it. In: surfaces in world RAS millimetres. Out: a root
// node "patient" with one child per structure that carries its own mesh, in metres,
// x = -R, y = S, z = A (scene.Facing); the root's extras hold the matrix back to RAS.
// Meshes share positions with each other. Where a mesh touches itself its vertices
// are moved apart (weld.Pinches), so that a program which merges equal positions
// keeps it closed. Errors: *volume.Error too_large beyond the 4 GiB of the container,
// and those of the writer.
package glb

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"slices"

	"github.com/iris-oculus/iris/internal/meshfile/chunk"
	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/meshfile/weld"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/surface/work"
	"github.com/iris-oculus/iris/internal/volume"
)

// Schema is the version of the extras that this package writes.
const Schema = "iris.model/1"

// Notice is a sentence in the extras of every model.
const Notice = "not for diagnosis"

const generator = "IRIS Oculus"

// translucent is the opacity of structures through which others are to be seen: a shell,
// which skin is, has two walls before what lies within and two behind.
const translucent = 0.25

// maxShort is the largest number of vertices that 16-bit indices can address: the
// index 65535 is reserved (glTF 2.0 §3.7.2.1).
const maxShort = 65535

// Write writes the scene, whose surfaces all have triangles, as GLB.
func Write(w io.Writer, s scene.Scene) error {
	meshes := s.Meshes()
	moves := weld.Pinches(meshes, weld.Exact)
	doc, binBytes := describe(s, moves)
	if err := head(w, doc, binBytes); err != nil {
		return err
	}
	parts := cut(meshes, moves)
	return chunk.Write(w, len(parts), func(i int, b []byte) []byte { return parts[i].encode(b) })
}

// head writes all of a file that comes before the contents of its binary chunk.
func head(w io.Writer, doc document, binBytes int) error {
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
	b := words(nil, magic, version, uint32(total), uint32(len(text)), chunkJSON)
	_, err = w.Write(words(append(b, text...), uint32(binBytes), chunkBIN))
	return err
}

// describe makes the document and the length of the binary chunk. Each structure has
// three buffer views, for positions, normals and indices, in the order of cut.
func describe(s scene.Scene, moves [][]weld.Move) (document, int) {
	doc := newDocument(s)
	low, high := bounds(s.Meshes(), moves)
	offset := 0
	view := func(length, target int) int {
		doc.BufferViews = append(doc.BufferViews, bufferView{ByteOffset: offset, ByteLength: length, Target: target})
		offset += (length + 3) &^ 3
		return len(doc.BufferViews) - 1
	}
	for i, name := range scene.Names(s.Surfaces) {
		one := &s.Surfaces[i]
		vertices, corners := len(one.Mesh.Vertices), 3*len(one.Mesh.Triangles)
		position := doc.array(accessor{BufferView: view(12*vertices, targetVertices), ComponentType: componentFloat, Count: vertices, Type: "VEC3", Min: low[i], Max: high[i]})
		normal := doc.array(accessor{BufferView: view(12*vertices, targetVertices), ComponentType: componentFloat, Count: vertices, Type: "VEC3"})
		kind, size := componentUint32, 4
		if vertices <= maxShort {
			kind, size = componentUint16, 2
		}
		indices := doc.array(accessor{BufferView: view(size*corners, targetIndices), ComponentType: kind, Count: corners, Type: "SCALAR"})

		doc.add(name, &s, one, position, normal, indices)
	}
	doc.Buffers = []buffer{{ByteLength: offset}}
	return doc, offset
}

// newDocument has the root and no structure yet.
func newDocument(s scene.Scene) document {
	return document{
		Asset:  asset{Version: "2.0", Generator: generator},
		Scenes: []sceneEntry{{Nodes: []int{0}}},
		Nodes: []node{{Name: "patient", Extras: &extras{Iris: &Origin{
			Schema: Schema, RASFromGLTF: scene.RASFromFacing(s.Origin), SpacingMM: s.Spacing, Task: s.Provenance.Task,
			Model: s.Provenance.Model, ModelVersion: s.Provenance.Version, WeightsDigest: s.Provenance.Weights, Provisional: s.Provisional, Notice: Notice,
		}}}},
	}
}

// array adds an accessor and returns its number.
func (doc *document) array(a accessor) *int {
	doc.Accessors = append(doc.Accessors, a)
	n := len(doc.Accessors) - 1
	return &n
}

// add adds the material, the mesh and the node of a structure whose accessors are
// given, and returns the node.
func (doc *document) add(name string, in *scene.Scene, s *surface.Surface, position, normal, indices *int) *node {
	i := len(doc.Meshes)
	linear := scene.Color(s.Label).Linear()
	m := material{
		Name:        name,
		PBR:         pbr{BaseColor: [4]float64{linear[0], linear[1], linear[2], 1}, Roughness: 0.6},
		DoubleSided: !s.Measure.Watertight,
	}
	if slices.Contains(in.Translucent, s.Label.Name) {
		m.PBR.BaseColor[3], m.AlphaMode = translucent, "BLEND"
	}
	doc.Materials = append(doc.Materials, m)
	doc.Meshes = append(doc.Meshes, mesh{Name: name, Primitives: []primitive{{
		Attributes: attributes{Position: position, Normal: normal}, Indices: indices, Material: i,
	}}})
	doc.Nodes = append(doc.Nodes, node{Name: name, Mesh: &i, Extras: &extras{Structure: structure(s)}})
	doc.Nodes[0].Children = append(doc.Nodes[0].Children, i+1)
	return &doc.Nodes[i+1]
}

func structure(s *surface.Surface) *Structure {
	return &Structure{
		Label: s.Label.ID, SourceID: s.Label.Source, NameEN: s.Label.NameEN, NameES: s.Label.NameES, SNOMED: s.Label.SNOMED, Group: s.Label.Group,
		VolumeML: s.Measure.VolumeML, MeshML: s.Measure.MeshML, SurfaceCM2: s.Measure.SurfaceCM2,
		Partial: s.Measure.Partial, Watertight: s.Measure.Watertight,
	}
}

// bounds are the extremes of the positions as they are written: a validator
// compares them bit by bit.
func bounds(meshes []surface.Mesh, moves [][]weld.Move) (low, high [][]float64) {
	low, high = make([][]float64, len(meshes)), make([][]float64, len(meshes))
	work.Share(work.Workers(0, len(meshes)), len(meshes), func(_, i int) {
		lo, hi := weld.Bounds(meshes[i].Vertices, moves[i], scene.FacingMetres)
		for k := range 3 {
			low[i], high[i] = append(low[i], float64(lo[k])), append(high[i], float64(hi[k]))
		}
	})
	return low, high
}

// part is a stretch of the binary chunk. It holds so few elements of one array of a
// mesh that they stay in the processor's cache until they are written.
type part struct {
	// Exactly one of positions, normals and triangles is not nil.
	positions, normals [][3]float32
	triangles          [][3]uint32
	moves              []weld.Move // of the mesh whose positions from number first on these are
	first              int
	short              bool // triangles take 16-bit indices
}

const partElements = 1 << 15 // of at most 12 bytes

// cut cuts the arrays of each mesh into parts, in the order of describe's views.
func cut(meshes []surface.Mesh, moves [][]weld.Move) []part {
	var parts []part
	for i := range meshes {
		m := &meshes[i]
		for from := 0; from < len(m.Vertices); from += partElements {
			to := min(from+partElements, len(m.Vertices))
			parts = append(parts, part{positions: m.Vertices[from:to], moves: moves[i], first: from})
		}
		for n := range slices.Chunk(surface.Normals(m), partElements) {
			parts = append(parts, part{normals: n})
		}
		for t := range slices.Chunk(m.Triangles, partElements) {
			parts = append(parts, part{triangles: t, short: len(m.Vertices) <= maxShort})
		}
	}
	return parts
}

// encode appends the part's bytes.
func (p part) encode(b []byte) []byte {
	n := 12 * max(len(p.positions), len(p.normals), len(p.triangles))
	if p.short {
		// A view begins at a multiple of four. An odd number of 16-bit triangles ends two
		// bytes before one; only a mesh's last part has an odd number.
		n = (6*len(p.triangles) + 3) &^ 3
	}
	first := len(b)
	b = slices.Grow(b, max(n, 12*partElements))[:first+n]
	to := b[first:]
	for i, v := range weld.Moved(p.positions, p.moves, p.first) {
		putVector(to[12*i:], scene.FacingMetres(v))
	}
	for i, v := range p.normals {
		putVector(to[12*i:], scene.Facing(v))
	}
	if p.short {
		clear(to[max(0, n-4):])
		for i, t := range p.triangles {
			three := to[6*i : 6*i+6]
			binary.LittleEndian.PutUint32(three, t[0]|t[1]<<16)
			binary.LittleEndian.PutUint16(three[4:], uint16(t[2]))
		}
		return b
	}
	for i, t := range p.triangles {
		putWords(to[12*i:], t)
	}
	return b
}

func putVector(to []byte, v [3]float32) {
	putWords(to, [3]uint32{math.Float32bits(v[0]), math.Float32bits(v[1]), math.Float32bits(v[2])})
}

func putWords(to []byte, w [3]uint32) {
	to = to[:12]
	binary.LittleEndian.PutUint64(to, uint64(w[0])|uint64(w[1])<<32)
	binary.LittleEndian.PutUint32(to[8:], w[2])
}

// words appends little-endian words.
func words(b []byte, values ...uint32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}
