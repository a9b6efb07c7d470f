package job

// Meshed is MeshObject: what the mesh stage leaves in the work bucket, last of
// all, for settle to publish.
type Meshed struct {
	Artifacts  []Artifact  `json:"artifacts"`
	Structures []Structure `json:"structures"`
	Warnings   []Notice    `json:"warnings"`
}
