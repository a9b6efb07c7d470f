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

// CheckNames refuses structures that a task does not make, and solids of a merge
// that would have the name of another structure, where the task's list is known.
// It is asked before the GPU wakes.
func (o Options) CheckNames(task string) error {
	if known := StructuresOf(task); known != nil {
		return o.checkNames("task "+task+" makes", known, "")
	}
	return nil
}

// CheckHeld refuses structures that a label map does not hold. If names is empty it is
// not known what the map holds, and nothing is refused.
func (o Options) CheckHeld(names []string) error {
	if len(names) == 0 {
		return nil
	}
	return o.checkNames("the label map holds", names, ": send the scan again to segment others")
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
			advice = "; did you mean " + near + "?"
		}
		return Reject("bad_option", "option %s: %s no %s, only %s%s", option, who, quoted(name), Listed(names), advice)
	}
	for _, m := range o.Merge {
		if contains(names, m.Name) && !contains(m.Of, m.Name) {
			return Reject("bad_option", "option merge: the name %s is taken: %s a structure of this name", quoted(m.Name), who)
		}
	}
	return nil
}

// Segmentable refuses structures that the job's task does not make, where the task is
// known before the scan is read. tasks are those of the model server.
func (o Options) Segmentable(tasks []string) error {
	switch {
	case o.Task != TaskAuto && o.Task != "":
		return o.CheckNames(o.Task)
	case len(tasks) == 1:
		return o.CheckNames(tasks[0])
	}
	return nil
}
