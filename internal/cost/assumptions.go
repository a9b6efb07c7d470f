package cost

import "time"

// Assumption is one number on which the estimate rests. Guess says that nobody measured it
// where it matters; Low and High are between which it may lie.
type Assumption struct {
	Name   string  `json:"name"`
	What   string  `json:"what"`
	Unit   string  `json:"unit"`
	Value  float64 `json:"value"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Source string  `json:"source"`
	Guess  bool    `json:"guess"`
	set    func(*Use, float64)
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

// Assumptions are all that Base rests on besides prices and the template's parameters.
var Assumptions = []Assumption{
	{"warm-up", "an instance is paid from the wish to have it to its first scan", "s", 134, 90, 381,
		"AWS, 16 June 2026: 134 s (median) with its cache of images for ml.g4dn.xlarge and an image of 15.7 GB, 381 s without; ours has 4 GB", true,
		func(u *Use, v float64) { u.WarmUp = seconds(v) }},
	{"segment", "one CT of 512×512×300 voxels on the T4, 1.5 mm: 135 tiles at 0.5 s, and 7.6 s", "s", 75, 35, 240,
		"tiles and the 7.6 s measured on two processors; the seconds a tile are a guess: 0.2 to 1, and 240 s as TotalSegmentator's own times on an RTX 3090 suggest", true,
		func(u *Use, v float64) { u.Segment = seconds(v) }},
	{"stages", "prepare and mesh together, in functions of 3,008 MB", "s", 50, 20, 100,
		"about 20 s on two processors of another kind (docs/benchmarks.md), arm64 of Lambda not measured", true,
		func(u *Use, v float64) { u.StageSeconds = v }},
	{"upload", "a scan as it is sent", "MB", 100, 30, 300, "a CT of 512×512×300 in gzip has 80 to 120 MB; folders of DICOM 157", true,
		func(u *Use, v float64) { u.UploadMB = v }},
	{"results", "everything that is kept of a job", "MB", 40, 10, 200,
		"model.glb has 12 MB after decimation (docs/benchmarks.md); with decimate=none 160", true,
		func(u *Use, v float64) { u.ResultsMB = v }},
	{"image", "the model's images in ECR, compressed, the last one and the one before", "GB", 5, 3, 8,
		"4.0 GB of packages after slimming (docs/deploy.md), compressed about 2.3, and 0.9 GB of weights twice; nobody pushed one", true,
		func(u *Use, v float64) { u.ImageGB = v }},
}

// Base is a deployment with the template's defaults and the assumptions as they are: 100
// scans in a month, each by itself.
func Base() Use {
	u := Use{
		USDPerHour: Instances[0].USDPerHour, Linger: 2 * time.Minute, Intent: 10 * time.Minute, Jobs: 100, Together: 1,
		StageMB: 3008, UploadDays: 30, ResultDays: 90, Zones: 1, Alarms: 12, // the template's ten, and the two that target tracking makes
	}
	for _, a := range Assumptions {
		a.set(&u, a.Value)
	}
	return u
}

// Effect is what a number does to the estimate.
type Effect struct {
	Alone float64 `json:"job_alone"`
	Burst float64 `json:"job_of_ten"`
	Month float64 `json:"month"`
	Idle  float64 `json:"idle_month"`
}

// burst is the size of the bursts that are told beside single scans.
const burst = 10

// EffectOf prices a use, alone and ten at once.
func EffectOf(u Use) Effect {
	u.Together = 1
	e := Of(u)
	u.Together = burst
	return Effect{e.Alone, Of(u).Each, e.Month, e.Idle}
}

// Range is what becomes of the estimate at the ends of an assumption.
type Range struct {
	Assumption
	AtLow  Effect `json:"at_low"`
	AtHigh Effect `json:"at_high"`
}

// Sensitivity moves each assumption alone to both of its ends.
func Sensitivity(u Use) (all []Range) {
	for _, a := range Assumptions {
		low, high := u, u
		a.set(&low, a.Low)
		a.set(&high, a.High)
		all = append(all, Range{a, EffectOf(low), EffectOf(high)})
	}
	return all
}

// Change is one thing that an operator or a builder could do.
type Change struct {
	Name string `json:"name"`
	Effect
	set func(*Use)
}

// changes are single ones, each alone.
var changes = []Change{
	{Name: "LingerSeconds=0", set: func(u *Use) { u.Linger = 0 }},
	{Name: "the 3 mm model (fast): 4 tiles instead of 135", set: func(u *Use) { u.Segment = seconds(outside + (u.Segment.Seconds()-outside)*4/tiles) }},
	{Name: "InstanceType=ml.g6.xlarge", set: func(u *Use) { u.USDPerHour, u.Segment = Instances[1].USDPerHour, Instances[1].Segment }},
	{Name: "a warm-up of 60 s: an image half as large", set: func(u *Use) { u.WarmUp = time.Minute }},
	{Name: "UploadDays=1", set: func(u *Use) { u.UploadDays = 1 }},
	{Name: "the same seconds at the price of EC2 instead of SageMaker", set: func(u *Use) { u.USDPerHour = price("EC2 g4dn.xlarge") }},
	{Name: "the same seconds at SageMaker's managed Spot, 60 % less", set: func(u *Use) { u.USDPerHour *= 0.4 }},
	{Name: "the same seconds on an EC2 Spot instance", set: func(u *Use) { u.USDPerHour = price("EC2 g4dn.xlarge Spot") }},
}

// Changes is what each single change would come to.
func Changes(u Use) (all []Change) {
	for _, c := range changes {
		v := u
		c.set(&v)
		c.Effect = EffectOf(v)
		all = append(all, c)
	}
	return all
}
