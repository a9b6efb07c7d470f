package statemachine_test

import (
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/job/jobtest"
	"github.com/iris-oculus/iris/internal/stage/settle"
	"github.com/iris-oculus/iris/statemachine"
)

// tables are the two tables of docs/architecture.md's section on errors, without
// their heads: cells by row.
func tables(t *testing.T) (services, stages [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Errors\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("docs/architecture.md has no section Errors")
	}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for n := range cells {
			cells[n] = strings.TrimSpace(cells[n])
		}
		switch {
		case strings.HasPrefix(cells[0], "---") || len(quoted(cells[0])) == 0:
		case len(cells) == 3:
			services = append(services, cells)
		case len(cells) == 5:
			stages = append(stages, cells)
		}
	}
	if len(services) < 4 || len(stages) < 9 {
		t.Fatalf("%d and %d rows", len(services), len(stages))
	}
	return services, stages
}

var code = regexp.MustCompile("`([^`]+)`")

// quoted are the words of a cell that stand in backquotes.
func quoted(cell string) (words []string) {
	for _, m := range code.FindAllStringSubmatch(cell, -1) {
		words = append(words, m[1])
	}
	return words
}

func TestTheTableOfServices(t *testing.T) {
	services, _ := tables(t)
	for _, row := range services {
		for _, said := range quoted(row[0]) {
			err := fault.Code("ask", said)
			got := "InternalError"
			var busy *job.BusyError
			switch {
			case errors.As(err, &busy):
				got = "BusyError"
			case errors.Is(err, job.ErrReplaced):
				got = "ErrReplaced"
			case errors.Is(err, job.ErrNotFound):
				got = "ErrNotFound"
			case job.Named(err) != nil:
				got = "another"
			}
			if row[1] != "`"+got+"`" {
				t.Errorf("%s becomes %s, the table says %s", said, got, row[1])
			}
		}
	}
}

// settled is a job's record after settle's verdict on an error.
func settled(t *testing.T, name string) job.Record {
	t.Helper()
	const id = "01JD0000000000000000000001"
	jobs := &jobtest.Store{}
	if _, _, err := jobs.Create(t.Context(), job.Record{ID: id, Attempt: 1, Status: job.Preparing}); err != nil {
		t.Fatal(err)
	}
	s := settle.Stage{Jobs: jobs, Links: jobs, Uploads: &jobtest.Bucket{}, Work: &jobtest.Bucket{}, Results: &jobtest.Bucket{},
		Workflow: silent{}, Now: time.Now}
	cause := `{"errorType":"` + name + `","errorMessage":"code: sentence"}`
	in := job.SettleInput{Action: job.ActionSettle, Job: id, Attempt: 1, Error: &job.TaskError{Error: name, Cause: cause}}
	if _, err := s.Handle(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return jobs.Record(id)
}

func TestTheTableOfErrors(t *testing.T) {
	_, stages := tables(t)
	times := regexp.MustCompile(`(\d+) times`)
	for _, row := range stages {
		for _, name := range quoted(row[0]) {
			r := settled(t, name)
			if string(r.Status) != row[2] {
				t.Errorf("%s: the job ends %s, the table says %s", name, r.Status, row[2])
			}
			want := "the error's own code and sentence"
			if r.Error.Code != "code" || r.Error.Message != "sentence" {
				want = "`" + r.Error.Code + "`: " + r.Error.Message
			}
			if row[3] != want {
				t.Errorf("%s: its owner reads %q, the table says %q", name, want, row[3])
			}
			said := times.FindAllStringSubmatch(row[1], -1)
			if (row[1] == "nobody") != (len(said) == 0) {
				t.Errorf("%s: %q: want nobody or how many times", name, row[1])
			}
			for n, call := range []string{"prepare", "gpu acquire", "mesh"} {
				tries := 0
				if len(said) > 0 {
					tries, _ = strconv.Atoi(said[0][1])
				}
				if call == "gpu acquire" && len(said) > 1 {
					tries, _ = strconv.Atoi(said[1][1])
				}
				if n > 0 && tries == 0 {
					continue // one stage shows it
				}
				got := execute(t, scan, script{call: {{fails: name}}, "settle settle": {{reply: `{"status":"` + string(r.Status) + `"}`}}})
				calls := 0
				for _, c := range got.calls {
					if c == call {
						calls++
					}
				}
				if calls != tries+1 {
					t.Errorf("%s of %s: retried %d times, the table says %d", name, call, calls-1, tries)
				}
				if alarm := got.end.Status == "FAILED"; alarm != (row[4] == "yes") {
					t.Errorf("%s of %s: the execution ends %s, the table says alarm: %s", name, call, got.end.Status, row[4])
				}
			}
		}
	}
}

// Whatever the workflow retries, the contract names or the verdict knows stands in
// the table, and the alarm that it speaks of is in the template.
func TestTheTableIsWhole(t *testing.T) {
	_, stages := tables(t)
	var rows []string
	for _, row := range stages {
		rows = append(rows, quoted(row[0])...)
	}
	known := func(where, name string) {
		if !slices.Contains(rows, name) {
			t.Errorf("%s names %s, the table of errors does not", where, name)
		}
	}
	var definition any
	if err := json.Unmarshal(statemachine.Scan, &definition); err != nil {
		t.Fatal(err)
	}
	for _, name := range errorEquals(definition) {
		if name != "States.ALL" {
			known("the workflow", name)
		}
	}
	declared := goFile(t, filepath.Join("..", "internal", "job", "errors.go"))
	ast.Inspect(declared, func(n ast.Node) bool {
		if d, ok := n.(*ast.TypeSpec); ok && strings.HasSuffix(d.Name.Name, "Error") {
			known("internal/job", d.Name.Name)
		}
		return true
	})
	ast.Inspect(goFile(t, filepath.Join("..", "internal", "stage", "settle", "verdict.go")), func(n ast.Node) bool {
		if c, ok := n.(*ast.CaseClause); ok {
			for _, value := range c.List {
				if text, ok := value.(*ast.BasicLit); ok {
					name, _ := strconv.Unquote(text.Value)
					known("the verdict", name)
				}
			}
		}
		return true
	})
	template, err := os.ReadFile(filepath.Join("..", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, alarm, found := strings.Cut(string(template), "\n  FailedJobsAlarm:\n")
	if alarm, _, _ = strings.Cut(alarm, "TreatMissingData"); !found || !strings.Contains(alarm, "MetricName: ExecutionsFailed") {
		t.Error("the template has no FailedJobsAlarm over failed executions")
	}
}

func goFile(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// errorEquals are the names that any Retry or Catch of a definition lists.
func errorEquals(node any) (names []string) {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			if list, ok := value.([]any); ok && key == "ErrorEquals" {
				for _, name := range list {
					names = append(names, name.(string))
				}
				continue
			}
			names = append(names, errorEquals(value)...)
		}
	case []any:
		for _, value := range node {
			names = append(names, errorEquals(value)...)
		}
	}
	return names
}

// silent is a workflow that runs nothing and hears no event; a verdict asks nothing else of it.
type silent struct{ settle.Workflow }

func (silent) Running(context.Context, string) (bool, bool, error)     { return false, false, nil }
func (silent) Announce(context.Context, string, job.EventDetail) error { return nil }
