package stack

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/lambdas"
	"github.com/iris-oculus/iris/internal/local/metrics"
	"github.com/iris-oculus/iris/internal/local/sagemaker"
	"github.com/iris-oculus/iris/internal/local/states"
	"github.com/iris-oculus/iris/internal/local/trace"
)

// The metrics of one machine beside those of package job, which AWS has, too. What
// CloudWatch counts by itself has here the words that AWS uses for it.
const (
	metricRequests     = "iris_http_requests_total"
	metricRequestTime  = "iris_http_request_duration_seconds"
	metricInvocations  = "iris_function_invocations_total"
	metricErrors       = "iris_function_errors_total"
	metricFunctionTime = "iris_function_duration_seconds"
	metricStarts       = "iris_function_starts_total"
	metricExecutions   = "iris_executions_ended_total"
	metricModel        = "iris_model_requests_total"
	metricModelTime    = "iris_model_duration_seconds"
	metricModelWait    = "iris_model_wait_seconds"
)

// families are those that are counted.
func families() []metrics.Family {
	return []metrics.Family{
		{Name: job.MetricEnded, Kind: metrics.Counter, Help: "Jobs that ended ready, rejected or failed.", Labels: []string{job.MetricStatus}},
		{Name: job.MetricJobSeconds, Kind: metrics.Histogram, Help: "From a job's creation until it was ready, at its first attempt."},
		{Name: job.MetricStageSeconds, Kind: metrics.Histogram, Help: "How long a stage of a job that has ended took.", Labels: []string{job.MetricStage}},
		{Name: metricRequests, Kind: metrics.Counter, Help: "Requests to the HTTP API.", Labels: []string{"method", "route", "code"}},
		{Name: metricRequestTime, Kind: metrics.Histogram, Help: "How long answers of the HTTP API took; streams of events with their whole length.", Labels: []string{"method", "route"}},
		{Name: metricInvocations, Kind: metrics.Counter, Help: "Invocations of a function that ended.", Labels: []string{"function"}},
		{Name: metricErrors, Kind: metrics.Counter, Help: "Invocations that ended with an error; a rejected scan is one, too.", Labels: []string{"function", "error"}},
		{Name: metricFunctionTime, Kind: metrics.Histogram, Help: "How long invocations took, without the start of a process.", Labels: []string{"function"}},
		{Name: metricStarts, Kind: metrics.Counter, Help: "Processes of a function that were started.", Labels: []string{"function"}},
		{Name: metricExecutions, Kind: metrics.Counter, Help: "Executions of the workflow that ended.", Labels: []string{"status"}},
		{Name: metricModel, Kind: metrics.Counter, Help: "Requests to the model that ended.", Labels: []string{"error"}},
		{Name: metricModelTime, Kind: metrics.Histogram, Help: "How long the model was at work on a request."},
		{Name: metricModelWait, Kind: metrics.Histogram, Help: "How long a request waited for an instance of the model."},
	}
}

// watcher counts what happens and tells a collector of it.
type watcher struct {
	set   *metrics.Set
	spans *trace.Exporter
}

// watch makes the stack's watcher, as OpenTelemetry's variables of the environment say.
func (s *Stack) watch() error {
	options, err := trace.FromEnv(os.Getenv)
	if err != nil {
		return err
	}
	options.Version, options.Logger = s.cfg.Version, s.cfg.Logger
	s.watcher = watcher{metrics.New(families()...), trace.NewExporter(options)}
	s.closing(s.watcher.spans.Close)
	return nil
}

// function takes an invocation that has ended.
func (w watcher) function(d lambdas.Done) {
	w.set.Add(metricInvocations, 1, d.Function)
	w.set.Observe(metricFunctionTime, d.Took.Seconds(), d.Function)
	if d.Startup > 0 {
		w.set.Add(metricStarts, 1, d.Function)
	}
	if d.Error != "" {
		w.set.Add(metricErrors, 1, d.Function, d.Error)
	}
	w.spans.Tell(trace.Finished{
		At: d.Trace, ID: d.Span, Name: d.Function, Kind: trace.Server, Begun: d.Begun, Ended: d.Begun.Add(d.Startup + d.Took), Error: d.Error,
		Attributes: [][2]string{{"faas.name", d.Function}, {"faas.coldstart", fmt.Sprint(d.Startup > 0)}},
	})
}

// model takes a request to the model that has ended.
func (w watcher) model(d sagemaker.Done) {
	w.set.Add(metricModel, 1, d.Error)
	begun := d.Begun
	if begun.IsZero() {
		begun = d.Ended
	}
	w.set.Observe(metricModelWait, begun.Sub(d.Received).Seconds())
	w.set.Observe(metricModelTime, d.Ended.Sub(begun).Seconds())
	span := trace.Span()
	w.spans.Tell(trace.Finished{At: d.Trace, ID: span, Name: d.Endpoint, Kind: trace.Server, Begun: d.Received, Ended: d.Ended, Error: d.Error})
	w.spans.Tell(trace.Finished{At: d.Trace.Under(span), ID: trace.Span(), Name: "wait for an instance", Kind: trace.Internal, Begun: d.Received, Ended: begun})
}

// execution takes an execution that has ended. Its states are read from its history, so
// that a trace is whole even when the stack was killed meanwhile.
func (w watcher) execution(d states.Done, events func() ([]asl.Event, error)) {
	w.set.Add(metricExecutions, 1, d.Status)
	if w.spans == nil {
		return
	}
	whole := trace.SpanOf(d.ARN, 0)
	failed := ""
	if d.Status != asl.Succeeded {
		failed = d.Status
		if d.Error != "" {
			failed = d.Error
		}
	}
	w.spans.Tell(trace.Finished{
		At: d.Trace, ID: whole, Name: d.Machine, Kind: trace.Internal, Begun: d.Begun, Ended: d.Ended, Error: failed,
		Attributes: [][2]string{{"iris.execution", d.Name}, {"iris.status", d.Status}},
	})
	if history, err := events(); err == nil {
		for _, f := range stateSpans(d, history) {
			w.spans.Tell(f)
		}
	}
}

// gauges are the families that are read when somebody asks.
func (s *Stack) gauges(v *services) {
	one := func(value float64) []metrics.Sample { return []metrics.Sample{{Value: value}} }
	read := func(name string, help string, labels []string, values func() []metrics.Sample) {
		s.watcher.set.Read(metrics.Family{Name: name, Kind: metrics.Gauge, Help: help, Labels: labels}, values)
	}
	read("iris_build_info", "The program's version; the value is 1.", []string{"version", "go"}, func() []metrics.Sample {
		return []metrics.Sample{{Value: 1, Labels: []string{s.cfg.Version, runtime.Version()}}}
	})
	read("iris_executions_running", "Executions of the workflow that have not ended.", nil, func() []metrics.Sample { return one(float64(v.states.Running())) })
	read("iris_queued", "Events, messages and invocations on their way.", []string{"queue"}, func() []metrics.Sample {
		return []metrics.Sample{
			{Value: float64(v.bus.Waiting()), Labels: []string{"events"}}, {Value: float64(v.topics.Waiting()), Labels: []string{"topics"}},
			{Value: float64(v.host.Queued()), Labels: []string{"functions"}},
		}
	})
	read("iris_dead_letters", "Events, messages and invocations that were given up.", []string{"queue"}, func() []metrics.Sample {
		return []metrics.Sample{
			{Value: float64(len(v.bus.DeadLetters())), Labels: []string{"events"}}, {Value: float64(len(v.topics.DeadLetters())), Labels: []string{"topics"}},
			{Value: float64(len(v.host.DeadLetters())), Labels: []string{"functions"}},
		}
	})
	endpoint := func(name, help string, value func(sagemaker.State) float64) {
		read(name, help, []string{"endpoint"}, func() (all []metrics.Sample) {
			for _, e := range v.sagemaker.States() {
				all = append(all, metrics.Sample{Value: value(e), Labels: []string{e.Endpoint}})
			}
			return all
		})
	}
	endpoint("iris_model_instances", "Instances of the model that are up.", func(e sagemaker.State) float64 { return float64(e.Up) })
	endpoint("iris_model_instances_desired", "Instances of the model that there should be.", func(e sagemaker.State) float64 { return float64(e.Desired) })
	endpoint("iris_model_backlog", "Requests to the model that wait or run.", func(e sagemaker.State) float64 { return float64(e.Backlog) })
	endpoint("iris_model_oldest_request_seconds", "Age of the oldest request to the model.", func(e sagemaker.State) float64 { return e.Oldest.Seconds() })
	read("iris_disk_free_bytes", "Room on the disk that holds the state folder.", nil, func() []metrics.Sample {
		var st syscall.Statfs_t
		if syscall.Statfs(s.state.root, &st) != nil {
			return nil
		}
		return one(float64(st.Bavail) * float64(st.Bsize))
	})
	read("iris_store_bytes", "Size of store.db.", nil, func() []metrics.Sample {
		info, err := os.Stat(s.state.path("store.db"))
		if err != nil {
			return nil
		}
		return one(float64(info.Size()))
	})
	s.watcher.set.Read(metrics.Family{Name: "iris_spans_dropped_total", Kind: metrics.Counter, Help: "Spans that no collector got."}, func() []metrics.Sample { return one(float64(s.watcher.spans.Dropped())) })
	s.processes()
}

// processes are the families about this process, by the names that Prometheus' own clients
// have, and about those below it by the name of their program.
func (s *Stack) processes() {
	set := s.watcher.set
	set.Read(metrics.Family{Name: "go_goroutines", Kind: metrics.Gauge, Help: "Goroutines of iris."}, func() []metrics.Sample {
		return []metrics.Sample{{Value: float64(runtime.NumGoroutine())}}
	})
	self := func(name string, kind metrics.Kind, help string, value func(metrics.Process) float64) {
		set.Read(metrics.Family{Name: name, Kind: kind, Help: help}, func() []metrics.Sample {
			all := family()
			if len(all) == 0 {
				return nil
			}
			return []metrics.Sample{{Value: value(all[0])}}
		})
	}
	self("process_resident_memory_bytes", metrics.Gauge, "Memory of iris itself.", func(p metrics.Process) float64 { return float64(p.Resident) })
	self("process_open_fds", metrics.Gauge, "Files that iris itself has open.", func(p metrics.Process) float64 { return float64(p.Files) })
	self("process_cpu_seconds_total", metrics.Counter, "Processor time of iris itself.", func(p metrics.Process) float64 { return p.Seconds })
	child := func(name, help string, value func(metrics.Process) float64) {
		set.Read(metrics.Family{Name: name, Kind: metrics.Gauge, Help: help, Labels: []string{"program"}}, func() []metrics.Sample { return byProgram(value) })
	}
	child("iris_child_processes", "Processes below iris.", func(metrics.Process) float64 { return 1 })
	child("iris_child_resident_memory_bytes", "Memory of the processes below iris.", func(p metrics.Process) float64 { return float64(p.Resident) })
	child("iris_child_open_fds", "Files that the processes below iris have open.", func(p metrics.Process) float64 { return float64(p.Files) })
}

// family is this process and those below it, looked at once a second at most: a scrape
// asks for it six times.
var family = func() func() []metrics.Process {
	var mu sync.Mutex
	var last []metrics.Process
	var at time.Time
	return func() []metrics.Process {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(at) > time.Second {
			last, at = metrics.Processes(os.Getpid()), time.Now()
		}
		return last
	}
}()

// byProgram adds up the processes below this one by their programs.
func byProgram(value func(metrics.Process) float64) (all []metrics.Sample) {
	sums := map[string]float64{}
	for n, p := range family() {
		if n > 0 {
			sums[p.Name] += value(p)
		}
	}
	for name, sum := range sums {
		all = append(all, metrics.Sample{Value: sum, Labels: []string{name}})
	}
	return all
}

// version is the program's own, where the configuration names none.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && !strings.Contains(info.Main.Version, "devel") {
		return info.Main.Version
	}
	return "dev"
}
