// Package cost estimates what a deployment on AWS costs. In: a price per hour, times, and
// how much is done in a month. Out: USD for a job, a month, an idle month, and an
// announced upload that never comes. No errors: what cannot be priced is refused by
// Use.Check.
//
// It is an estimate: prices are those of the tables below, and times of segmentation on
// AWS's instances are guesses until somebody has measured them there.
package cost

import (
	"fmt"
	"math"
	"time"
)

// Instance is a kind of SageMaker instance with one GPU.
type Instance struct {
	Type       string
	GPU        string
	USDPerHour float64
	Segment    time.Duration // a guess at one TotalSegmentator run of 1.5 mm
}

// Where the prices are from.
const (
	PricedAt = "November 2026"
	Region   = "us-east-1"
	Source   = "public price tables that agree with each other, not AWS's own list"
)

// Instances are those that are priced; the first is the template's.
var Instances = []Instance{
	{"ml.g4dn.xlarge", "T4", 0.7364, 240 * time.Second},
	{"ml.g6.xlarge", "L4", 1.1267, 130 * time.Second},
	{"ml.g5.xlarge", "A10G", 1.408, 110 * time.Second},
}

// Find is the instance of a type.
func Find(name string) (Instance, bool) {
	for _, i := range Instances {
		if i.Type == name {
			return i, true
		}
	}
	return Instance{}, false
}

// Prices of what a job uses besides the GPU, in USD (us-east-1).
const (
	perTransition = 0.025 / 1000 // Step Functions, standard
	perGBSecond   = 0.0000133334 // Lambda on arm64
	perGBMonth    = 0.023        // S3 Standard
	perImageGB    = 0.10         // ECR, a month
	perRequests   = 0.0006       // DynamoDB, S3, SNS, API and logs of one job together, rounded up
)

// What one job does, and the janitor in a month.
const (
	transitions   = 14               // of a scan that lingers once
	stageSeconds  = 50               // prepare and mesh of a CT of 512×512×400 together
	glimpseSecs   = 8                // the first look at a CT of 512×512×300, whose processor time is 3.2 s (docs/benchmarks.md)
	glimpseCalls  = 8e-6             // its invocation, its reads of the record and the volume, its write, and the record's
	retention     = 3                // months for which results are kept
	janitorPeriod = 5 * time.Minute  // a dead upload's instance is found then at the latest
	month         = 730 * time.Hour  // 365 days / 12
	sweeps        = 730 * 60 / 5     // of the janitor in a month
	sweepSeconds  = 0.2              // each, in a function of 256 MB
	perSweep      = 2e-7 + 4*1.25e-7 // its invocation and its reads of the table
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
	ImageGB    float64       // of the model in ECR
	JobMB      float64       // stored of a job: upload, volume, results
	StageMB    float64       // memory of prepare and mesh
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
		{"together", float64(u.Together), 1, 1e5}, {"image-gb", u.ImageGB, 0, 100}, {"job-mb", u.JobMB, 0, 20_000}, {"stage-memory", u.StageMB, 512, 10_240},
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
	AlwaysOn    float64 `json:"gpu_always_on"`  // a month of an instance that never sleeps, to compare
	Saved       float64 `json:"seconds_sooner"` // a job that comes by itself is ready so much sooner, at most
}

// Of prices a use that passes Check.
func Of(u Use) Estimate {
	p := u.USDPerHour / 3600
	warm, segment, linger := u.WarmUp.Seconds(), u.Segment.Seconds(), u.Linger.Seconds()
	n := float64(u.Together)
	e := Estimate{
		GPUAlone:    p * (warm + segment + linger),
		GPUTogether: p * (warm + n*segment + linger) / n,
		Functions:   transitions*perTransition + stageSeconds*u.StageMB/1024*perGBSecond + perRequests,
		Glimpse:     glimpseSecs*u.StageMB/1024*perGBSecond + glimpseCalls,
		Storage:     u.JobMB / 1024 * perGBMonth * retention,
		Idle:        u.ImageGB*perImageGB + sweeps*(sweepSeconds*0.25*perGBSecond+perSweep),
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
