package edge

import (
	"context"
	"log/slog"
	"time"

	"github.com/iris-oculus/iris/internal/job"
)

// Meter writes the metrics of jobs into the log, in CloudWatch's embedded metric format:
// one line a metric, because a line has one value for each dimension. It says nothing of
// the job but its status and its times.
type Meter struct{ Namespace string }

// Count adds one ending to job.MetricEnded.
func (m Meter) Count(status job.Status) {
	m.line(job.MetricEnded, "Count", 1, job.MetricStatus, string(status))
}

// Whole is how long a job took from its creation to its ending.
func (m Meter) Whole(took time.Duration) {
	m.line(job.MetricJobSeconds, "Seconds", took.Seconds(), "", "")
}

// Stage is how long a stage of a job took.
func (m Meter) Stage(stage job.Status, took time.Duration) {
	m.line(job.MetricStageSeconds, "Seconds", took.Seconds(), job.MetricStage, string(stage))
}

// directive and metric are the format's own words.
type (
	directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	metric   struct{ Name, Unit string }
	metadata struct {
		Timestamp         int64 // milliseconds
		CloudWatchMetrics []directive
	}
)

func (m Meter) line(name, unit string, value float64, dimension, of string) {
	dimensions := []string{}
	attributes := []slog.Attr{slog.Float64(name, value)}
	if dimension != "" {
		dimensions = append(dimensions, dimension)
		attributes = append(attributes, slog.String(dimension, of))
	}
	attributes = append(attributes, slog.Any("_aws", metadata{
		time.Now().UnixMilli(), []directive{{m.Namespace, [][]string{dimensions}, []metric{{name, unit}}}},
	}))
	slog.LogAttrs(context.Background(), slog.LevelInfo, "metric", attributes...)
}
