package meshtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/qmuntal/gltf"
	"github.com/qmuntal/gltf/modeler"

	"github.com/iris-oculus/iris/internal/meshfile/scene"
	"github.com/iris-oculus/iris/internal/surface"
	"github.com/iris-oculus/iris/internal/volume"
)

// glbExtras is what IRIS writes into the extras of a node: the root has Iris, and
// the node of a structure has the rest.
type glbExtras struct {
	Iris *struct {
		RASFromGLTF [16]float64 `json:"ras_mm_from_gltf"`
		SpacingMM   [3]float64  `json:"spacing_mm"`
		Task        string      `json:"task"`
		Model       string      `json:"model"`
		Version     string      `json:"model_version"`
		Weights     string      `json:"weights"`
	} `json:"iris"`
	Label      int     `json:"label"`
	NameEN     string  `json:"name_en"`
	NameES     string  `json:"name_es"`
	SNOMED     string  `json:"snomed"`
	Group      string  `json:"group"`
	VolumeML   float64 `json:"volume_ml"`
	MeshML     float64 `json:"mesh_ml"`
	SurfaceCM2 float64 `json:"surface_cm2"`
	Partial    bool    `json:"partial"`
	Watertight bool    `json:"watertight"`
}

// ReadGLB reads a GLB with a decoder that is not ours, github.com/qmuntal/gltf. It
// gives the surfaces of the root's children in world RAS millimetres from the
// scene's origin, with labels (without a colour, which a material holds only in
// linear light) and measures.
func ReadGLB(data []byte) (scene.Scene, error) {
	var doc gltf.Document
	if err := gltf.NewDecoder(bytes.NewReader(data)).Decode(&doc); err != nil {
		return scene.Scene{}, fmt.Errorf("decode GLB: %w", err)
	}
	if doc.Scene == nil || len(doc.Scenes[*doc.Scene].Nodes) != 1 {
		return scene.Scene{}, fmt.Errorf("the scene has no single root")
	}
	root := doc.Nodes[doc.Scenes[*doc.Scene].Nodes[0]]
	extras, err := extrasOf(root)
	if err != nil {
		return scene.Scene{}, err
	}
	if extras.Iris == nil {
		return scene.Scene{}, fmt.Errorf("the root has no extras.iris")
	}
	iris := extras.Iris
	s := scene.Scene{Spacing: iris.SpacingMM, Origin: [3]float64(iris.RASFromGLTF[12:15])}
	s.Provenance = volume.Provenance{Model: iris.Model, Version: iris.Version, Task: iris.Task, Weights: iris.Weights}
	for _, child := range root.Children {
		node := doc.Nodes[child]
		x, err := extrasOf(node)
		if err != nil {
			return scene.Scene{}, err
		}
		m, err := meshOf(&doc, node, iris.RASFromGLTF)
		if err != nil {
			return scene.Scene{}, fmt.Errorf("%s: %w", node.Name, err)
		}
		s.Surfaces = append(s.Surfaces, surface.Surface{
			Label:   volume.Label{ID: x.Label, Name: node.Name, NameEN: x.NameEN, NameES: x.NameES, SNOMED: x.SNOMED, Group: x.Group},
			Mesh:    m,
			Measure: surface.Measure{VolumeML: x.VolumeML, MeshML: x.MeshML, SurfaceCM2: x.SurfaceCM2, Partial: x.Partial, Watertight: x.Watertight},
		})
	}
	return s, nil
}

func extrasOf(n *gltf.Node) (x glbExtras, err error) {
	text, err := json.Marshal(n.Extras)
	if err == nil {
		err = json.Unmarshal(text, &x)
	}
	if err != nil {
		return x, fmt.Errorf("extras of node %q: %w", n.Name, err)
	}
	return x, nil
}

// meshOf reads the one primitive of a node's mesh. ras is the matrix, in
// column-major order, from the file's metres to world RAS millimetres; its
// translation is the scene's origin, from which positions are counted here.
func meshOf(doc *gltf.Document, n *gltf.Node, ras [16]float64) (surface.Mesh, error) {
	if n.Mesh == nil || len(doc.Meshes[*n.Mesh].Primitives) != 1 {
		return surface.Mesh{}, fmt.Errorf("the node has no mesh with one primitive")
	}
	p := doc.Meshes[*n.Mesh].Primitives[0]
	position, found := p.Attributes[gltf.POSITION]
	if !found || p.Indices == nil {
		return surface.Mesh{}, fmt.Errorf("the mesh has no positions or no indices")
	}
	vertices, err := positionsOf(doc, n, doc.Accessors[position])
	if err != nil {
		return surface.Mesh{}, fmt.Errorf("positions: %w", err)
	}
	indices, err := modeler.ReadIndices(doc, doc.Accessors[*p.Indices], nil)
	if err != nil {
		return surface.Mesh{}, fmt.Errorf("indices: %w", err)
	}
	m := surface.Mesh{Vertices: make([][3]float32, len(vertices)), Triangles: make([][3]uint32, len(indices)/3)}
	for i, v := range vertices {
		for row := range 3 {
			x := 0.0
			for column := range 3 {
				x += ras[4*column+row] * v[column]
			}
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return surface.Mesh{}, fmt.Errorf("position %d is not finite", i)
			}
			m.Vertices[i][row] = float32(x)
		}
	}
	for i, v := range indices {
		if int(v) >= len(vertices) || i/3 >= len(m.Triangles) {
			return surface.Mesh{}, fmt.Errorf("index %d of %d is %d among %d vertices", i, len(indices), v, len(vertices))
		}
		m.Triangles[i/3][i%3] = v
	}
	return m, nil
}

// positionsOf reads positions in the metres of the scene. Those that are quantised
// (KHR_mesh_quantization) have a node with a scale and a translation.
func positionsOf(doc *gltf.Document, n *gltf.Node, a *gltf.Accessor) ([][3]float64, error) {
	data, err := modeler.ReadAccessor(doc, a, nil)
	if err != nil {
		return nil, err
	}
	out := make([][3]float64, 0, a.Count)
	scale, translation := n.ScaleOrDefault(), n.TranslationOrDefault()
	add := func(v [3]float64) {
		for k := range v {
			v[k] = v[k]*scale[k] + translation[k]
		}
		out = append(out, v)
	}
	switch data := data.(type) {
	case [][3]float32:
		for _, v := range data {
			add([3]float64{float64(v[0]), float64(v[1]), float64(v[2])})
		}
	case [][3]uint16:
		one := 1.0
		if a.Normalized {
			one = math.MaxUint16
		}
		for _, v := range data {
			add([3]float64{float64(v[0]) / one, float64(v[1]) / one, float64(v[2]) / one})
		}
	default:
		return nil, fmt.Errorf("positions are %T", data)
	}
	return out, nil
}
