package job

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// The names of the structures that each task of the known models makes. A test of
// tests/contract compares the file with the models' own tables.
//
//go:embed structures.json
var structuresJSON []byte

var structuresByTask = sync.OnceValue(func() map[string][]string {
	var byTask map[string][]string
	if err := json.Unmarshal(structuresJSON, &byTask); err != nil {
		panic(fmt.Sprintf("structures.json: %v", err)) // embedded, and parsed by the tests
	}
	return byTask
})

// StructuresOf lists what a task makes; nil when the task is not known, as that
// of a model which somebody else has written.
func StructuresOf(task string) []string { return structuresByTask()[task] }

// maxListed bounds how many names an error's text tells.
const maxListed = 30

// Listed is a list of names for a sentence, cut where it is long.
func Listed(names []string) string {
	if len(names) <= maxListed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxListed], ", "), len(names)-maxListed)
}

// listedSpelled is Listed of names as an option takes them: a name may have a comma.
func listedSpelled(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = spelled(name)
	}
	return Listed(out)
}

// fastTasks are the tasks with a fast model, of 3 mm. tissue, which is as fast as that
// by itself, takes the option and has one model. A test of tests/contract compares the
// list with the models' own tables.
var fastTasks = []string{"tissue", "total", "total_mr", "total_v3"}

// HasFast says whether a known task takes the option fast.
func HasFast(task string) bool { return contains(fastTasks, task) }

// CheckTask refuses what a known task cannot do: structures that it does not make,
// solids of a merge that would have the name of another structure, and fast where it
// has no fast model. It is asked before the GPU wakes.
func (o Options) CheckTask(task string) error {
	known := StructuresOf(task)
	if known == nil {
		return nil
	}
	if o.Fast && !HasFast(task) {
		return Reject("bad_option", "option fast: task %s has no fast model: leave it out, or choose one of %s", task, strings.Join(fastTasks, ", "))
	}
	return o.checkNames("task "+task+" makes", known, "")
}

// CheckHeld refuses structures that a label map does not hold. If names is empty it is
// not known what the map holds, and nothing is refused.
func (o Options) CheckHeld(names []string) error {
	if len(names) == 0 {
		return nil
	}
	advice := ": send the scan again to segment others"
	if o.Task == TaskLabels {
		advice = ""
	}
	return o.checkNames("the label map holds", names, advice)
}

func (o Options) checkNames(who string, names []string, advice string) error {
	for _, name := range o.Names() {
		if contains(names, name) {
			continue
		}
		option := "merge"
		if contains(o.Structures, name) {
			option = "structures"
		}
		if near, ok := nearest(name, names); ok {
			advice = "; did you mean " + spelled(near) + "?"
		}
		return Reject("bad_option", "option %s: %s no %s, only %s%s", option, who, quoted(name), listedSpelled(names), advice)
	}
	for _, m := range o.Merge {
		if contains(names, m.Name) && !contains(m.Of, m.Name) {
			return Reject("bad_option", "option merge: the name %s is taken: %s a structure of this name", quoted(m.Name), who)
		}
	}
	return nil
}

// Segmentable refuses what no scan can get, where it is known before the scan is
// looked at which of tasks it will have: those of the model server.
func (o Options) Segmentable(tasks []string) error {
	switch {
	case o.Task != TaskAuto && o.Task != "":
		return o.CheckTask(o.Task)
	case len(tasks) == 1:
		return o.CheckTask(tasks[0])
	}
	return nil
}

// CheckNew is Segmentable for options that were all said for one new job: those that
// are of a scan are refused for an upload that is a label map. A retry may have them
// from an attempt before.
func (o Options) CheckNew(tasks []string) error {
	const why = "option %s: with task=labels nothing is segmented: leave it out"
	switch labels := o.Task == TaskLabels; {
	case labels && o.Fast:
		return Reject("bad_option", why, "fast")
	case labels && o.Series > 0:
		return Reject("bad_option", why, "series")
	case labels && o.Modality != "":
		return Reject("bad_option", why, "modality")
	}
	return o.Segmentable(tasks)
}
