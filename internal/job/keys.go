package job

import (
	"fmt"
	"slices"
	"strings"
)

// Buckets by role; their real names come from the environment.

// Object names below a job's attempt in the work bucket. The name of an asynchronous
// reply may have only one dot.
const (
	VolumeObject = "volume.nii.gz"
	LabelsObject = "labels.bin"
	SourceObject = "source.json" // of DICOM: what an object in its study needs. It names the patient
	MeshObject   = "mesh.json"   // what the mesh stage measured, read by settle when it publishes
)

// ProgressObject is what was counted of a request's work so far, a Progress, where the
// model server's counts can be stored; MaxProgressBytes bounds it. Nothing depends on it.
const (
	ProgressObject   = "progress.json"
	MaxProgressBytes = 1 << 10
)

// FailuresPrefix is what SageMaker puts before a request's folder, which begins with the
// job's id, when it writes why a request failed (S3FailurePath in template.yaml).
const FailuresPrefix = "failures/"

// Artifact names below a job's attempt in the results bucket.
const (
	ScanPNG          = "scan.png"    // of the prepared volume: there before the others
	GlimpseGLB       = "glimpse.glb" // of another segmentation than the model's: there until the model is
	ModelGLB         = "model.glb"
	ViewGLB          = "view.glb"
	PreviewGLB       = "preview.glb"
	LabelsNIfTI      = "labels.nii.gz"
	LabelsSEG        = "labels.seg.dcm" // names the patient, as the scan does, like the next two; of DICOM only
	LabelsDICOM      = "labels.labelmap.dcm"
	LabelsStruct     = "labels.rtstruct.dcm"
	SlicesNIfTI      = "slices.nii.gz"
	MeasurementsJSON = "measurements.json"
	MeasurementsCSV  = "measurements.csv"
	PreviewPNG       = "preview.png"
	CheckPNG         = "check.png"
	ProvenanceJSON   = "provenance.json"
)

// ArtifactNames are the artifacts that a job may have.
var ArtifactNames = []string{ScanPNG, GlimpseGLB, ModelGLB, ViewGLB, PreviewGLB, LabelsNIfTI, LabelsSEG, LabelsDICOM, LabelsStruct, SlicesNIfTI, MeasurementsJSON, MeasurementsCSV, PreviewPNG, CheckPNG, ProvenanceJSON}

// IsArtifact says whether a name is one of ArtifactNames.
func IsArtifact(name string) bool { return slices.Contains(ArtifactNames, name) }

// Key is the object key of one attempt's object, in the work and the results bucket alike.
func Key(id string, attempt int, name string) string {
	return fmt.Sprintf("%s/%d/%s", id, attempt, name)
}

// UploadKey is where a job made by POST /v1/jobs awaits its file.
func UploadKey(id, file string) string { return "jobs/" + id + "/" + file }

// ParseUploadKey splits a key made by UploadKey; false for any other key.
func ParseUploadKey(key string) (id, file string, ok bool) {
	rest, found := strings.CutPrefix(key, "jobs/")
	id, file, cut := strings.Cut(rest, "/")
	return id, file, found && cut && ValidID(id) && file != ""
}

// MediaType is the content type of an artifact by its name.
func MediaType(name string) string {
	switch {
	case strings.HasSuffix(name, ".glb"):
		return "model/gltf-binary"
	case strings.HasSuffix(name, ".nii.gz"):
		return "application/gzip"
	case strings.HasSuffix(name, ".dcm"):
		return "application/dicom"
	case strings.HasSuffix(name, ".json"):
		return "application/json"
	case strings.HasSuffix(name, ".csv"):
		return "text/csv; charset=utf-8"
	case strings.HasSuffix(name, ".png"):
		return "image/png"
	case strings.HasSuffix(name, ".stl"):
		return "model/stl"
	case strings.HasSuffix(name, ".obj"):
		return "model/obj"
	case strings.HasSuffix(name, ".3mf"):
		return "model/3mf"
	case strings.HasSuffix(name, ".usdz"):
		return "model/vnd.usdz+zip"
	case strings.HasSuffix(name, ".zip"):
		return "application/zip"
	}
	return "application/octet-stream"
}

// scanSuffixes are the endings of names that one uploaded scan may have, longest first.
var scanSuffixes = []string{".nii.gz", ".tar.gz", ".nrrd", ".nii", ".zip", ".dcm"}

// ScanSuffix is the ending of a file's name that says what kind of scan it may
// be, in lower case; false for any other name.
func ScanSuffix(name string) (string, bool) {
	lower := strings.ToLower(name)
	for _, suffix := range scanSuffixes {
		if strings.HasSuffix(lower, suffix) {
			return suffix, true
		}
	}
	return "", false
}

// singles are the endings of names of scans that are one object.
var singles = []string{".nii", ".nii.gz", ".seg.nrrd", ".zip", ".tar.gz", ".tgz"}

// IsSingle says whether an upload is by its name a scan of its own, not one of
// a folder's slices.
func IsSingle(key string) bool {
	lower := strings.ToLower(key)
	for _, suffix := range singles {
		if strings.HasSuffix(lower, suffix) {
			return true
		}
	}
	return false
}

// Lookups are the keys under which the jobs of an uploaded key may be found, to
// be tried in this order: the key itself, a folder whose slash was left out, and
// the folder that a slice lies in. See Upload.FoundBy.
func Lookups(key string) []string {
	if IsSingle(key) || strings.HasSuffix(key, "/") {
		return []string{key}
	}
	keys := []string{key, key + "/"}
	if slash := strings.LastIndexByte(key, '/'); slash > 0 {
		keys = append(keys, key[:slash+1])
	}
	return keys
}

// labelMaps are the endings of label maps, and labelTables those of the tables of names
// that other programs leave beside them, in the order in which they count.
var (
	labelMaps   = []string{".nii.gz", ".seg.nrrd", ".nii", ".nrrd"}
	labelTables = []string{".label", ".lut", ".ctbl", ".txt", ".tsv", ".csv", ".json"}
)

// LabelTables are the names that the table of a label map may have beside it: its own
// name with another ending. None for what is no label map by its name.
func LabelTables(labels string) []string {
	stem, ok := withoutEnding(labels, labelMaps)
	if !ok {
		return nil
	}
	return withEndings(stem, labelTables)
}

// LabelMapsOf are the names of the label maps of which a file may be the table; none for
// what is no table by its name.
func LabelMapsOf(table string) []string {
	stem, ok := withoutEnding(table, labelTables)
	if !ok {
		return nil
	}
	return withEndings(stem, labelMaps)
}

func withoutEnding(name string, endings []string) (stem string, ok bool) {
	lower := strings.ToLower(name)
	for _, ending := range endings {
		if strings.HasSuffix(lower, ending) && len(lower) == len(name) {
			stem = name[:len(name)-len(ending)]
			return stem, stem != "" && !strings.HasSuffix(stem, "/")
		}
	}
	return "", false
}

func withEndings(stem string, endings []string) []string {
	out := make([]string, len(endings))
	for i, ending := range endings {
		out[i] = stem + ending
	}
	return out
}
