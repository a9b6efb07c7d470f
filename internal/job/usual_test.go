package job

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUsual(t *testing.T) {
	of := func(seconds ...float64) (s Samples) {
		for _, x := range seconds {
			s = s.With(time.Duration(x * float64(time.Second)))
		}
		return s
	}
	for _, c := range []struct {
		name    string
		samples Samples
		want    Usual
		enough  bool
	}{
		{"none", nil, Usual{}, false},
		{"four", of(1, 2, 3, 4), Usual{}, false},
		{"five", of(5, 1, 4, 2, 3), Usual{3, 1, 4, 5}, true},
		{"an even number: the middle of two", of(1, 2, 3, 8, 9, 10), Usual{5.5, 1, 9, 6}, true},
		{"the same", of(7, 7, 7, 7, 7), Usual{7, 7, 7, 5}, true},
		{"tenths are rounded", of(1.04, 1.05, 1.149, 1.15, 1.16), Usual{1.1, 1, 1.2, 5}, true},
		{"half of the middle two is rounded too", of(1, 1, 1.25, 1.3, 2, 2), Usual{1.3, 1, 2, 6}, true},
		{"one of ten is late", of(2, 2, 2, 2, 2, 2, 2, 2, 2, 900), Usual{2, 2, 2, 10}, true},
		{"two of ten are late", of(2, 2, 2, 2, 2, 2, 2, 2, 900, 900), Usual{2, 2, 2, 10}, true},
		{"three of ten are late", of(2, 2, 2, 2, 2, 2, 2, 900, 900, 900), Usual{2, 2, 900, 10}, true},
		{"one of five during which the machine slept", of(41, 43, 669, 40, 42), Usual{42, 40, 43, 5}, true},
		{"one of five whose clock was put right", of(41, 43, 0.1, 40, 42), Usual{41, 40, 43, 5}, true},
	} {
		if got, enough := c.samples.Usual(); got != c.want || enough != c.enough {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, enough, c.want)
		}
	}
}

// Whatever the samples are: 8 of 10 lie within the range and in no shorter one, half lie on
// each side of the median, their order does not matter, and none but the last 50 count.
func TestUsualOfAnySamples(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var all Samples
		for range 1 + random.IntN(70) {
			all = all.With(time.Duration(random.IntN(1000)) * 100 * time.Millisecond)
		}
		if len(all) > MaxSamples {
			t.Fatalf("%d samples", len(all))
		}
		u, enough := all.Usual()
		if enough != (len(all) >= MinSamples) {
			t.Fatalf("%d samples: %v", len(all), enough)
		}
		if !enough {
			continue
		}
		inside, under, over := 0, 0, 0
		for _, ms := range all {
			s := float64(ms) / 1000
			if s >= u.LowS && s <= u.HighS {
				inside++
			}
			if s < u.MedianS-0.051 {
				under++
			}
			if s > u.MedianS+0.051 {
				over++
			}
		}
		if n := len(all); u.Jobs != n || 5*inside < 4*n || 2*under > n || 2*over > n || u.LowS > u.MedianS || u.MedianS > u.HighS {
			t.Fatalf("%v: %+v: %d inside, %d and %d beside the median", all, u, inside, under, over)
		}
		for low := range all { // no shorter range has as many
			n := 0
			for _, ms := range all {
				if d := float64(ms-all[low]) / 1000; d >= 0 && d < u.HighS-u.LowS-0.05 {
					n++
				}
			}
			if 5*n >= 4*len(all) {
				t.Fatalf("%v: %+v, and %d lie in a shorter range from %d", all, u, n, all[low])
			}
		}
		mixed := slices.Clone(all)
		random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		if again, _ := mixed.Usual(); again != u {
			t.Fatalf("in another order %+v, want %+v", again, u)
		}
	}
	var last Samples
	for i := range 120 {
		last = last.With(time.Duration(i) * time.Second)
	}
	if last[0] != 70_000 || last[len(last)-1] != 119_000 {
		t.Errorf("not the last 50: %v", last)
	}
}

func TestClasses(t *testing.T) {
	r := func(change func(*Record)) Record {
		r := Record{Upload: Upload{Key: "Doe^Jane.nii.gz", Size: 40 << 20}, Options: DefaultOptions(), Voxels: 512 * 512 * 300}
		r.Options.Task = "total"
		change(&r)
		return r
	}
	for _, c := range []struct {
		name  string
		stage Status
		r     Record
		want  Class
	}{
		{"a file", Preparing, r(func(*Record) {}), "preparing/file/26"},
		{"a folder", Preparing, r(func(r *Record) { r.Upload.Prefix, r.Upload.Size = "a/", 1 }), "preparing/folder"},
		{"a label map", Preparing, r(func(r *Record) { r.Options.Task = TaskLabels }), "preparing/labels/26"},
		{"no size", Preparing, r(func(r *Record) { r.Upload.Size = 0 }), ""},
		{"a negative size", Preparing, r(func(r *Record) { r.Upload.Size = -1 }), ""},
		{"the GPU", Warming, r(func(r *Record) { r.Voxels, r.Upload.Size = 0, 0 }), "warming"},
		{"a task", Segmenting, r(func(*Record) {}), "segmenting/total/28"},
		{"a fast one", Segmenting, r(func(r *Record) { r.Options.Fast = true }), "segmenting/total+fast/28"},
		{"some structures", Segmenting, r(func(r *Record) { r.Options.Structures = []string{"liver"} }), "segmenting/total+some/28"},
		{"not prepared", Segmenting, r(func(r *Record) { r.Voxels = 0 }), ""},
		{"a task that is not chosen", Segmenting, r(func(r *Record) { r.Options.Task = TaskAuto }), ""},
		{"labels are not segmented", Segmenting, r(func(r *Record) { r.Options.Task = TaskLabels }), ""},
		{"labels are meshed", Meshing, r(func(r *Record) { r.Options.Task = TaskLabels }), "meshing/labels/28"},
		{"one voxel", Meshing, r(func(r *Record) { r.Voxels = 1 }), "meshing/total/22"},
		{"the last of a class", Meshing, r(func(r *Record) { r.Voxels = 1 << 22 }), "meshing/total/22"},
		{"the first of the next", Meshing, r(func(r *Record) { r.Voxels = 1<<22 + 1 }), "meshing/total/24"},
		{"its last", Meshing, r(func(r *Record) { r.Voxels = 1 << 24 }), "meshing/total/24"},
		{"far beyond", Meshing, r(func(r *Record) { r.Voxels = 1 << 62 }), "meshing/total/34"},
		{"an upload is not measured", AwaitingUpload, r(func(*Record) {}), ""},
		{"an ending", Ready, r(func(*Record) {}), ""},
	} {
		if got, known := c.r.ClassOf(c.stage); got != c.want || known != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, known, c.want)
		}
	}
}

func TestTook(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 1, 1, 0, 0, s, 0, time.UTC) }
	// Preparation was over at 5 s; then a change of the endpoint had to be waited for.
	whole := Record{
		Status: Ready, Attempt: 1, From: FromPrepare, Voxels: 1 << 20, PreparedAt: at(5), Upload: Upload{Size: 1}, Options: Options{Task: "total"},
		Request: Request{Sent: 1},
		Stages: []StageTime{
			{Received, at(0), at(1)}, {Preparing, at(1), at(40)}, {Warming, at(40), at(100)}, {Segmenting, at(100), at(130)}, {Meshing, at(130), at(137)},
		},
	}
	prepared := []Sample{{"preparing/file/22", 4 * time.Second}, {"preparing", 4 * time.Second}}
	onGPU := []Sample{{"warming", time.Minute}, {"segmenting/total/22", 30 * time.Second}, {"segmenting", 30 * time.Second}}
	meshed := []Sample{{"meshing/total/22", 7 * time.Second}, {"meshing", 7 * time.Second}}
	for _, c := range []struct {
		name   string
		change func(*Record)
		want   []Sample
	}{
		{"ready", func(*Record) {}, slices.Concat(prepared, onGPU, meshed)},
		{"failed at meshing", func(r *Record) { r.Status = Failed }, slices.Concat(prepared, onGPU)},
		{"failed at segmenting", func(r *Record) { r.Status, r.Stages = Failed, r.Stages[:4] }, slices.Concat(prepared, onGPU[:1])},
		{"waited for the GPU in vain", func(r *Record) { r.Status, r.Stages = Failed, r.Stages[:3] }, prepared},
		{"rejected", func(r *Record) { r.Status, r.Stages = Rejected, r.Stages[:2] }, nil},
		{"behind another", func(r *Record) { r.Request.Ahead = 1 }, slices.Concat(prepared, meshed)},
		{"behind nobody knows whom", func(r *Record) { r.Request.Ahead = -1 }, slices.Concat(prepared, meshed)},
		{"sent twice", func(r *Record) { r.Request.Sent = 2 }, slices.Concat(prepared, meshed)},
		{"an answer before the instance was seen", func(r *Record) { r.Request.Unseen = true }, slices.Concat(prepared, meshed)},
		{"still meshing", func(r *Record) { r.Status, r.Stages[4].EndedAt = Meshing, time.Time{} }, slices.Concat(prepared, onGPU)},
		{"of an earlier version", func(r *Record) { r.Voxels, r.PreparedAt = 0, time.Time{} }, []Sample{onGPU[0], onGPU[2], meshed[1]}},
		{"a clock that went back", func(r *Record) { r.PreparedAt, r.Stages[4].EndedAt = at(0), at(130) }, onGPU},
		{"a clock that leapt", func(r *Record) { r.Stages[4].EndedAt = at(130).Add(7 * time.Hour) }, slices.Concat(prepared, onGPU)},
		{"a remesh", func(r *Record) { r.From, r.Stages = FromMesh, []StageTime{r.Stages[0], r.Stages[4]} }, meshed},
	} {
		r := whole
		r.Stages = slices.Clone(whole.Stages)
		c.change(&r)
		if diff := cmp.Diff(c.want, r.Took()); diff != "" {
			t.Errorf("%s (-want +got): %s", c.name, diff)
		}
	}
}
