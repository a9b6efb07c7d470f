package glb

// The part of glTF 2.0 (https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html)
// that a model is made of, as plain structs in the order in which it is written.

type document struct {
	Asset       asset        `json:"asset"`
	Used        []string     `json:"extensionsUsed,omitempty"`
	Required    []string     `json:"extensionsRequired,omitempty"`
	Scene       int          `json:"scene"`
	Scenes      []sceneEntry `json:"scenes"`
	Nodes       []node       `json:"nodes"`
	Meshes      []mesh       `json:"meshes"`
	Materials   []material   `json:"materials"`
	Accessors   []accessor   `json:"accessors"`
	BufferViews []bufferView `json:"bufferViews"`
	Buffers     []buffer     `json:"buffers"`
}

type asset struct {
	Version   string `json:"version"`
	Generator string `json:"generator,omitempty"`
}

type sceneEntry struct {
	Name  string `json:"name,omitempty"`
	Nodes []int  `json:"nodes"`
}

type node struct {
	Name        string    `json:"name"`
	Mesh        *int      `json:"mesh,omitempty"`
	Translation []float64 `json:"translation,omitempty"`
	Scale       []float64 `json:"scale,omitempty"`
	Children    []int     `json:"children,omitempty"`
	Extras      *extras   `json:"extras,omitempty"`
}

// extras holds what a node says beyond glTF. The root has Iris, and the node of a
// structure has the rest.
type extras struct {
	Iris *Origin `json:"iris,omitempty"`
	*Structure
}

// Origin is extras.iris of the root node: how the file relates to the scanner
// and which model made it.
type Origin struct {
	Schema        string      `json:"schema"`
	RASFromGLTF   [16]float64 `json:"ras_mm_from_gltf"` // column-major
	SpacingMM     [3]float64  `json:"spacing_mm"`
	Task          string      `json:"task"`
	Model         string      `json:"model"`
	ModelVersion  string      `json:"model_version"`
	WeightsDigest string      `json:"weights,omitempty"`
	Provisional   bool        `json:"provisional,omitempty"` // a first look, in whose place a model comes
	Notice        string      `json:"notice"`
}

// Structure is the extras of a structure's node.
type Structure struct {
	Label      int     `json:"label"`
	SourceID   int64   `json:"source_id,omitempty"` // the label's number in a file whose numbers are too large
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

type mesh struct {
	Name       string      `json:"name"`
	Primitives []primitive `json:"primitives"`
}

type primitive struct {
	Attributes attributes `json:"attributes"`
	Indices    *int       `json:"indices"`
	Material   int        `json:"material"`
}

type attributes struct {
	Position *int `json:"POSITION"`
	Normal   *int `json:"NORMAL,omitempty"`
}

type material struct {
	Name        string `json:"name"`
	PBR         pbr    `json:"pbrMetallicRoughness"`
	AlphaMode   string `json:"alphaMode,omitempty"`
	DoubleSided bool   `json:"doubleSided,omitempty"`
}

type pbr struct {
	BaseColor [4]float64 `json:"baseColorFactor"` // linear
	Metallic  float64    `json:"metallicFactor"`
	Roughness float64    `json:"roughnessFactor"`
}

type accessor struct {
	BufferView    int       `json:"bufferView"`
	ByteOffset    int       `json:"byteOffset,omitempty"`
	ComponentType int       `json:"componentType"`
	Normalized    bool      `json:"normalized,omitempty"`
	Count         int       `json:"count"`
	Type          string    `json:"type"`
	Min           []float64 `json:"min,omitempty"`
	Max           []float64 `json:"max,omitempty"`
}

type bufferView struct {
	Buffer     int             `json:"buffer"`
	ByteOffset int             `json:"byteOffset"`
	ByteLength int             `json:"byteLength"`
	ByteStride int             `json:"byteStride,omitempty"`
	Target     int             `json:"target,omitempty"`
	Extensions *viewExtensions `json:"extensions,omitempty"`
}

type viewExtensions struct {
	Meshopt compressedView `json:"EXT_meshopt_compression"`
}

// compressedView says where a view's compressed bytes lie and how to decode them.
type compressedView struct {
	Buffer     int    `json:"buffer"`
	ByteOffset int    `json:"byteOffset"`
	ByteLength int    `json:"byteLength"`
	ByteStride int    `json:"byteStride"`
	Count      int    `json:"count"`
	Mode       string `json:"mode"`
	Filter     string `json:"filter,omitempty"`
}

type buffer struct {
	ByteLength int               `json:"byteLength"`
	Extensions *bufferExtensions `json:"extensions,omitempty"`
}

type bufferExtensions struct {
	Meshopt struct {
		Fallback bool `json:"fallback"`
	} `json:"EXT_meshopt_compression"`
}

// Constants of glTF 2.0 and of its binary container.
const (
	magic     = 0x46546C67 // "glTF"
	version   = 2
	chunkJSON = 0x4E4F534A
	chunkBIN  = 0x004E4942

	headerBytes = 12
	chunkBytes  = 8

	componentInt8   = 5120
	componentUint16 = 5123
	componentUint32 = 5125
	componentFloat  = 5126

	targetVertices = 34962
	targetIndices  = 34963
)
