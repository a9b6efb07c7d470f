package main

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sickPrefix begins the checks that are made of a running stack's own metrics.
const sickPrefix = "sick_"

// The bounds beyond which a running system is called sick. They are those of the alarms
// that template.yaml declares for the same things on AWS.
const (
	oldestRequest = 1800 // seconds: OldestRequestAlarm
	slowAnswer    = 3    // seconds: ApiLatencyAlarm
	manyFailures  = 5    // answers with 5xx: ApiErrorsAlarm
	longQueue     = 1000 // events, messages and invocations on their way
)

// sick explains what the metrics of the stack on this machine say of it.
func sick(ctx context.Context, api *client) []finding {
	text, err := readMetrics(ctx, api)
	if err != nil {
		return nil // another version, or a deployment on AWS: its alarms tell
	}
	return explain(parsed(text))
}

// parsed are metrics by their names and labels.
func parsed(text string) map[string]float64 {
	all := map[string]float64{}
	for line := range strings.Lines(text) {
		at := strings.LastIndexByte(line, ' ')
		if v, err := strconv.ParseFloat(strings.TrimSpace(line[max(at, 0):]), 64); err == nil && at > 0 && !strings.HasPrefix(line, "#") && !math.IsNaN(v) {
			all[line[:at]] = v
		}
	}
	return all
}

// of adds up the series of a metric whose labels hold all of some texts.
func of(all map[string]float64, name string, holds ...string) (sum float64) {
	for key, v := range all {
		if key != name && !strings.HasPrefix(key, name+"{") {
			continue
		}
		if !slices.ContainsFunc(holds, func(text string) bool { return !strings.Contains(key, text) }) {
			sum += v
		}
	}
	return sum
}

// crashed are the errors of a function that no scan can be at fault for.
var crashed = []string{"Runtime.ExitError", "Sandbox.Timedout", "InternalError", "Function.ResponseSizeTooLarge"}

var functionLabel = regexp.MustCompile(`function="([a-z-]{1,64})"`)

func explain(all map[string]float64) (found []finding) {
	add := func(check string, v verdict, what, cure string) {
		found = append(found, finding{sickPrefix + check, v, what, cure})
	}
	if n := of(all, "iris_dead_letters"); n > 0 {
		add("dead_letters", missing, fmt.Sprintf("%.0f events, messages or invocations failed for good since the state folder was made", n), "the janitor settles their jobs within five minutes; the log of the function in STATE/logs says why, and docs/operate.md what to do")
	}
	desired, up, oldest := of(all, "iris_model_instances_desired"), of(all, "iris_model_instances"), of(all, "iris_model_oldest_request_seconds")
	switch {
	case desired > up && oldest > 600:
		add("model", missing, fmt.Sprintf("the model does not come up, and a scan has waited for it for %.0f s", oldest), "STATE/logs/model.log says why; iris gpu status")
	case oldest > oldestRequest:
		add("model", missing, fmt.Sprintf("the oldest request to the model is %.0f s old: it hangs, or there are too many for it", oldest), "STATE/logs/model.log; iris gpu status")
	}
	var names []string
	for key, n := range all {
		for _, name := range crashed {
			if label := functionLabel.FindStringSubmatch(key); n > 0 && label != nil && strings.HasPrefix(key, "iris_function_errors_total{") && strings.Contains(key, `error="`+name+`"`) {
				names = append(names, fmt.Sprintf("%s %s %.0f times", label[1], name, n))
			}
		}
	}
	if slices.Sort(names); len(names) > 0 {
		add("functions", note, "functions broke off since the start: "+strings.Join(names, ", "), "their logs in STATE/logs; out of memory: iris up --parameter StageMemory=…")
	}
	if n := of(all, "iris_jobs_ended_total", `status="failed"`); n > 0 {
		add("failed_jobs", note, fmt.Sprintf("%.0f jobs failed since the start that were not at fault", n), "iris list shows them, iris status ID the code, docs/errors.md what it means; iris retry ID")
	}
	if n := of(all, "iris_executions_ended_total", `status="TIMED_OUT"`); n > 0 {
		add("timed_out", note, fmt.Sprintf("%.0f executions were ended after six hours", n), "the model may hang: STATE/logs/model.log")
	}
	if n := of(all, "iris_http_requests_total", `code="5`); n > manyFailures {
		add("api_errors", note, fmt.Sprintf("the API answered %.0f times with an error of its own since the start", n), "STATE/logs/iris-api.log")
	}
	if count, sum := of(all, "iris_http_request_duration_seconds_count")-of(all, "iris_http_request_duration_seconds_count", "events"), of(all, "iris_http_request_duration_seconds_sum")-of(all, "iris_http_request_duration_seconds_sum", "events"); count > 20 && sum/count > slowAnswer {
		add("api_slow", note, fmt.Sprintf("answers of the API take %.1f s on average", sum/count), "the machine has too little to spare: look at its processors, or send fewer scans at once")
	}
	if n := of(all, "iris_queued"); n > longQueue {
		add("queue", note, fmt.Sprintf("%.0f events and invocations wait: scans come faster than they are worked on, and all will be", n), "wait, or send fewer at once; iris list shows how far they are")
	}
	if n := of(all, "iris_spans_dropped_total"); n > 0 {
		add("spans", note, fmt.Sprintf("%.0f spans of traces got lost", n), "is the collector of OTEL_EXPORTER_OTLP_ENDPOINT there, and does it take OTLP over HTTP as JSON?")
	}
	if len(found) == 0 && len(all) > 0 {
		add("system", good, fmt.Sprintf("the stack is well: %.0f jobs are ready since its start; %.0f executions run, each until the linger after its job", of(all, "iris_jobs_ended_total", `status="ready"`), of(all, "iris_executions_running")), "")
	}
	return found
}
