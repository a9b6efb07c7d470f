package edge

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/metrics"
)

// A line of the meter is CloudWatch's embedded metric format, as AWS's page specifies it,
// and what one machine reads of the same line.
func TestMeter(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	var b bytes.Buffer
	logTo(io.MultiWriter(&b))
	m := Meter{Namespace: "IRIS/iris"}
	m.Count(job.Ready)
	m.Stage(job.Meshing, 1500*time.Millisecond)
	m.Whole(7 * time.Second)
	set := metrics.New(
		metrics.Family{Name: job.MetricEnded, Kind: metrics.Counter, Labels: []string{job.MetricStatus}},
		metrics.Family{Name: job.MetricStageSeconds, Kind: metrics.Histogram, Labels: []string{job.MetricStage}},
		metrics.Family{Name: job.MetricJobSeconds, Kind: metrics.Histogram},
	)
	for line := range strings.Lines(b.String()) {
		set.Line(line)
		var e struct {
			AWS struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			} `json:"_aws"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		d := e.AWS.CloudWatchMetrics
		if e.AWS.Timestamp < 1.7e12 || len(d) != 1 || d[0].Namespace != "IRIS/iris" || len(d[0].Dimensions) != 1 || len(d[0].Metrics) != 1 ||
			(d[0].Metrics[0].Unit != "Count" && d[0].Metrics[0].Unit != "Seconds") {
			t.Errorf("%s", line)
		}
	}
	var text strings.Builder
	_ = set.Write(&text)
	for _, want := range []string{
		`iris_jobs_ended_total{status="ready"} 1`, `iris_job_stage_duration_seconds_sum{stage="meshing"} 1.5`, `iris_job_duration_seconds_sum 7`,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in %s", want, text.String())
		}
	}
}
