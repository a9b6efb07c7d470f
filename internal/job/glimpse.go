package job

import "slices"

// GlimpseGLB is the first look at a scan: surfaces of a segmentation that takes seconds and
// no GPU, shown until the model is there. It is listed as provisional, and only while its
// attempt runs.

// WantsGlimpse says whether a prepared attempt is to have a first look: a CT that waits for
// a model. The tissue model itself is as quick, and labels that were uploaded are quicker.
func (r Record) WantsGlimpse() bool {
	task := r.Options.Task
	return r.From != FromMesh && r.Options.Modality == "CT" && task != TaskTissue && task != TaskLabels
}

// TakesGlimpse says whether the first look of an attempt may be listed: it runs, and wants
// one.
func (r Record) TakesGlimpse(attempt int) bool {
	return r.Attempt == attempt && !r.Erased && !r.Status.Ended() && r.WantsGlimpse()
}

// ShowGlimpse lists the first look, or says why there is none.
func (r *Record) ShowGlimpse(glimpse *Artifact, none *Notice) {
	r.dropProvisional()
	if r.NoGlimpse = none; glimpse != nil {
		at := slices.IndexFunc(r.Artifacts, isScan) + 1
		r.Artifacts = slices.Insert(r.Artifacts, at, *glimpse)
	}
}

// HasGlimpse says whether the first look of an attempt is listed.
func (r Record) HasGlimpse(attempt int) bool {
	return slices.ContainsFunc(r.Artifacts, func(a Artifact) bool { return a.Name == GlimpseGLB && a.Attempt == attempt })
}

// dropProvisional takes away what is shown only until an attempt ends. Records that were
// read before keep theirs.
func (r *Record) dropProvisional() {
	r.NoGlimpse = nil
	r.Artifacts = slices.DeleteFunc(slices.Clone(r.Artifacts), func(a Artifact) bool { return a.Provisional })
}
