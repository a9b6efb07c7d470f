package surface

import "github.com/iris-oculus/iris/internal/volume"

// Surface is one structure: its label, its closed mesh and its measurements.
type Surface struct {
	Label   volume.Label
	Mesh    Mesh
	Measure Measure
	// Before is what the mesh was before decimation; zero where it was not decimated.
	Before Before
}

// Before is what decimation takes from a mesh: its number of triangles, and the volume
// in millilitres that they enclosed.
type Before struct {
	Triangles int64
	ML        float64
}

// Measure holds the measurements of one structure. Lengths are millimetres in world
// RAS.
type Measure struct {
	Voxels     int64      `json:"voxels"`
	VolumeML   float64    `json:"volume_ml"`   // voxels × voxel volume
	MeshML     float64    `json:"mesh_ml"`     // enclosed by the mesh
	SurfaceCM2 float64    `json:"surface_cm2"` // area of the mesh
	Min        [3]float64 `json:"min_mm"`      // extent of the mesh
	Max        [3]float64 `json:"max_mm"`
	Centroid   [3]float64 `json:"centroid_mm"` // of the voxels
	Components int        `json:"components"`
	Genus      int        `json:"genus"`
	Watertight bool       `json:"watertight"`
	Partial    bool       `json:"partial"` // touches the border of the volume
	HU         *Intensity `json:"hu,omitempty"`
}

// Intensity is the mean and standard deviation of the volume within a structure.
type Intensity struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
}
