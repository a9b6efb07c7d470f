package metrics_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/local/metrics"
)

func text(t *testing.T, s *metrics.Set) string {
	t.Helper()
	var b strings.Builder
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var families = []metrics.Family{
	{Name: "b_total", Kind: metrics.Counter, Help: "with\nnewline and \\", Labels: []string{"x", "y"}},
	{Name: "a_seconds", Kind: metrics.Histogram, Help: "h", Labels: []string{"stage"}},
	{Name: "plain_seconds", Kind: metrics.Histogram, Help: "h"},
}

// The text is what Prometheus' documentation of its format asks for: sorted, escaped,
// buckets that add up, a sum and a count.
func TestText(t *testing.T) {
	s := metrics.New(families...)
	s.Add("b_total", 1, `quo"te`, "back\\slash\nline")
	s.Add("b_total", 2, "a", "\xff")
	for _, v := range []float64{0.005, 0.0051, 7, 99999} {
		s.Observe("a_seconds", v, "meshing")
	}
	s.Add("b_total", 1, "too few")
	s.Add("unknown", 1)
	s.Read(metrics.Family{Name: "c", Kind: metrics.Gauge, Help: "read"}, func() []metrics.Sample { return []metrics.Sample{{Value: 1.5}} })
	want := `# HELP a_seconds h
# TYPE a_seconds histogram
a_seconds_bucket{stage="meshing",le="0.005"} 1
a_seconds_bucket{stage="meshing",le="0.01"} 2
a_seconds_bucket{stage="meshing",le="0.025"} 2
a_seconds_bucket{stage="meshing",le="0.05"} 2
a_seconds_bucket{stage="meshing",le="0.1"} 2
a_seconds_bucket{stage="meshing",le="0.25"} 2
a_seconds_bucket{stage="meshing",le="0.5"} 2
a_seconds_bucket{stage="meshing",le="1"} 2
a_seconds_bucket{stage="meshing",le="2.5"} 2
a_seconds_bucket{stage="meshing",le="5"} 2
a_seconds_bucket{stage="meshing",le="10"} 3
a_seconds_bucket{stage="meshing",le="30"} 3
a_seconds_bucket{stage="meshing",le="60"} 3
a_seconds_bucket{stage="meshing",le="120"} 3
a_seconds_bucket{stage="meshing",le="300"} 3
a_seconds_bucket{stage="meshing",le="900"} 3
a_seconds_bucket{stage="meshing",le="3600"} 3
a_seconds_bucket{stage="meshing",le="+Inf"} 4
a_seconds_sum{stage="meshing"} 100006.0101
a_seconds_count{stage="meshing"} 4
# HELP b_total with\nnewline and \\
# TYPE b_total counter
b_total{x="a",y="�"} 2
b_total{x="quo\"te",y="back\\slash\nline"} 1
# HELP c read
# TYPE c gauge
c 1.5
# HELP plain_seconds h
# TYPE plain_seconds histogram
`
	if diff := cmp.Diff(want, text(t, s)); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
}

// However many label values come, a family stays bounded and nothing is lost.
func TestSeriesAreBounded(t *testing.T) {
	s := metrics.New(families...)
	for n := range 5000 {
		s.Add("b_total", 1, fmt.Sprint(n), "y")
	}
	got := text(t, s)
	if lines := strings.Count(got, "\nb_total{"); lines != 501 || !strings.Contains(got, `b_total{x="other",y="other"} 4500`) {
		t.Errorf("%d series", lines)
	}
}

func TestNobodyCountsIntoNothing(t *testing.T) {
	var s *metrics.Set
	s.Add("b_total", 1, "x", "y")
	s.Line(`{"_aws":{}}`)
	if got := text(t, s); got != "" {
		t.Error(got)
	}
}

func TestAtOnce(t *testing.T) {
	s := metrics.New(families...)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				s.Add("b_total", 1, "x", "y")
				s.Observe("a_seconds", 1, "z")
				_ = text(t, s)
			}
		})
	}
	all.Wait()
	if got := text(t, s); !strings.Contains(got, `b_total{x="x",y="y"} 4000`) || !strings.Contains(got, `a_seconds_count{stage="z"} 4000`) {
		t.Error(got)
	}
}

func TestLinesOfTheEmbeddedFormat(t *testing.T) {
	const directive = `"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["x","y"]],"Metrics":[{"Name":"b_total","Unit":"Count"}]}]}`
	for name, c := range map[string]struct {
		line string
		want bool
	}{
		"whole":                {`{"level":"INFO","b_total":1,"x":"p","y":"q",` + directive + `}`, true},
		"no value":             {`{"x":"p","y":"q",` + directive + `}`, false},
		"a value that is text": {`{"b_total":"1","x":"p","y":"q",` + directive + `}`, false},
		"negative":             {`{"b_total":-1,"x":"p","y":"q",` + directive + `}`, false},
		"a dimension missing":  {`{"b_total":1,"x":"p",` + directive + `}`, false},
		"a dimension no text":  {`{"b_total":1,"x":"p","y":7,` + directive + `}`, false},
		"other dimensions":     {`{"b_total":1,"x":"p","y":"q",` + strings.Replace(directive, `"x","y"`, `"y","x"`, 1) + `}`, false},
		"two sets":             {`{"b_total":1,"x":"p","y":"q",` + strings.Replace(directive, `["x","y"]`, `["x","y"],["x"]`, 1) + `}`, false},
		"another metric":       {`{"zzz":1,"x":"p","y":"q",` + strings.Replace(directive, "b_total", "zzz", 1) + `}`, false},
		"cut off":              {`{"b_total":1,"x":"p","y":"q",` + directive, false},
		"no object":            {`["_aws"]`, false},
		"another form":         {`{"_aws":{"CloudWatchMetrics":7}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := metrics.New(families...)
			s.Line(c.line)
			if got := strings.Contains(text(t, s), `b_total{x="p",y="q"} 1`); got != c.want {
				t.Errorf("counted: %v", got)
			}
		})
	}
}

func TestProcesses(t *testing.T) {
	all := metrics.Processes(os.Getpid())
	if len(all) == 0 {
		t.Skip("SKIPPED: processes are seen on Linux only")
	}
	if p := all[0]; p.PID != os.Getpid() || p.Parent != os.Getppid() || p.Resident <= 0 || p.Files < 3 || p.Name == "" {
		t.Errorf("%+v", p)
	}
	if all := metrics.Processes(-1); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}
