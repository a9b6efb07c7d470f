package job

import (
	"cmp"
	"slices"
)

// ShowScan lists the picture of the scan that prepare has made, while the job still runs,
// in the place of one that an earlier attempt made, perhaps of another series. nil: there
// is none.
func (r *Record) ShowScan(picture *Artifact) {
	others := slices.DeleteFunc(slices.Clone(r.Artifacts), isScan)
	if picture != nil {
		others = slices.Insert(others, 0, *picture)
	}
	r.Artifacts = others
}

// Publish lists what an attempt has made, and shows it. The picture of the scan stays: it
// is that of the last attempt that prepared the upload, which a remesh does not do.
func (r *Record) Publish(attempt int, made []Artifact) {
	pictures := slices.DeleteFunc(slices.Clone(r.Artifacts), func(a Artifact) bool { return !isScan(a) })
	r.Artifacts, r.Shown = append(pictures, made...), attempt
}

func isScan(a Artifact) bool { return a.Name == ScanPNG }

// ArtifactKey is the key, in the results bucket, of an artifact of the record.
func (r Record) ArtifactKey(a Artifact) string {
	return Key(r.ID, cmp.Or(a.Attempt, r.Shown), a.Name)
}
