// Package cost estimates what a deployment on AWS costs. In: a price per hour, times, and
// how much is done in a month. Out: USD for a job, a month, an idle month, and an
// announced upload that never comes. No errors: what cannot be priced is refused by
// Use.Check.
//
// It is an estimate: Prices says where each price is from and that nobody confirmed it, and
// Assumptions which times and sizes are measured, which are guesses, and between which
// bounds. Sensitivity moves each alone.
package cost

import (
	"fmt"
	"math"
	"time"
)

// What one job does, and the janitor in a month.
const (
	transitions   = 14   // of a scan that lingers once
	glimpseSecs   = 8    // the first look at a CT of 512×512×300, whose processor time is 3.2 s (docs/benchmarks.md)
	glimpseCalls  = 8e-6 // its invocation, its reads of the record and the volume, its write, and the record's
	workDays      = 14   // for which the prepared volume and the labels are kept
	daysOfMonth   = 365.0 / 12
	freeAlarms    = 10
	firewallRules = 4               // of Profile=hipaa
	janitorPeriod = 5 * time.Minute // a dead upload's instance is found then at the latest
	month         = 730 * time.Hour // 365 days / 12
	sweeps        = 730 * 60 / 5    // of the janitor in a month
	sweepSeconds  = 0.2             // each, in a function of 256 MB
	sweepReads    = 4               // of the table
)

// Use is what is priced.
type Use struct {
	USDPerHour float64       // of one instance
	WarmUp     time.Duration // billed from the wish to have an instance to its first job
	Segment    time.Duration // of one job on the GPU
	Linger     time.Duration // the instance stays up after the last job
	Intent     time.Duration // and for an upload that was announced; 0: it is not woken
	Jobs       int           // in a month, spread evenly
	Together   int           // jobs that come at once and share a warm-up; at least 1
	ImageGB    float64       // of the model's images in ECR

	UploadMB, ResultsMB    float64 // a scan, as sent and as prepared; what is kept of a job
	UploadDays, ResultDays int     // for which they are kept
	StageMB                float64 // memory of prepare and mesh
	StageSeconds           float64 // of both together
	Zones, Alarms          int     // hosted zones and alarms of the account
}

// Check refuses what is no use of a deployment.
func (u Use) Check() error {
	for _, v := range []struct {
		name      string
		value     float64
		low, high float64
	}{
		{"price", u.USDPerHour, 0, 1000}, {"warm-up", u.WarmUp.Seconds(), 0, 3600}, {"segment", u.Segment.Seconds(), 0, 3600},
		{"linger", u.Linger.Seconds(), 0, 3600}, {"warm-on-intent", u.Intent.Seconds(), 0, 3600}, {"jobs", float64(u.Jobs), 0, 1e7},
		{"together", float64(u.Together), 1, 1e5}, {"image-gb", u.ImageGB, 0, 100}, {"upload-mb", u.UploadMB, 0, 5120}, {"results-mb", u.ResultsMB, 0, 20_000},
		{"upload-days", float64(u.UploadDays), 0, 3650}, {"retention-days", float64(u.ResultDays), 0, 3650}, {"stage-memory", u.StageMB, 512, 10_240},
		{"stage-seconds", u.StageSeconds, 0, 1800}, {"zones", float64(u.Zones), 0, 100}, {"alarms", float64(u.Alarms), 0, 1000},
	} {
		if !(v.value >= v.low && v.value <= v.high) {
			return fmt.Errorf("%s: %g: want %g to %g", v.name, v.value, v.low, v.high)
		}
	}
	return nil
}

// Estimate is in USD.
type Estimate struct {
	GPUAlone    float64 `json:"gpu_alone"`      // GPU of a job that comes by itself: warm-up, segmentation, linger
	GPUTogether float64 `json:"gpu_together"`   // GPU of each of Together jobs
	Functions   float64 `json:"functions"`      // workflow and functions of one job
	Glimpse     float64 `json:"glimpse"`        // the first look at a CT while it waits
	Storage     float64 `json:"storage"`        // of one job, for as long as it is kept
	Labels      float64 `json:"label_map"`      // a job that is a label map: no GPU
	Alone       float64 `json:"job_alone"`      // all of a job that comes by itself
	Each        float64 `json:"job_together"`   // all of each of Together jobs
	Month       float64 `json:"month"`          // Jobs in a month, and the idle month
	Idle        float64 `json:"idle_month"`     // a month without a job
	DeadUpload  float64 `json:"dead_upload"`    // an announced upload that never comes, at most
	Hipaa       float64 `json:"hipaa_adds"`     // to an idle month, Profile=hipaa: a key and a firewall
	AlwaysOn    float64 `json:"gpu_always_on"`  // a month of an instance that never sleeps, to compare
	Saved       float64 `json:"seconds_sooner"` // a job that comes by itself is ready so much sooner, at most
}

// Of prices a use that passes Check.
func Of(u Use) Estimate {
	p := u.USDPerHour / 3600
	warm, segment, linger := u.WarmUp.Seconds(), u.Segment.Seconds(), u.Linger.Seconds()
	n := float64(u.Together)
	function := u.StageMB / 1024 * price("Lambda arm64") // a second of it
	sweep := sweepSeconds*0.25*price("Lambda arm64") + price("Lambda request") + sweepReads*price("DynamoDB read")
	e := Estimate{
		GPUAlone:    p * (warm + segment + linger),
		GPUTogether: p * (warm + n*segment + linger) / n,
		Functions:   transitions*price("Step Functions transition") + u.StageSeconds*function + price("requests of a job"),
		Glimpse:     glimpseSecs*function + glimpseCalls,
		Storage:     u.stored() * price("S3 Standard"),
		Idle:        u.ImageGB*price("ECR") + sweeps*sweep + float64(u.Zones)*price("Route 53 zone") + float64(max(0, u.Alarms-freeAlarms))*price("CloudWatch alarm"),
		Hipaa:       price("KMS key") + price("WAF web ACL") + firewallRules*price("WAF rule"),
		AlwaysOn:    u.USDPerHour * month.Hours(),
	}
	e.Labels = e.Functions + e.Storage
	e.Alone, e.Each = e.GPUAlone+e.Glimpse+e.Labels, e.GPUTogether+e.Glimpse+e.Labels
	if u.Intent > 0 {
		e.DeadUpload = p * (u.Intent + janitorPeriod).Seconds()
		e.Saved = warm
	}
	e.Month = e.Idle + float64(u.Jobs)*(e.gpu(u)+e.Glimpse+e.Labels)
	return e
}

// stored is what one job stores, in GB-months: the upload, the volume that is prepared of it
// and is as large, and the results.
func (u Use) stored() float64 {
	return (u.UploadMB*float64(u.UploadDays) + u.UploadMB*workDays + u.ResultsMB*float64(u.ResultDays)) / 1024 / daysOfMonth
}

// gpu is the GPU's cost of each of the month's jobs. Groups of Together jobs come at
// random moments: one that finds the instance of the one before still up needs no
// warm-up, and one that comes while it lingers ends that linger (a Poisson process of
// rate λ: the chance that none comes within the linger L is e^(-λL), and the expected
// linger is (1-e^(-λL))/λ).
func (e Estimate) gpu(u Use) float64 {
	if u.Jobs == 0 {
		return 0
	}
	p, n, linger := u.USDPerHour/3600, float64(u.Together), u.Linger.Seconds()
	rate := float64(u.Jobs) / n / month.Seconds()
	lingers := linger
	if rate*linger > 1e-9 {
		lingers = (1 - math.Exp(-rate*linger)) / rate
	}
	return p * (u.Segment.Seconds() + (math.Exp(-rate*linger)*u.WarmUp.Seconds()+lingers)/n)
}
