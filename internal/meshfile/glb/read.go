package glb

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// Limits of Read.
const maxStructures = 1 << 16

// Read reads back what Write wrote: the surfaces of the root's children in
// world RAS millimetres, their labels (without a colour, which a material holds
// only linearly) and measures. The file is data; everything it says is compared
// with its length before memory is allocated. Files of other makers are read
// when they keep to that shape; anything else is a *volume.Error bad_glb.
func Read(data []byte) (scene.Scene, error) {
	text, bin, err := chunks(data)
	if err != nil {
		return scene.Scene{}, err
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return scene.Scene{}, reject("the JSON chunk cannot be read")
	}
	if len(doc.Nodes) == 0 || len(doc.Nodes) > maxStructures {
		return scene.Scene{}, reject("the file has %d nodes: want 1 to %d", len(doc.Nodes), maxStructures)
	}
	var s scene.Scene
	if root := doc.Nodes[0].Extras; root != nil && root.Iris != nil {
		s.Spacing = root.Iris.SpacingMM
		copy(s.Origin[:], root.Iris.RASFromGLTF[12:15])
		s.Provenance = volume.Provenance{Model: root.Iris.Model, Version: root.Iris.ModelVersion, Task: root.Iris.Task, Weights: root.Iris.WeightsDigest}
	}
	budget := len(bin) // a hostile file may name one accessor many times
	for _, child := range doc.Nodes[0].Children {
		if child < 1 || child >= len(doc.Nodes) {
			return scene.Scene{}, reject("a child is node %d of %d", child, len(doc.Nodes))
		}
		m, err := readMesh(&doc, bin, &doc.Nodes[child], &budget)
		if err != nil {
			return scene.Scene{}, err
		}
		one := surface.Surface{Mesh: m, Label: volume.Label{Name: doc.Nodes[child].Name}}
		if x := doc.Nodes[child].Extras; x != nil && x.Structure != nil {
			one.Label.ID, one.Label.NameEN, one.Label.NameES = x.Label, x.NameEN, x.NameES
			one.Label.SNOMED, one.Label.Group = x.SNOMED, x.Group
			one.Measure = surface.Measure{VolumeML: x.VolumeML, MeshML: x.MeshML, SurfaceCM2: x.SurfaceCM2, Partial: x.Partial, Watertight: x.Watertight}
		}
		s.Surfaces = append(s.Surfaces, one)
	}
	return s, nil
}

func reject(format string, args ...any) error { return volume.Reject("bad_glb", format, args...) }

// chunks checks the container and returns its JSON and binary chunks.
func chunks(data []byte) (text, bin []byte, err error) {
	if len(data) < headerBytes+2*chunkBytes {
		return nil, nil, reject("the file has %d bytes: want at least %d", len(data), headerBytes+2*chunkBytes)
	}
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(data[at:]) }
	if word(0) != magic || word(4) != version || uint64(word(8)) != uint64(len(data)) {
		return nil, nil, reject("the header does not describe a GLB 2.0 file of %d bytes", len(data))
	}
	length := uint64(word(12))
	binAt := headerBytes + chunkBytes + length
	if word(16) != chunkJSON || binAt+chunkBytes > uint64(len(data)) {
		return nil, nil, reject("the JSON chunk has %d bytes in a file of %d", length, len(data))
	}
	binLength := uint64(word(int(binAt)))
	if word(int(binAt)+4) != chunkBIN || binAt+chunkBytes+binLength > uint64(len(data)) {
		return nil, nil, reject("the binary chunk has %d bytes in a file of %d", binLength, len(data))
	}
	start := binAt + chunkBytes
	return data[headerBytes+chunkBytes : binAt], data[start : start+binLength], nil
}

func readMesh(doc *document, bin []byte, n *node, budget *int) (surface.Mesh, error) {
	if n.Mesh == nil || *n.Mesh < 0 || *n.Mesh >= len(doc.Meshes) || len(doc.Meshes[*n.Mesh].Primitives) != 1 {
		return surface.Mesh{}, reject("a structure's node has no mesh with one primitive")
	}
	p := &doc.Meshes[*n.Mesh].Primitives[0]
	positions, err := doc.slice(bin, p.Attributes.Position, "VEC3", budget)
	if err != nil {
		return surface.Mesh{}, fmt.Errorf("positions: %w", err)
	}
	indices, err := doc.slice(bin, p.Indices, "SCALAR", budget)
	if err != nil {
		return surface.Mesh{}, fmt.Errorf("indices: %w", err)
	}
	if positions.component != componentFloat || indices.component == componentFloat || indices.count%3 != 0 {
		return surface.Mesh{}, reject("a mesh has positions of type %d and %d indices of type %d", positions.component, indices.count, indices.component)
	}
	m := surface.Mesh{Vertices: make([][3]float32, positions.count), Triangles: make([][3]uint32, indices.count/3)}
	for i := range m.Vertices {
		var v [3]float32
		for k := range 3 {
			x := float64(math.Float32frombits(uint32(positions.at(i, k)))) * 1000
			if math.IsNaN(x) || math.Abs(x) > math.MaxFloat32 {
				return surface.Mesh{}, reject("a position is not a finite number")
			}
			v[k] = float32(x)
		}
		m.Vertices[i] = scene.Facing(v)
	}
	for i := range indices.count {
		v := uint32(indices.at(i, 0))
		if uint64(v) >= uint64(positions.count) {
			return surface.Mesh{}, reject("an index is %d among %d vertices", v, positions.count)
		}
		m.Triangles[i/3][i%3] = v
	}
	return m, nil
}

// array is an accessor within the binary chunk.
type array struct {
	data                           []byte
	component, count, size, stride int
}

func (a array) at(i, k int) uint64 {
	b := a.data[i*a.stride+k*a.size:]
	switch a.size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	default:
		return uint64(binary.LittleEndian.Uint32(b))
	}
}

// slice finds an accessor's bytes, all of them within the chunk, and takes them
// from the budget of bytes that the file's own length allows.
func (doc *document) slice(bin []byte, index *int, kind string, budget *int) (array, error) {
	if index == nil || *index < 0 || *index >= len(doc.Accessors) {
		return array{}, reject("the accessor is missing")
	}
	a := doc.Accessors[*index]
	size := map[int]int{componentUint8: 1, componentUint16: 2, componentUint32: 4, componentFloat: 4}[a.ComponentType]
	if size == 0 || a.Type != kind || a.BufferView < 0 || a.BufferView >= len(doc.BufferViews) {
		return array{}, reject("the accessor has type %d or no buffer view", a.ComponentType)
	}
	v := doc.BufferViews[a.BufferView]
	element := size
	if kind == "VEC3" {
		element *= 3
	}
	stride := v.ByteStride
	if stride == 0 {
		stride = element
	}
	if v.Buffer != 0 || v.ByteOffset < 0 || v.ByteLength < 0 || v.ByteOffset > len(bin) || v.ByteLength > len(bin)-v.ByteOffset ||
		a.ByteOffset < 0 || a.ByteOffset > v.ByteLength || stride < element || stride > 252 || a.Count < 1 || a.Count > len(bin) {
		return array{}, reject("the accessor lies outside its %d bytes", len(bin))
	}
	room := v.ByteLength - a.ByteOffset
	if need := (a.Count-1)*stride + element; need > room || a.Count*element > *budget {
		return array{}, reject("the accessor needs %d bytes of %d", need, room)
	}
	*budget -= a.Count * element
	start := v.ByteOffset + a.ByteOffset
	return array{data: bin[start : v.ByteOffset+v.ByteLength], component: a.ComponentType, count: a.Count, size: size, stride: stride}, nil
}
