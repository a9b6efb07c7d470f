package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/iris-oculus/iris/internal/job"
)

// An error of a service or a job is followed by what the list of codes advises.
func TestHints(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{refusal(404, []byte(`{"code":"no_artifact","detail":"x"}`)), "GET the job: artifacts lists those that it has."},
		{badEnding(jobView{Status: job.Rejected, Error: &job.Notice{Code: "multiple_series", Message: "x"}}), "Retry with series=N; the message lists them."},
		{badEnding(jobView{Status: job.Cancelled}), "Send the scan again if it is wanted."},
		{fmt.Errorf("%w\nmore", refusal(409, []byte(`{"code":"conflict","detail":"x"}`))), "GET the job; the message says when it is allowed."},
		{usage("no_output: x"), ""},
		{errors.New("download: storage refused"), ""},
		{errors.New("a_code_of_tomorrow: x"), ""},
		{refusal(502, []byte("<html>")), ""},
	} {
		if got := hint(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
