package prepare

import (
	"slices"
	"strings"

	"github.com/iris-oculus/iris/internal/job"
)

// byModality lists the tasks for `auto`, by modality. The first that the model server has
// is chosen.
var byModality = map[string][]string{"CT": {"total", "total_v3"}, "MR": {"total_mr"}}

// needs is the modality that a task was made for. Models of this family say MR
// in the names of those that are not for CT.
func needs(task string) string {
	if strings.HasSuffix(task, "_mr") {
		return "MR"
	}
	return "CT"
}

// resolve finds the task and the modality (DESIGN.md §4, Options). It refuses a scan of
// unknown modality, unless the task tells it, and a scan that every model server would
// refuse, so that the GPU is not woken for it.
func resolve(o job.Options, tasks []string, found Report) (task, modality string, err error) {
	task, modality = o.Task, found.Modality
	if task == job.TaskAuto || task == "" {
		if task, err = auto(tasks, modality); err != nil {
			return "", "", err
		}
	}
	if !slices.Contains(tasks, task) { // a retry, and the deployment has another model since
		return "", "", job.Reject("bad_option", "option task: %s cannot be done here: want auto, labels or one of %s", task, strings.Join(tasks, ", "))
	}
	if err := o.CheckTask(task); err != nil {
		return "", "", err
	}
	want := needs(task)
	switch {
	case modality != want && modality != "":
		return "", "", job.Reject("wrong_modality", "the scan is %s and task %s is for %s: choose another task, or say modality=%s if the scan is one",
			modality, task, want, want)
	case want == "CT" && (found.Units == unitsOther || modality == ""):
		return "", "", job.Reject("not_hounsfield",
			"the values do not look like Hounsfield units, which task %s needs: send the CT in Hounsfield units, not as a picture or normalised", task)
	case want == "MR" && found.Units == unitsHounsfield:
		return "", "", job.Reject("wrong_modality", "the values are Hounsfield units, so the scan is a CT, and task %s is for MR: choose another task", task)
	}
	return task, want, nil // MR has no units to tell it by
}

func auto(tasks []string, modality string) (string, error) {
	switch {
	case len(tasks) == 1 && tasks[0] == job.TaskLabels:
		return "", &job.UnsupportedError{Code: "no_model", Message: "no model is deployed here: only label maps become models (task=labels)"}
	case len(tasks) == 1:
		return tasks[0], nil
	}
	if modality == "" {
		return "", job.Reject("unknown_modality", "a NIfTI file does not say what it is, and the values are no Hounsfield units: say modality=MR if it is an MR, or send a CT in Hounsfield units")
	}
	for _, task := range byModality[modality] {
		if slices.Contains(tasks, task) {
			return task, nil
		}
	}
	return "", &job.UnsupportedError{Code: "unsupported_modality", Message: "there is no model for " + modality + " scans here"}
}
