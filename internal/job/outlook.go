package job

import "time"

// GPUState is how the GPU is. It is written by those who change that, and told to people;
// nothing is decided on it. The zero value says that it is not known.
type GPUState struct {
	State GPUWord
	Since time.Time // whole seconds
}

// GPUWord is a state of the GPU in one word.
type GPUWord string

// The states of the GPU.
const (
	GPUAsleep GPUWord = "asleep" // no instance is told to run
	GPUWaking GPUWord = "waking" // one is, and is not in service yet
	GPUWarm   GPUWord = "warm"   // one is in service
)

// Progress is what the model server has counted of one request's work. The zero value says
// that nothing was counted.
type Progress struct {
	Done  int    `json:"done"`
	Total int    `json:"total"`
	Unit  string `json:"unit"`
	// At is when that was so, by the clock of whoever stored it.
	At time.Time `json:"at,omitzero"`
}

// maxProgress bounds a count: a scan of 4096 voxels along each axis has fewer tiles.
const maxProgress = 1 << 20

// Sound says whether the numbers can be what they say, and the unit is a plain word.
func (p Progress) Sound() bool {
	if p.Total < 1 || p.Total > maxProgress || p.Done < 0 || p.Done > p.Total || p.Unit == "" || len(p.Unit) > 16 {
		return false
	}
	for i := range len(p.Unit) {
		if p.Unit[i] < 'a' || p.Unit[i] > 'z' {
			return false
		}
	}
	return true
}

// Coming are the stages that are still before a job, in their order. Whether it will wait
// for the GPU depends on how that is.
func (r Record) Coming(gpu GPUWord) (stages []Status) {
	if r.Status.Ended() {
		return nil
	}
	for _, stage := range []Status{Received, Preparing, Warming, Segmenting, Meshing} {
		switch {
		case stage.Rank() <= r.Status.Rank():
		case r.From == FromMesh && stage != Received && stage != Meshing:
		case r.Options.Task == TaskLabels && (stage == Warming || stage == Segmenting):
		case stage == Warming && gpu != GPUAsleep && gpu != GPUWaking:
		default:
			stages = append(stages, stage)
		}
	}
	return stages
}

// NeedsGPU says whether a job holds the GPU or will ask for it.
func (r Record) NeedsGPU() bool {
	return r.Status.Rank() <= Segmenting.Rank() && r.From != FromMesh && r.Options.Task != TaskLabels
}
