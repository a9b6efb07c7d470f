package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	_ "embed"

	"github.com/iris-oculus/iris/internal/codes"
	"github.com/iris-oculus/iris/internal/job"
)

// What a support bundle says of a log is chosen by what is known to be nobody's, never by
// looking for what might be somebody's: a word comes through because this program's source
// has it, or a number because it has the form of one. All else is left out, and counted.

// messagesText holds every text that the program's own log lines begin with; a test makes
// it of the source.
//
//go:embed messages.txt
var messagesText string

var messages = func() map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(messagesText) {
		all[strings.TrimSuffix(line, "\n")] = true
	}
	return all
}()

// faults are names of errors, and the words for them, that may be told of a text of which
// nothing else is.
var faults = []string{
	"AccessDeniedException", "ConditionalCheckFailedException", "ConditionalRequestConflict", "ExecutionAlreadyExists", "ExecutionDoesNotExist",
	"ExecutionLimitExceeded", "InternalError", "InternalFailure", "InvalidToken", "NoSuchBucket", "NoSuchKey", "NotFound", "PreconditionFailed",
	"ProvisionedThroughputExceededException", "ResourceNotFoundException", "SlowDown", "ServiceUnavailable", "TaskDoesNotExist", "TaskTimedOut",
	"ThrottlingException", "TooManyRequestsException", "ValidationException", "BusyError", "BudgetError", "EndpointFailedError", "RejectedError",
	"UnsupportedError", "Runtime.ExitError", "Sandbox.Timedout", "StatusCode: 400", "StatusCode: 403", "StatusCode: 404", "StatusCode: 409",
	"StatusCode: 412", "StatusCode: 429", "StatusCode: 500", "StatusCode: 502", "StatusCode: 503", "StatusCode: 504", "address already in use",
	"broken pipe", "connection refused", "connection reset", "context canceled", "context deadline exceeded", "i/o timeout", "is not set",
	"no space left on device", "no such host", "out of memory", "out of time", "permission denied", "signal: killed", "too many open files", "unexpected EOF",
}

func faultsIn(text string) (found []string) {
	for _, f := range faults {
		if strings.Contains(text, f) {
			found = append(found, f)
		}
	}
	return found
}

// words that the log's members stage, status and action may have, and levels.
var logWords = []string{
	"intake", "prepare", "glimpse", "acquire", "release", "park", "segment", "segmented", "mesh", "settle", "publish", "export", "notify", "sweep", "reconcile",
	"awaiting_upload", "received", "preparing", "warming", "segmenting", "meshing", "ready", "rejected", "failed", "cancelled", "expired",
	"asleep", "waking", "warm", "DEBUG", "INFO", "WARN", "ERROR",
}

var (
	uuidForm   = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	reportForm = regexp.MustCompile(`^(START RequestId: [0-9a-f-]{36} Version: \$LATEST|END RequestId: [0-9a-f-]{36}|REPORT RequestId: [0-9a-f-]{36}(\t[A-Z][A-Za-z ]{1,20}: [0-9.]{1,15} (ms|MB))*)$`)
	timeForm   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$`)
)

// scrubLog is what may be told of a log: whole lines of Lambda's own, and of JSON lines
// the members that are nobody's. Lines of which nothing is left are counted.
func scrubLog(text string) string {
	var b strings.Builder
	left := 0
	flush := func() {
		if left > 0 {
			fmt.Fprintf(&b, "(%d lines left out)\n", left)
		}
		left = 0
	}
	for line := range strings.Lines(text) {
		kept := scrubLine(strings.TrimRight(line, "\r\n"))
		if kept == "" {
			left++
			continue
		}
		flush()
		b.WriteString(kept + "\n")
	}
	flush()
	return b.String()
}

// scrubLine reads "time TAB request id TAB text", or a text alone.
func scrubLine(line string) string {
	at, id, text := "", "", line
	if parts := strings.SplitN(line, "\t", 3); len(parts) == 3 && timeForm.MatchString(parts[0]) {
		at, text = parts[0]+"\t", parts[2]
		if uuidForm.MatchString(parts[1]) {
			id = parts[1] + "\t"
		}
	}
	if reportForm.MatchString(text) {
		return at + text
	}
	if members := scrubMembers(text); members != "" {
		return at + id + members
	}
	if found := faultsIn(text); len(found) > 0 {
		return at + id + "(left out but for: " + strings.Join(found, ", ") + ")"
	}
	return ""
}

// scrubMembers are the members of a JSON line that are nobody's; empty for another line,
// and for one that says nothing but when.
func scrubMembers(text string) string {
	var all map[string]any
	if json.Unmarshal([]byte(text), &all) != nil {
		return ""
	}
	kept := map[string]any{}
	for name, value := range all {
		word, isText := value.(string)
		number, isNumber := value.(float64)
		switch {
		case name == "time" && isText && timeForm.MatchString(word),
			name == "msg" && messages[word],
			name == job.LogJob && job.ValidID(word),
			name == job.LogCode && known(word),
			(name == "level" || name == job.LogStage || name == job.LogStatus || name == job.LogAction) && slices.Contains(logWords, word):
			kept[name] = word
		case isNumber && slices.Contains([]string{job.LogAttempt, job.LogCount, job.LogBytes, job.LogMillis, job.MetricEnded, job.MetricJobSeconds, job.MetricStageSeconds}, name):
			kept[name] = number
		case (name == job.LogError || name == "errorMessage" || name == "errorType") && isText:
			if found := faultsIn(word); len(found) > 0 {
				kept[name] = found
			}
		}
	}
	says := len(kept)
	for _, name := range []string{"time", "level"} {
		if kept[name] != nil {
			says--
		}
	}
	if says == 0 {
		return ""
	}
	if n := len(all) - len(kept); n > 0 {
		kept["left_out"] = n
	}
	out, err := json.Marshal(kept) // in the order of their names
	if err != nil {
		return ""
	}
	return string(out)
}

// known says whether a code is one of this program's.
func known(code string) bool {
	_, ok := codes.Find(code)
	return ok
}

// series is a line of metrics that may be told: of ours, with label values that are words
// of this program.
var series = regexp.MustCompile(`^[a-z_]+(\{([a-z]+="[A-Za-z0-9_.+:/{}?= -]{0,64}",?)*\})? [0-9.eE+-]+(Inf)?$`)

// scrubMetrics is what may be told of the metrics.
func scrubMetrics(text string) string {
	var b strings.Builder
	left := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !series.MatchString(line) || !nobodys(line) {
			if !strings.HasPrefix(line, "#") {
				left++
			}
			continue
		}
		b.WriteString(line + "\n")
	}
	if left > 0 {
		fmt.Fprintf(&b, "# %d lines left out\n", left)
	}
	return b.String()
}

var labels = regexp.MustCompile(`([a-z]+)="([^"]*)"`)

// ownWords are what label values are made of, beside logWords, faults and numbers.
var ownWords = map[string]bool{
	"": true, "iris": true, "api": true, "gpu": true, "scan": true, "model": true, "other": true, "events": true, "functions": true, "topics": true, "bootstrap": true, "node": true,
	"s3": true, "tissue": true, "python3": true, "python": true, "v1": true, "jobs": true, "parts": true, "complete": true, "cancel": true, "retry": true, "remesh": true,
	"artifacts": true, "receipt": true, "share": true, "shared": true, "status": true, "healthz": true, "readyz": true, "openapi": true, "json": true, "id": true, "name": true,
	"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "OPTIONS": true, "SUCCEEDED": true, "FAILED": true, "TIMED_OUT": true, "ABORTED": true,
	"Inf": true, "ClientError": true, "ModelError": true, "Unhandled": true, "totalsegmentator": true,
}

// nobodys says whether every word of a line's label values is the program's own.
func nobodys(line string) bool {
	for _, label := range labels.FindAllStringSubmatch(line, -1) {
		if label[1] == "version" || label[1] == "go" { // of the build
			continue
		}
		if slices.Contains(faults, label[2]) || (label[1] == "le" || label[1] == "code") && len(label[2]) < 6 && strings.Trim(label[2], "0123456789.") == "" {
			continue
		}
		for word := range strings.FieldsFuncSeq(label[2], func(r rune) bool { return strings.ContainsRune("/{}.-+ ", r) }) {
			if !ownWords[word] && !slices.Contains(logWords, word) {
				return false
			}
		}
	}
	return true
}

// since is a time without its fraction.
func since(t time.Time) string { return t.UTC().Format(time.RFC3339) }
