// Package volume holds the two images that travel through IRIS Oculus: the
// prepared scan (Volume) and its segmentation (LabelMap).
//
// Voxels lie in one slice, x fastest: index = i + nx*(j + ny*k). An Affine maps
// voxel centres to world RAS millimetres (x to the patient's Right, y to the
// Anterior, z to the Superior), computed in float64. Sub-packages read and
// write files: volume/nifti, volume/dicom.
//
// Errors that are the scan's fault are *Error values with a stable code.
package volume

// Volume is a prepared scan with one int16 sample for each voxel, in Hounsfield units
// for CT.
// The zero value is an empty volume. Voxels is owned by the Volume.
type Volume struct {
	Dims   [3]int // voxels along x, y, z
	Affine Affine // voxel centre → world RAS mm
	Voxels []int16
}

// Len is the number of voxels that Dims asks for.
func (v *Volume) Len() int { return v.Dims[0] * v.Dims[1] * v.Dims[2] }

// LabelMap is a segmentation on the grid of a Volume. Exactly one of U8 and U16
// is set; label 0 is background.
type LabelMap struct {
	Dims   [3]int
	Affine Affine
	U8     []uint8
	U16    []uint16
	Table  Table
	// Warnings are what is doubtful about a label map that was read.
	Warnings []Warning
}

// Len is the number of voxels that Dims asks for.
func (m *LabelMap) Len() int { return m.Dims[0] * m.Dims[1] * m.Dims[2] }

// At is the label at a linear index.
func (m *LabelMap) At(n int) int {
	if m.U8 != nil {
		return int(m.U8[n])
	}
	return int(m.U16[n])
}

// Table describes the labels of a label map and the model that made it. A model server
// writes it as JSON into a NIfTI header extension (ecode 6, text that starts with
// `{"iris":"labels/1"`).
type Table struct {
	Iris       string     `json:"iris"` // always TableVersion
	Labels     []Label    `json:"labels"`
	Provenance Provenance `json:"provenance"`
	// Warnings are what the model has to tell the owner of the scan, at most
	// MaxTableWarnings. The mesh stage puts them on the job.
	Warnings []Warning `json:"warnings,omitempty"`
}

// MaxTableWarnings bounds the warnings of a table.
const MaxTableWarnings = 16

// TableVersion marks the JSON header extension that carries a Table.
const TableVersion = "labels/1"

// Label is one structure of a label map. Name is the model's class name.
type Label struct {
	ID int `json:"id"`
	// Source is the number in the file that the label map came from, where it had to
	// be given another one because a label is at most 65,535; else 0.
	Source int64  `json:"source_id,omitempty"`
	Name   string `json:"name"`
	NameEN string `json:"name_en,omitempty"`
	NameES string `json:"name_es,omitempty"`
	Color  string `json:"color"` // sRGB, "#rrggbb"
	SNOMED string `json:"snomed,omitempty"`
	Group  string `json:"group,omitempty"`
	// Shell marks a structure thinner than a few voxels (skin): smoothing keeps its volume.
	Shell bool `json:"shell,omitempty"`
}

// Provenance says which model made a label map.
type Provenance struct {
	Model   string `json:"model"`
	Version string `json:"version"`
	Task    string `json:"task"`
	Weights string `json:"weights,omitempty"` // "sha256:…", or empty for a model without weights
	Note    string `json:"note,omitempty"`
}

// Find is the entry of a label id, false when the table lacks it.
func (t *Table) Find(id int) (Label, bool) {
	for _, l := range t.Labels {
		if l.ID == id {
			return l, true
		}
	}
	return Label{}, false
}
