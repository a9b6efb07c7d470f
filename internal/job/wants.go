package job

// TaskTissue is the task of the embedded model, which needs no GPU.
const TaskTissue = "tissue"

// WantsGPU says whether a new job will ask for the GPU, as far as that is known before
// its scan has been looked at: not a label map, and not with the embedded model.
func (o Options) WantsGPU(tasks []string) bool {
	task := o.Task
	if (task == TaskAuto || task == "") && len(tasks) == 1 {
		task = tasks[0]
	}
	return task != TaskLabels && task != TaskTissue && len(tasks) > 0
}
