package prepare

import (
	"errors"
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
	}{
		{"the only task", "auto", "CT", []string{"tissue"}, "tissue", ""},
		{"by modality CT", "auto", "CT", all, "total", ""},
		{"by modality MR", "auto", "MR", all, "total_mr", ""},
		{"the other model for CT", "auto", "CT", []string{"total_v3", "total_mr", "face"}, "total_v3", ""},
		{"nobody knows what it is", "auto", "", all, "", "unknown_modality"},
		{"no model for it", "auto", "PT", all, "", "unsupported_modality"},
		{"no model at all", "auto", "CT", []string{"labels"}, "", "no_model"},
		{"a task for another modality", "total", "MR", all, "", "wrong_modality"},
		{"a CT task and no units", "tissue", "", []string{"tissue"}, "", "not_hounsfield"},
		{"an MR task says what the scan is", "total_mr", "", all, "total_mr", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			task, _, err := resolve(job.Options{Task: test.task}, test.tasks, Report{Modality: test.modality})
			code := ""
			var rejected *job.RejectedError
			var unsupported *job.UnsupportedError
			switch {
			case errors.As(err, &rejected):
				code = rejected.Code
			case errors.As(err, &unsupported):
				code = unsupported.Code
			}
			if task != test.wantTask || code != test.code {
				t.Errorf("resolve = %q, %v; want %q, code %q", task, err, test.wantTask, test.code)
			}
		})
	}
}
