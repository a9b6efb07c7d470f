//go:build !windows

package main

import (
	"archive/zip"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

var updateMessages = flag.Bool("update-messages", false, "write messages.txt anew")

// messages.txt has exactly the texts that log lines of this repository begin with.
func TestMessagesOfTheLog(t *testing.T) {
	root, found := filepath.Join("..", ".."), map[string]bool{"metric": true}
	for _, dir := range []string{"internal", "functions", "containers/tissue", "s3"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			constants := map[string]string{}
			ast.Inspect(file, func(n ast.Node) bool {
				if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == 1 && len(v.Values) == 1 {
					if text, ok := v.Values[0].(*ast.BasicLit); ok && text.Kind == gotoken.STRING {
						constants[v.Names[0].Name], _ = strconv.Unquote(text.Value)
					}
				}
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) == 0 {
					return true
				}
				name, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, name.Sel.Name) {
					return true
				}
				switch first := call.Args[0].(type) {
				case *ast.BasicLit:
					if text, err := strconv.Unquote(first.Value); err == nil && text != "" {
						found[text] = true
					}
				case *ast.Ident:
					if text := constants[first.Name]; text != "" {
						found[text] = true
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := strings.Join(slices.Sorted(maps.Keys(found)), "\n") + "\n"
	if *updateMessages {
		if err := os.WriteFile("messages.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, messagesText); diff != "" {
		t.Errorf("go test ./cmd/iris -run TestMessagesOfTheLog -update-messages (-want +got): %s", diff)
	}
}

// ownParameter has exactly the template's parameters.
func TestOwnParameters(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Parameters map[string]yaml.Node `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(template.Parameters)), slices.Sorted(maps.Keys(ownParameter))); diff != "" {
		t.Errorf("(-template +parameters.go): %s", diff)
	}
}

// planted are identities, in every form in which one may stand in a name, a key, an owner,
// a log or a header.
var planted = []string{"DOE^JANE", "doe-jane", "DoeJane", "19700101", "MRN0042", "jane.doe@example.org", "Krankenhaus", "1.2.840.113619.2"}

// A support bundle holds what helps, and none of the identities that were planted wherever
// one could be.
func TestABundleHoldsNoIdentity(t *testing.T) {
	who := strings.Join(planted, " ")
	const id = "01J0000000000000000000000A"
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/metrics":
			w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			fmt.Fprintf(w, "# HELP iris_x %s\niris_jobs_ended_total{status=\"failed\"} 3\niris_jobs_ended_total{status=%q} 1\niris_dead_letters{queue=\"events\"} 2\n", who, who)
			for _, p := range planted {
				fmt.Fprintf(w, "iris_child_open_fds{program=%q} 1\niris_function_errors_total{function=\"iris-mesh\",error=%q} 1\n%s 1\n", p, p, p)
			}
			fmt.Fprint(w, "iris_function_errors_total{function=\"iris-mesh\",error=\"Runtime.ExitError\"} 4\niris_http_requests_total{method=\"GET\",route=\"/v1/jobs/{id}/artifacts/{name}\",code=\"200\"} 9\n")
		case "/v1/jobs":
			_ = json.NewEncoder(w).Encode(map[string]any{"next": nil, "jobs": []any{
				map[string]any{"id": id, "status": "failed", "attempt": 2, "key": who, "owner": who, "created_at": "2026-12-01T00:00:00Z", "options": map[string]string{"merge": who},
					"error":      map[string]string{"code": "model_failed", "message": who},
					"stages":     []any{map[string]any{"name": "preparing", "started_at": "2026-12-01T00:00:00Z", "ended_at": "2026-12-01T00:00:07Z"}, map[string]any{"name": "doe-jane", "started_at": "2026-12-01T00:00:00Z", "ended_at": "2026-12-01T00:00:07Z"}},
					"structures": []any{map[string]any{"name": who}}},
				map[string]any{"id": "doe-jane", "status": "DoeJane", "attempt": 1, "error": map[string]string{"code": "DoeJane", "message": ""}},
			}})
		default:
			fmt.Fprint(w, `{"ok":true}`)
		}
	}))
	defer api.Close()
	t.Setenv("IRIS_API", api.URL)
	t.Setenv("IRIS_TOKEN", "doe-jane")
	t.Setenv("http_proxy", "http://doe-jane:3128")
	state := filepath.Join(t.TempDir(), "doe-jane")
	if err := os.MkdirAll(filepath.Join(state, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	parameters := map[string]string{"LingerSeconds": "120", "WebhookUrl": "https://doe-jane/", "WebhookSecrets": "whsec_DoeJane", "AlertEmail": "jane.doe@example.org", "DoeJane": "DoeJane", "KeepVersions": "no"}
	if err := writeReady(state, ready{Ready: true, HTTP: api.URL, Token: "doe-jane", Parameters: parameters}); err != nil {
		t.Fatal(err)
	}
	const at, request = "2026-12-01T00:00:00.000Z\t", "8c7d0e3a-0000-4000-8000-000000000001\t"
	var log strings.Builder
	for _, p := range append([]string{who}, planted...) {
		quoted, _ := json.Marshal(p)
		for _, line := range []string{
			p, at + p + "\t" + p, p + "\t" + request + "x", at + request + p, "panic: " + p, "\t/home/" + p + "/main.go:1 +0x1", "goroutine 1 [" + p + "]:",
			at + request + `{"level":"ERROR","msg":` + string(quoted) + `}`,
			at + request + `{"level":"ERROR","msg":"stage failed","error":` + string(quoted) + `}`,
			at + request + `{"level":` + string(quoted) + `,"job":` + string(quoted) + `,"code":` + string(quoted) + `,"stage":` + string(quoted) + `,"route":` + string(quoted) + `}`,
			at + request + `{` + string(quoted) + `:1,"msg":"stage failed","time":` + string(quoted) + `}`,
			at + request + "REPORT RequestId: " + p, at + request + "START RequestId: " + p + " Version: $LATEST",
		} {
			log.WriteString(line + "\n")
		}
	}
	log.WriteString(at + request + `{"time":"2026-12-01T00:00:00.5Z","level":"ERROR","msg":"stage failed","job":"` + id + `","attempt":2,"error":"read DOE^JANE: https response error StatusCode: 503, SlowDown: doe-jane"}` + "\n")
	log.WriteString(at + request + "REPORT RequestId: 8c7d0e3a-0000-4000-8000-000000000001\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB\n")
	log.WriteString(at + request + "runtime: DOE^JANE: out of memory\n")
	for _, name := range []string{"iris-prepare.log", "doe-jane.log", "model.log"} {
		if err := os.WriteFile(filepath.Join(state, "logs", name), []byte(log.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "bundle.zip")
	t.Setenv("PATH", t.TempDir())
	_, _ = iris(t, "doctor", "--bundle", file, "--state", state) // something is missing, as it should be

	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(text)
		for _, p := range append(planted, "JANE", "Jane", "whsec") {
			if strings.Contains(strings.ToLower(f.Name+"\n"+string(text)), strings.ToLower(p)) {
				t.Errorf("%s holds %s", f.Name, p)
			}
		}
	}
	for name, holds := range map[string][]string{
		"README.txt":         {"iris doctor"},
		"versions.json":      {`"iris": "` + version + `"`},
		"configuration.json": {`"LingerSeconds": "120"`, `"WebhookUrl": "(set)"`, `"KeepVersions": "no"`},
		"metrics.txt":        {`iris_jobs_ended_total{status="failed"} 3`, `error="Runtime.ExitError"} 4`, `route="/v1/jobs/{id}/artifacts/{name}",code="200"} 9`, "# 25 lines left out"},
		"jobs.json":          {id, `"failed model_failed": 1`, `"unknown unknown": 1`, `"preparing": 7`},
		"doctor.json":        {`"sick_dead_letters"`, "2 events, messages or invocations failed for good", `"sick_failed_jobs"`, "iris-mesh Runtime.ExitError 4 times"},
		"logs/iris-prepare.txt": {
			request + `{"attempt":2,"error":["StatusCode: 503","SlowDown"]` + `,"job":"` + id + `"`, `"error":["SlowDown","StatusCode: 503"]`,
			"Billed Duration: 13 ms", "(left out but for: out of memory)", "lines left out)",
		},
	} {
		for _, part := range holds {
			if name == "logs/iris-prepare.txt" && strings.Contains(part, `["StatusCode: 503","SlowDown"]`) {
				continue // the order is that of the list of faults
			}
			if !strings.Contains(all[name], part) {
				t.Errorf("%s has no %s:\n%s", name, part, all[name])
			}
		}
	}
	if _, found := all["logs/doe-jane.txt"]; found || len(all) != 8 {
		t.Errorf("%d files", len(all))
	}
	if _, err := iris(t, "doctor", "--bundle", file, "--state", state); err == nil || strings.Contains(err.Error(), "doe-jane") {
		t.Errorf("a file that is there is written over: %v", err)
	}
}

// What the stack counts is explained, each with a cure, and a well one is called well.
func TestDoctorExplainsASickStack(t *testing.T) {
	for metrics, want := range map[string]string{
		`iris_jobs_ended_total{status="ready"} 3`:                                     "sick_system ok",
		`iris_dead_letters{queue="topics"} 1`:                                         "sick_dead_letters missing",
		`iris_jobs_ended_total{status="failed"} 1`:                                    "sick_failed_jobs note",
		`iris_function_errors_total{function="iris-mesh",error="Sandbox.Timedout"} 1`: "sick_functions note",
		`iris_function_errors_total{function="iris-mesh",error="RejectedError"} 9`:    "sick_system ok",
		"iris_model_instances_desired{endpoint=\"m\"} 1\niris_model_instances{endpoint=\"m\"} 0\niris_model_oldest_request_seconds{endpoint=\"m\"} 700":  "sick_model missing",
		"iris_model_instances_desired{endpoint=\"m\"} 1\niris_model_instances{endpoint=\"m\"} 1\niris_model_oldest_request_seconds{endpoint=\"m\"} 1900": "sick_model missing",
		`iris_executions_ended_total{status="TIMED_OUT"} 1`:                                                                                                       "sick_timed_out note",
		`iris_http_requests_total{method="GET",route="/v1/jobs",code="503"} 6`:                                                                                    "sick_api_errors note",
		"iris_http_request_duration_seconds_sum{route=\"/v1/jobs\"} 99\niris_http_request_duration_seconds_count{route=\"/v1/jobs\"} 30":                          "sick_api_slow note",
		"iris_http_request_duration_seconds_sum{route=\"/v1/jobs/{id}/events\"} 999\niris_http_request_duration_seconds_count{route=\"/v1/jobs/{id}/events\"} 30": "sick_system ok",
		`iris_queued{queue="functions"} 1001`:                                                                                                                     "sick_queue note",
		`iris_spans_dropped_total 1`:                                                                                                                              "sick_spans note",
		"not a metric":                                                                                                                                            "",
	} {
		var got []string
		for _, f := range explain(parsed(metrics + "\n")) {
			got = append(got, f.Check+" "+string(f.Verdict))
			if (f.Verdict == good) != (f.Cure == "") || !regexp.MustCompile(`^sick_[a-z_]+$`).MatchString(f.Check) {
				t.Errorf("%+v", f)
			}
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s: %q, want %s", metrics, got, want)
		}
	}
}
