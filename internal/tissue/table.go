package tissue

import "github.com/iris-oculus/iris/internal/volume"

// The labels of Table.
const (
	Skin = 1 + iota
	Fat
	Muscle
	Bone
	LungLeft
	LungRight
	Airway
	Body
)

// Version changes whenever the same scan may give other labels.
const Version = "1.7.0"

// Table is what every label map of this model says of itself.
func Table() volume.Table {
	return volume.Table{
		Iris: volume.TableVersion,
		Labels: []volume.Label{
			{ID: Skin, Name: "skin", NameEN: "Skin", NameES: "Piel", Color: "#e0ac8c", SNOMED: "39937001", Group: "surface", Shell: true},
			{ID: Fat, Name: "fat", NameEN: "Fat", NameES: "Grasa", Color: "#f2d16b", SNOMED: "55603005", Group: "soft_tissue"},
			{ID: Muscle, Name: "muscle", NameEN: "Muscle and other lean tissue", NameES: "Músculo y otro tejido magro", Color: "#b5443c", SNOMED: "71616004", Group: "soft_tissue"},
			{ID: Bone, Name: "bone", NameEN: "Bone", NameES: "Hueso", Color: "#f1ead2", SNOMED: "272673000", Group: "skeleton"},
			{ID: LungLeft, Name: "lung_left", NameEN: "Left lung", NameES: "Pulmón izquierdo", Color: "#c58a9d", SNOMED: "44029006", Group: "lungs"},
			{ID: LungRight, Name: "lung_right", NameEN: "Right lung", NameES: "Pulmón derecho", Color: "#d79fb0", SNOMED: "3341006", Group: "lungs"},
			{ID: Airway, Name: "airway", NameEN: "Windpipe and bronchi", NameES: "Tráquea y bronquios", Color: "#8fc7d8", SNOMED: "91724006", Group: "lungs"},
			{ID: Body, Name: "body", NameEN: "Rest of the body", NameES: "Resto del cuerpo", Color: "#9c8f86", SNOMED: "38266002", Group: "rest"},
		},
		Provenance: volume.Provenance{
			Model: "tissue", Version: Version, Task: "tissue",
			Note: "Hounsfield thresholds and morphology, no learned weights; not a medical device",
		},
	}
}
