package cost

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// t4 is what shared/research/aws-design.md §6 prices: a T4 with its image cached, 240 s a
// job.
var t4 = Use{
	USDPerHour: 0.7364, WarmUp: 134 * time.Second, Segment: 240 * time.Second, Linger: 120 * time.Second, Intent: 600 * time.Second,
	Jobs: 100, Together: 1, ImageGB: 8, ResultsMB: 235, ResultDays: 90, StageMB: 3008, StageSeconds: 50,
}

func near(got, want, within float64) bool { return math.Abs(got-want) <= within }

// The numbers of the research, and those that follow from the prices by hand.
func TestEstimate(t *testing.T) {
	e := Of(t4)
	ten := t4
	ten.Together = 10
	none := t4
	none.Jobs = 0
	off := t4
	off.Intent = 0
	zoned := t4
	zoned.Zones, zoned.Alarms = 1, 11
	thousand := t4
	thousand.Jobs = 1000
	for _, c := range []struct {
		name              string
		got, want, within float64
	}{
		{"GPU of a job alone: 494 s", e.GPUAlone, 494 * 0.7364 / 3600, 1e-9},
		{"a cold job with c0, by the research 0.105", e.GPUAlone + e.Functions, 0.105, 0.002},
		{"each of ten, by the research 0.058", Of(ten).GPUTogether + e.Functions, 0.058, 0.002},
		{"an idle month: 8 GB of image and the janitor", e.Idle, 0.80, 0.02},
		{"and with a zone and an eleventh alarm", Of(zoned).Idle, e.Idle + 0.60, 1e-9},
		{"Profile=hipaa: a key, a web ACL and four rules", e.Hipaa, 10, 0},
		{"a first look: 8 s of 2.94 GB and its requests, at most 0.001", e.Glimpse, 8*2.9375*0.0000133334 + 8e-6, 1e-9},
		{"all of a job alone is the sum of its parts", e.Alone, e.GPUAlone + e.Glimpse + e.Functions + e.Storage, 1e-12},
		{"storage of 0.23 GB for 90 days", e.Storage, 0.016, 0.0005},
		{"a label map needs no GPU", e.Labels, e.Functions + e.Storage, 0},
		{"a dead upload: 600 s and 300 s of the janitor", e.DeadUpload, 900 * 0.7364 / 3600, 1e-9},
		{"a dead upload, switched off", Of(off).DeadUpload, 0, 0},
		{"a month without jobs is the idle month", Of(none).Month, e.Idle, 0},
		{"GPU and c0 of 100 jobs, by the research 10.2", e.Month - e.Idle - 100*e.Storage, 10.2, 0.4},
		{"GPU and c0 of 1,000 jobs, by the research 96 (one simulated month)", Of(thousand).Month - e.Idle - 1000*e.Storage, 96, 7},
		{"an instance that never sleeps, by the research 538", e.AlwaysOn, 538, 1},
	} {
		if !near(c.got, c.want, c.within) {
			t.Errorf("%s: %.6f, want %.6f", c.name, c.got, c.want)
		}
	}
}

// More of anything never costs less, and jobs that share a warm-up never cost more.
func TestEstimateGrows(t *testing.T) {
	base := Of(t4)
	for name, change := range map[string]func(*Use){
		"price":   func(u *Use) { u.USDPerHour *= 2 },
		"warm-up": func(u *Use) { u.WarmUp *= 2 },
		"segment": func(u *Use) { u.Segment *= 2 },
		"jobs":    func(u *Use) { u.Jobs *= 2 },
		"image":   func(u *Use) { u.ImageGB *= 2 },
		"stored":  func(u *Use) { u.ResultsMB *= 2 },
		"longer":  func(u *Use) { u.ResultDays *= 2 },
		"memory":  func(u *Use) { u.StageMB *= 2 },
	} {
		u := t4
		change(&u)
		if e := Of(u); e.Month <= base.Month || e.Alone < base.Alone || e.DeadUpload < base.DeadUpload {
			t.Errorf("%s: %+v after %+v", name, e, base)
		}
	}
	last := base
	for n := 2; n <= 100; n++ {
		u := t4
		u.Together = n
		e := Of(u)
		if e.Each >= last.Each || e.Month >= last.Month {
			t.Fatalf("%d together: %+v after %+v", n, e, last)
		}
		last = e
	}
}

func TestCheck(t *testing.T) {
	if err := t4.Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Use){
		"a price of NaN":      func(u *Use) { u.USDPerHour = math.NaN() },
		"a negative price":    func(u *Use) { u.USDPerHour = -1 },
		"nobody together":     func(u *Use) { u.Together = 0 },
		"negative jobs":       func(u *Use) { u.Jobs = -1 },
		"a linger of a day":   func(u *Use) { u.Linger = 24 * time.Hour },
		"an endless image":    func(u *Use) { u.ImageGB = math.Inf(1) },
		"a function of 1 MB":  func(u *Use) { u.StageMB = 1 },
		"a negative warm-up":  func(u *Use) { u.WarmUp = -time.Second },
		"an intent of a year": func(u *Use) { u.Intent = 365 * 24 * time.Hour },
	} {
		u := t4
		change(&u)
		if u.Check() == nil {
			t.Errorf("%s is priced", name)
		}
	}
}

// What issue 20 asks the model for, with every assumption as it is.
func TestGoals(t *testing.T) {
	e := EffectOf(Base())
	for _, c := range []struct {
		name      string
		got, most float64
	}{
		{"a cold scan by itself", e.Alone, 0.09}, {"each of ten at once", e.Burst, 0.05}, {"a month of 100 scans", e.Month, 10},
		{"an idle month", e.Idle, 1.60}, {"a first look", Of(Base()).Glimpse, 0.001},
	} {
		if c.got > c.most || c.got <= 0 {
			t.Errorf("%s costs %.4f: want at most %.4f", c.name, c.got, c.most)
		}
	}
	if u := Base(); u.Check() != nil {
		t.Error(u.Check())
	}
}

// Every assumption lies within its bounds, says where it is from, and moves the estimate; a
// change is one of what is in the list, and some bring a cold scan to five cents.
func TestSensitivity(t *testing.T) {
	base := EffectOf(Base())
	ranges := Sensitivity(Base())
	if len(ranges) != len(Assumptions) {
		t.Fatalf("%d of %d assumptions", len(ranges), len(Assumptions))
	}
	for _, r := range ranges {
		if !(r.Low < r.Value && r.Value < r.High) || r.Source == "" || r.What == "" || r.Unit == "" {
			t.Errorf("%+v", r.Assumption)
		}
		if !(r.AtLow.Month < base.Month && base.Month < r.AtHigh.Month) || r.AtLow.Alone > base.Alone || base.Alone > r.AtHigh.Alone {
			t.Errorf("%s: %+v, %+v, %+v", r.Name, r.AtLow, base, r.AtHigh)
		}
	}
	cheap := 0
	for _, c := range Changes(Base()) {
		if c.Effect == base {
			t.Errorf("%s changes nothing", c.Name)
		}
		if c.Alone <= 0.05 {
			cheap++
		}
	}
	if cheap == 0 {
		t.Error("nothing brings a cold scan to five cents")
	}
}

// A price says what it is of, when and where it was read; nobody confirmed one yet, and who
// does writes his name there.
func TestPrices(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Prices {
		if p.USD <= 0 || p.Name == "" || p.Per == "" || p.Read == "" || p.Source == "" || seen[p.Name] {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
	}
	for _, i := range Instances {
		if price(i.Type) != i.USDPerHour {
			t.Errorf("%s", i.Type)
		}
	}
}

// The template's alarms and dashboards are among those that cost nothing, but for the two
// alarms that CloudWatch gets of each policy of target tracking: the bill has them.
func TestTheBillHasTheAlarms(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	alarms := len(regexp.MustCompile(`(?m)^    Type: AWS::CloudWatch::Alarm$`).FindAll(text, -1))
	boards := len(regexp.MustCompile(`(?m)^    Type: AWS::CloudWatch::Dashboard$`).FindAll(text, -1))
	tracked := 2 * len(regexp.MustCompile(`(?m)^ +PolicyType: TargetTrackingScaling$`).FindAll(text, -1))
	if alarms == 0 || tracked == 0 || alarms+tracked != Base().Alarms || alarms > freeAlarms || boards > 3 {
		t.Errorf("%d alarms, %d of target tracking and %d dashboards: ten and three are free, and Base has %d alarms", alarms, tracked, boards, Base().Alarms)
	}
}

// The template's instance and its price are the first of the list.
func TestTheTemplatesInstanceIsPriced(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	said := func(parameter string) string {
		found := regexp.MustCompile(`(?m)^  ` + parameter + `:\n    Type: \w+\n    Default: (\S+)$`).FindSubmatch(text)
		if found == nil {
			t.Fatalf("template.yaml has no default of %s", parameter)
		}
		return string(found[1])
	}
	price, err := strconv.ParseFloat(said("InstancePrice"), 64)
	if i := Instances[0]; err != nil || said("InstanceType") != i.Type || price != i.USDPerHour {
		t.Errorf("%s at %g, %v: want %+v", said("InstanceType"), price, err, i)
	}
	for _, i := range Instances {
		if found, ok := Find(i.Type); !ok || found != i {
			t.Errorf("%s is not found", i.Type)
		}
	}
}
