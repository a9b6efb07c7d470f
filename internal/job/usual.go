package job

import (
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// Usual says how long a stage took in the last jobs of its class.
type Usual struct {
	MedianS float64 `json:"median_s"`
	LowS    float64 `json:"low_s"` // the shortest range in which 8 of 10 jobs lie
	HighS   float64 `json:"high_s"`
	Jobs    int     `json:"jobs"` // so many were measured
}

// Bounds of what is kept for a class, and of what is said of it.
const (
	MaxSamples = 50 // the last ones count
	MinSamples = 5  // of fewer nothing is said
)

// longestStage is longer than any stage of an execution, which lasts for six hours. A
// longer sample is that of a clock that was wrong.
const longestStage = 6 * time.Hour

// Samples are the durations of a class, in milliseconds, the latest at the end. They say
// nothing of the jobs in which they were measured.
type Samples []int64

// With is s with one sample more, without the oldest ones when there are too many.
func (s Samples) With(took time.Duration) Samples {
	next := append(slices.Clone(s), took.Milliseconds())
	return next[max(0, len(next)-MaxSamples):]
}

// Usual is what the samples say, in tenths of a second; false when they are too few.
func (s Samples) Usual() (Usual, bool) {
	n := len(s)
	if n < MinSamples {
		return Usual{}, false
	}
	sorted := slices.Sorted(slices.Values(s))
	low, high := within(sorted, (4*n+4)/5)
	return Usual{MedianS: tenths(sorted[(n-1)/2]+sorted[n/2], 2), LowS: tenths(low, 1), HighS: tenths(high, 1), Jobs: n}, true
}

// within is the shortest range in which so many of some sorted samples lie, of several the
// one in the middle. It leaves out what does not fit, on whichever side it is: one job in
// five during which a machine slept for an hour, which a percentile of few would be. Of more
// than half of all it has the median in it.
func within(sorted []int64, count int) (low, high int64) {
	last := len(sorted) - count
	best := last / 2
	for i := range last + 1 {
		if sorted[i+count-1]-sorted[i] < sorted[best+count-1]-sorted[best] {
			best = i
		}
	}
	return sorted[best], sorted[best+count-1]
}

// tenths is a number of milliseconds, divided, as seconds with one decimal.
func tenths(ms, by int64) float64 { return float64((ms+50*by)/(100*by)) / 10 }

// Class names stages that take about as long as each other: <stage>/<what>/<size>. It says
// nothing of a job but its task and how large its scan is, within a factor of four.
type Class string

// AnyClass holds a stage of all jobs, whatever their size.
func AnyClass(stage Status) Class { return Class(stage) }

// Measured are the stages whose durations are kept. An upload takes as long as its
// client's line, and what is received begins at once.
var Measured = []Status{Preparing, Warming, Segmenting, Meshing}

// ClassOf is the class of one of the job's stages, whether that has begun or not. False
// says that it is not known yet: how large a scan is shows when it is prepared.
func (r Record) ClassOf(stage Status) (Class, bool) {
	labels := r.Options.Task == TaskLabels
	switch stage {
	case Preparing:
		what := "file"
		switch {
		case r.Upload.Prefix != "": // its time is that of waiting until the folder is quiet
			return AnyClass(stage) + "/folder", true
		case labels:
			what = TaskLabels
		}
		return sized(stage, what, r.Upload.Size)
	case Warming:
		return AnyClass(stage), true
	case Segmenting, Meshing:
		if r.Options.Task == TaskAuto || r.Options.Task == "" || labels && stage == Segmenting {
			return "", false
		}
		what := r.Options.Task
		if r.Options.Fast {
			what += "+fast"
		}
		if len(r.Options.Labels()) > 0 {
			what += "+some" // of the structures, for which fewer networks run
		}
		return sized(stage, what, r.Voxels)
	}
	return "", false
}

// sized is a class of things of a size: 22 for up to 2^22 bytes or voxels, 24 for up to
// four times as much, and so on, 34 at most.
func sized(stage Status, what string, size int64) (Class, bool) {
	if size <= 0 {
		return "", false
	}
	exponent := bits.Len64(uint64(size - 1))
	exponent = min(max(exponent+exponent%2, 22), 34)
	return Class(fmt.Sprintf("%s/%s/%d", stage, what, exponent)), true
}

// Sample is how long one stage took.
type Sample struct {
	Class Class
	Took  time.Duration
}

// Took gives the durations of the stages of the record's attempt that have come to their
// end: all of them when the job is ready, and else all but the last, at which it failed.
//
// What is measured is the stage itself. A preparation is over when the volume is written:
// after that the job may wait until an endpoint can be changed that is going to sleep. And
// of a job that others were ahead of, or whose request was sent twice, neither the wait
// for the GPU nor the segmentation counts, for it waited for something else.
func (r Record) Took() (samples []Sample) {
	for i, s := range r.Stages {
		if s.EndedAt.IsZero() || i == len(r.Stages)-1 && r.Status != Ready {
			continue
		}
		end := s.EndedAt
		switch s.Name {
		case Preparing:
			end = r.PreparedAt
		case Warming, Segmenting:
			if r.Request.Ahead != 0 || r.Request.Sent != 1 || r.Request.Unseen {
				continue
			}
		}
		took := end.Sub(s.StartedAt)
		if took <= 0 || took > longestStage || !slices.Contains(Measured, s.Name) {
			continue
		}
		any := AnyClass(s.Name)
		if class, known := r.ClassOf(s.Name); known && class != any {
			samples = append(samples, Sample{class, took})
		}
		samples = append(samples, Sample{any, took})
	}
	return samples
}
