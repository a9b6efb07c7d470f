package prepare

import (
	"errors"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

func TestResolve(t *testing.T) {
	all := []string{"total", "total_mr"}
	tests := []struct {
		name           string
		task, modality string
		tasks          []string
		wantTask, code string
		units          units
	}{
		{"the only task", "auto", "CT", []string{"tissue"}, "tissue", "", 0},
		{"by modality CT", "auto", "CT", all, "total", "", 0},
		{"by modality MR", "auto", "MR", all, "total_mr", "", 0},
		{"the other model for CT", "auto", "CT", []string{"total_v3", "total_mr", "face"}, "total_v3", "", 0},
		{"nobody knows what it is", "auto", "", all, "", "unknown_modality", 0},
		{"no model for it", "auto", "PT", all, "", "unsupported_modality", 0},
		{"no model at all", "auto", "CT", []string{"labels"}, "", "no_model", 0},
		{"a task for another modality", "total", "MR", all, "", "wrong_modality", 0},
		{"a CT task and no units", "tissue", "", []string{"tissue"}, "", "not_hounsfield", 0},
		{"a CT by its owner's word, and no units", "tissue", "CT", []string{"tissue"}, "", "not_hounsfield", unitsOther},
		{"a CT with its units", "tissue", "CT", []string{"tissue"}, "tissue", "", unitsHounsfield},
		{"an MR by its owner's word, in Hounsfield units", "total_mr", "MR", all, "", "wrong_modality", unitsHounsfield},
		{"an MR", "total_mr", "MR", all, "total_mr", "", unitsOther},
		{"a task of the model before", "tissue", "CT", all, "", "bad_option", unitsHounsfield},
		{"an MR task says what the scan is", "total_mr", "", all, "total_mr", "", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			task, _, err := resolve(job.Options{Task: test.task}, test.tasks, Report{Modality: test.modality, Units: test.units})
			code := ""
			var rejected *job.RejectedError
			var unsupported *job.UnsupportedError
			switch {
			case errors.As(err, &rejected):
				code = rejected.Code
			case errors.As(err, &unsupported):
				code = unsupported.Code
			}
			if rejected != nil && strings.Contains(rejected.Message, "modality=CT") && test.modality != "MR" {
				t.Errorf("advice that cannot help: %s", rejected.Message)
			}
			if task != test.wantTask || code != test.code {
				t.Errorf("resolve = %q, %v; want %q, code %q", task, err, test.wantTask, test.code)
			}
		})
	}
}

// A structure that the task does not make is refused here, before the GPU wakes,
// also when the scan itself decided which task it is.
func TestResolveJudgesStructures(t *testing.T) {
	all := []string{"total", "total_mr"}
	_, _, err := resolve(job.Options{Task: "auto", Structures: []string{"rib_left_1", "gills"}}, all, Report{Modality: "CT", Units: unitsHounsfield})
	if err == nil || !strings.Contains(err.Error(), `task total makes no "gills"`) {
		t.Errorf("%v", err)
	}
	// The same rib is no structure of the MR task.
	_, _, err = resolve(job.Options{Task: "auto", Structures: []string{"rib_left_1"}}, all, Report{Modality: "MR", Units: unitsOther})
	if err == nil || !strings.Contains(err.Error(), `task total_mr makes no "rib_left_1"`) {
		t.Errorf("%v", err)
	}
	if task, _, err := resolve(job.Options{Task: "auto", Structures: []string{"liver"}}, all, Report{Modality: "CT", Units: unitsHounsfield}); err != nil || task != "total" {
		t.Errorf("%s, %v", task, err)
	}
}
