package job

import "time"

// These are the payloads between states. They hold keys and numbers, never content or
// names.

// Where an execution begins.
const (
	FromPrepare = "prepare"
	FromMesh    = "mesh" // for a remesh, whose label map exists already
)

// Execution is the input of one execution of the scan workflow.
type Execution struct {
	Job     string `json:"job"`
	Attempt int    `json:"attempt"`
	From    string `json:"from"`
}

// StageInput is what Prepare and Mesh take, and the base of the others.
type StageInput struct {
	Job     string `json:"job"`
	Attempt int    `json:"attempt"`
}

// PrepareOutput is the answer of Prepare. Ready is false while a folder still receives
// slices. Labels is true when the upload is a label map, which needs no GPU. Gone is true
// when the job was cancelled or erased.
type PrepareOutput struct {
	Ready  bool `json:"ready"`
	Labels bool `json:"labels"`
	Gone   bool `json:"gone"`
}

// GPU actions.
const (
	ActionAcquire = "acquire"
	ActionRelease = "release"
	ActionPark    = "park"
	ActionWarm    = "warm"    // wakes the GPU by hand, until park_at
	ActionBudget  = "budget"  // puts a budget stop in force, which parks the GPU
	ActionUnblock = "unblock" // lifts the budget stop
	ActionStatus  = "status"
	ActionIntend  = "intend" // wakes the GPU for a job whose scan is being uploaded
	ActionForget  = "forget" // lets it go again: the upload was given up
)

// GPUInput asks the gpu function for one action. Holder is an execution name, for acquire
// and release. Job and Until, RFC 3339, are of an intent.
type GPUInput struct {
	Action string    `json:"action"`
	Holder string    `json:"holder,omitempty"`
	Job    string    `json:"job,omitempty"`
	Until  time.Time `json:"until,omitzero"`
}

// GPUOutput is the gpu function's answer. ParkAt is RFC 3339 in whole seconds, rounded
// up. Empty says that nobody holds the lease. GPUStatus is set for the action status
// only.
type GPUOutput struct {
	ParkAt  string `json:"park_at"`
	Empty   bool   `json:"empty"`
	Desired int    `json:"desired"`
	*GPUStatus
}

// GPUStatus is what people ask of the GPU.
type GPUStatus struct {
	Endpoint   string   `json:"endpoint"`  // its status in SageMaker's words
	Current    int      `json:"current"`   // instances in service
	Holders    []string `json:"holders"`   // execution names
	Queue      int      `json:"queue"`     // a holder has one request queued or running, so holders are the queue
	Blocked    bool     `json:"blocked"`   // a budget stop is in force
	Announced  int      `json:"announced"` // uploads on their way, for which the GPU is kept awake
	USDPerHour float64  `json:"usd_per_hour"`
}

// SegmentInput starts the asynchronous request; Token is the task token.
type SegmentInput struct {
	Job     string `json:"job"`
	Attempt int    `json:"attempt"`
	Token   string `json:"token"`
}

// SegmentOutput is the output of SendTaskSuccess. Gone is true when the job was
// cancelled or erased.
type SegmentOutput struct {
	Labels string `json:"labels,omitempty"` // key in the work bucket
	Gone   bool   `json:"gone,omitempty"`
}

// MeshOutput ends the mesh stage.
type MeshOutput struct {
	Gone bool `json:"gone,omitempty"`
}

// Settle actions.
const (
	ActionPublish = "publish"
	ActionSettle  = "settle"
)

// SettleInput records an ending. Error is the raw error of the state that failed.
type SettleInput struct {
	Action  string     `json:"action"`
	Job     string     `json:"job"`
	Attempt int        `json:"attempt"`
	Error   *TaskError `json:"error,omitempty"`
}

// TaskError is an error as Step Functions hands it to a Catch.
type TaskError struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"`
}

// SettleOutput says how the job ended; the workflow's Outcome reads it.
type SettleOutput struct {
	Status Status `json:"status"`
}

// ExportInput asks for structures of a ready job in another format.
type ExportInput struct {
	Job        string   `json:"job"`
	Attempt    int      `json:"attempt"`
	Format     string   `json:"format"`
	Structures []string `json:"structures,omitempty"`
}
