package job

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A job enters its stages in the order in which they were told before.
func TestComing(t *testing.T) {
	for _, c := range []struct {
		name   string
		status Status
		from   string
		task   string
		gpu    GPUWord
		want   []Status
	}{
		{"an upload", AwaitingUpload, FromPrepare, TaskAuto, GPUAsleep, []Status{Received, Preparing, Warming, Segmenting, Meshing}},
		{"received, warm", Received, FromPrepare, TaskAuto, GPUWarm, []Status{Preparing, Segmenting, Meshing}},
		{"received, not known", Received, FromPrepare, TaskAuto, "", []Status{Preparing, Segmenting, Meshing}},
		{"preparing, waking", Preparing, FromPrepare, "total", GPUWaking, []Status{Warming, Segmenting, Meshing}},
		{"waiting", Warming, FromPrepare, "total", GPUWaking, []Status{Segmenting, Meshing}},
		{"segmenting while another wakes", Segmenting, FromPrepare, "total", GPUWaking, []Status{Meshing}},
		{"the last", Meshing, FromPrepare, "total", GPUAsleep, nil},
		{"labels", Received, FromPrepare, TaskLabels, GPUAsleep, []Status{Preparing, Meshing}},
		{"a remesh", Received, FromMesh, "total", GPUAsleep, []Status{Meshing}},
		{"ready", Ready, FromPrepare, "total", GPUAsleep, nil},
		{"cancelled", Cancelled, FromPrepare, "total", GPUAsleep, nil},
	} {
		r := Record{Status: c.status, From: c.from, Options: Options{Task: c.task}}
		got := r.Coming(c.gpu)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got): %s", c.name, diff)
		}
		if needs := r.NeedsGPU(); needs != (slices.Contains(got, Segmenting) || c.status == Segmenting) {
			t.Errorf("%s: needs the GPU: %v", c.name, needs)
		}
	}
}

func TestAhead(t *testing.T) {
	l := Lease{Holders: []string{"a", "b", "c"}, Order: []string{"c", "a", "b"}}
	old := Lease{Holders: []string{"a", "b", "c"}, Order: []string{"b"}} // a and c came by an earlier version
	for _, c := range []struct {
		name string
		l    Lease
		of   string
		want int
		held bool
	}{
		{"the first", l, "c", 0, true}, {"the second", l, "a", 1, true}, {"the last", l, "b", 2, true}, {"a stranger", l, "d", 0, false},
		{"nobody holds", Lease{}, "a", 0, false}, {"behind those of an earlier version", old, "b", 2, true}, {"one of those", old, "a", 1, true},
	} {
		if n, held := c.l.Ahead(c.of); n != c.want || held != c.held {
			t.Errorf("%s: %d, %v, want %d", c.name, n, held, c.want)
		}
	}
}

func TestSoundProgress(t *testing.T) {
	for _, c := range []struct {
		p     Progress
		sound bool
	}{
		{Progress{Done: 0, Total: 1, Unit: "tiles"}, true}, {Progress{Done: 1 << 20, Total: 1 << 20, Unit: "t"}, true},
		{Progress{Done: 2, Total: 1, Unit: "tiles"}, false}, {Progress{Done: -1, Total: 1, Unit: "tiles"}, false}, {Progress{}, false},
		{Progress{Done: 1, Total: 1<<20 + 1, Unit: "tiles"}, false}, {Progress{Done: 1, Total: 2}, false},
		{Progress{Done: 1, Total: 2, Unit: "Tiles"}, false}, {Progress{Done: 1, Total: 2, Unit: "til es"}, false}, {Progress{Done: 1, Total: 2, Unit: "seventeenletterss"}, false},
	} {
		if got := c.p.Sound(); got != c.sound {
			t.Errorf("%+v: %v", c.p, got)
		}
	}
}
