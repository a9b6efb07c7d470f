package contract

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/job"
	"github.com/iris-oculus/iris/internal/tissue"
)

var update = flag.Bool("update", false, "write internal/job/structures.json and the names in docs/options.md anew from the models' tables")

var (
	structuresFile = filepath.Join("..", "..", "internal", "job", "structures.json")
	optionsPage    = filepath.Join("..", "..", "docs", "options.md")
)

// modelTables lists what each task of the two models makes, from their own tables.
func modelTables(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, l := range tissue.Table().Labels {
		out["tissue"] = append(out["tissue"], l.Name)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "containers", "totalsegmentator", "iris_totalsegmentator", "tables.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tables struct {
		Tasks map[string]struct{ Labels []struct{ Name string } }
	}
	if err := json.Unmarshal(text, &tables); err != nil {
		t.Fatal(err)
	}
	for task, is := range tables.Tasks {
		for _, l := range is.Labels {
			out[task] = append(out[task], l.Name)
		}
	}
	return out
}

func sortedTasks(tables map[string][]string) []string {
	var tasks []string
	for task := range tables {
		tasks = append(tasks, task)
	}
	slices.Sort(tasks)
	return tasks
}

// What options are judged by before the GPU wakes is what the models make.
func TestStructuresAreThoseOfTheModels(t *testing.T) {
	tables := modelTables(t)
	if *update {
		var lines []string
		for _, task := range sortedTasks(tables) {
			line, err := json.Marshal(map[string][]string{task: tables[task]})
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, " "+strings.Trim(string(line), "{}"))
		}
		if err := os.WriteFile(structuresFile, []byte("{\n"+strings.Join(lines, ",\n")+"\n}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(structuresFile)
	if err != nil {
		t.Fatal(err)
	}
	var written map[string][]string
	if err := json.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tables, written); diff != "" {
		t.Errorf("go test ./tests/contract -run Structures -update: %s", diff)
	}
}

// A task takes fast before the GPU wakes if its model has a fast mode.
func TestFastIsOfTheModels(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "containers", "totalsegmentator", "iris_totalsegmentator", "tables.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tables struct {
		Tasks map[string]struct{ Modes map[string]any }
	}
	if err := json.Unmarshal(text, &tables); err != nil {
		t.Fatal(err)
	}
	if len(tables.Tasks) == 0 {
		t.Fatal("no tasks")
	}
	for task, is := range tables.Tasks {
		_, fast := is.Modes["fast"]
		o := job.Options{Task: task, Fast: true}
		if err := o.CheckTask(task); (err == nil) != fast {
			t.Errorf("task %s has a fast mode: %v, and fast=true is answered %v", task, fast, err)
		}
	}
	if err := (job.Options{Fast: true}).CheckTask("tissue"); err != nil {
		t.Error(err)
	}
}

// docs/options.md has a row for every option, and every name of a structure.
func TestOptionsPage(t *testing.T) {
	const begin, end = "<!-- names: made by go test ./tests/contract -run OptionsPage -update -->\n", "<!-- end of names -->\n"
	text, err := os.ReadFile(optionsPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, name := range job.OptionNames {
		if !strings.Contains(page, "\n| `"+name+"` | ") {
			t.Errorf("docs/options.md has no row for option %s", name)
		}
	}
	before, rest, ok := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatal("docs/options.md has no place for the names")
	}
	tables := modelTables(t)
	var names strings.Builder
	for _, task := range sortedTasks(tables) {
		names.WriteString("**" + task + "** (" + strconv.Itoa(len(tables[task])) + "): " + strings.Join(tables[task], ", ") + "\n\n")
	}
	want := before + begin + "\n" + names.String() + end + after
	if *update {
		if err := os.WriteFile(optionsPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != page {
		t.Errorf("the names are not those of the models: go test ./tests/contract -run OptionsPage -update")
	}
}
