package metrics

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
)

// embedded is a line in CloudWatch's embedded metric format, as far as it is needed to
// count what it says:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type embedded struct {
	AWS struct {
		Metrics []struct {
			Dimensions [][]string
			Metrics    []struct{ Name string }
		} `json:"CloudWatchMetrics"`
	} `json:"_aws"`
}

// The format's bounds.
const (
	maxDirectives = 10
	maxMetrics    = 100
)

// Line counts what a line of a function's log says in CloudWatch's embedded metric format,
// so that the functions need not know where they run. Other lines, and metrics that were
// not declared, count nothing.
func (s *Set) Line(text string) {
	if s == nil || !strings.Contains(text, `"_aws"`) {
		return
	}
	var e embedded
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &e) != nil || json.Unmarshal([]byte(text), &members) != nil {
		return
	}
	for _, d := range e.AWS.Metrics[:min(len(e.AWS.Metrics), maxDirectives)] {
		for _, m := range d.Metrics[:min(len(d.Metrics), maxMetrics)] {
			s.embedded(m.Name, d.Dimensions, members)
		}
	}
}

func (s *Set) embedded(name string, dimensions [][]string, members map[string]json.RawMessage) {
	s.mu.Lock()
	f := s.families[name]
	s.mu.Unlock()
	if f == nil || f.read != nil || len(dimensions) != 1 || len(dimensions[0]) != len(f.Labels) {
		return
	}
	var values []string
	for n, dimension := range dimensions[0] {
		var value string
		if dimension != f.Labels[n] || json.Unmarshal(members[dimension], &value) != nil {
			return
		}
		values = append(values, value)
	}
	var value float64
	if raw := bytes.TrimSpace(members[name]); len(raw) == 0 || json.Unmarshal(raw, &value) != nil || value < 0 || math.IsInf(value, 0) {
		return
	}
	if f.Kind == Histogram {
		s.Observe(name, value, values...)
	} else {
		s.Add(name, value, values...)
	}
}
