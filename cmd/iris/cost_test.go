package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// iris cost says that it estimates, from which prices of when, and what each line is of.
func TestCost(t *testing.T) {
	out, err := iris(t, "cost")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"an estimate", "ml.g4dn.xlarge at 0.7364 USD an hour, us-east-1, November 2026", "not AWS's own list",
		"a scan by itself", "a label map", "no GPU", "a month without a scan", "a month of 100 scans",
		"an upload that dies      0.1841 USD    at most: the GPU was woken for it, stays up 10m0s",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	if out, err := iris(t, "cost", "--warm-on-intent", "0s", "--together", "10"); err != nil || strings.Contains(out, "an upload that dies") || !strings.Contains(out, "each of 10 at once") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = iris(t, "cost", "--prices", "--sensitivity")
	for _, want := range []string{"confirmed by", "nobody", "segment: one CT of 512×512×300 voxels on the T4", "(a guess)", "LingerSeconds=0"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%q is missing: %v\n%s", want, err, out)
		}
	}
	out, err = iris(t, "cost", "--json", "--prices", "--sensitivity")
	var all struct {
		Prices      []struct{ Source string }
		Sensitivity []struct {
			Name  string
			AtLow struct{ Month float64 } `json:"at_low"`
		}
		Changes []struct {
			Name  string
			Alone float64 `json:"job_alone"`
		}
	}
	if err != nil || json.Unmarshal([]byte(out), &all) != nil || len(all.Prices) == 0 || all.Prices[0].Source == "" || len(all.Sensitivity) == 0 || all.Sensitivity[0].AtLow.Month == 0 || len(all.Changes) == 0 || all.Changes[0].Alone == 0 {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = iris(t, "cost", "--json", "--instance", "ml.p9.large", "--price", "3.6", "--segment", "20s", "--jobs", "0")
	var e struct {
		Instance string
		Price    float64 `json:"usd_per_hour"`
		Estimate bool
		Month    float64
		Idle     float64 `json:"idle_month"`
		Alone    float64 `json:"gpu_alone"`
	}
	if err != nil || json.Unmarshal([]byte(out), &e) != nil || e.Instance != "ml.p9.large" || e.Price != 3.6 || !e.Estimate || e.Month != e.Idle || math.Abs(e.Alone-0.274) > 1e-9 {
		t.Errorf("%v %+v\n%s", err, e, out)
	}
	for _, c := range []struct{ want, flags string }{
		{`bad_option: --instance "x" is not priced here: want one of ml.g4dn.xlarge`, "--instance x"},
		{`is not priced here`, "--instance x --price 1"},
		{"bad_option: --jobs: -1", "--jobs -1"},
		{"bad_option: --price: NaN", "--price NaN"},
		{"bad_option: --together: 0", "--together 0"},
		{"bad_option: --linger: 7200", "--linger 2h"},
	} {
		if _, err := iris(t, append([]string{"cost"}, strings.Fields(c.flags)...)...); exitCode(err) != exitUsage || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.flags, err, c.want)
		}
	}
}
