//go:build !windows

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// model is a model server on this machine: the template's parameters that say
// what it can do, and the command that serves it.
type model struct {
	parameters map[string]string
	command    []string
}

// buckets and the price are the same for every model on one machine.
func localParameters() map[string]string {
	return map[string]string{
		"UploadsBucketName": "iris-uploads", "WorkBucketName": "iris-work", "ResultsBucketName": "iris-results",
		"InstancePrice": "0",
		"EndpointName":  "iris-model", // whichever model it is; and that under which state folders know it
		"KeepVersions":  "no",         // a disk of one's own is soon full
		"InferenceAmi":  "",           // the model server takes this machine's GPU when it has one
	}
}

// models are the names that --model takes.
var models = []string{"tissue", "totalsegmentator", "none"}

func errModel(name string) error {
	return usage("bad_model: --model %q: want tissue, totalsegmentator or none", name)
}

// findModel supplies the template's model parameters.
func findModel(ctx context.Context, says io.Writer, name, install string) (model, error) {
	m := model{parameters: localParameters()}
	switch name {
	case "none":
		m.parameters["ModelImageUri"] = ""
	case "tissue":
		m.parameters["ModelImageUri"], m.parameters["Tasks"] = "local/tissue", "tissue"
		program, err := filepath.Abs(filepath.Join(install, "build", "tissue"))
		if err != nil {
			return m, err
		}
		m.command = []string{program}
	case "totalsegmentator":
		if err := m.findTotalSegmentator(ctx, says, install); err != nil {
			return m, err
		}
	default:
		return m, errModel(name)
	}
	return m, nil
}

// findTotalSegmentator makes the Python environment, which says what it installs,
// and asks the server which tasks the weights on this machine serve.
func (m *model) findTotalSegmentator(ctx context.Context, says io.Writer, install string) error {
	folder, err := filepath.Abs(filepath.Join(install, "containers", "totalsegmentator"))
	if err != nil {
		return err
	}
	weights, err := weightsFolder()
	if err != nil {
		return err
	}
	environment := exec.CommandContext(ctx, filepath.Join(folder, "environment.sh"))
	environment.Stderr = says
	python, err := environment.Output()
	if err != nil {
		return fmt.Errorf("make the model's environment: %w", err)
	}
	m.command = []string{
		"/usr/bin/env", "PYTHONPATH=" + folder, string(bytes.TrimSpace(python)),
		"-m", "iris_totalsegmentator", "--weights", weights,
	}
	list := exec.CommandContext(ctx, m.command[0], append(m.command[1:], "--list-tasks")...)
	list.Stderr = says
	tasks, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the model's tasks: %w", err)
	}
	m.parameters["ModelImageUri"], m.parameters["Tasks"] = "local/totalsegmentator", string(bytes.TrimSpace(tasks))
	m.parameters["ModelProgress"] = "yes" // the stack reads its log
	m.parameters["ModelLicense"] = cmp.Or(os.Getenv("IRIS_LICENSE"), "none")
	if m.parameters["Tasks"] == "" {
		return fmt.Errorf("model totalsegmentator: no weights in %s: put TotalSegmentator's folders there (Dataset291_… to Dataset295_…, Dataset297_…), "+
			"as totalseg_download_weights leaves them in ~/.totalsegmentator/nnunet/results, or name their folder in IRIS_WEIGHTS", weights)
	}
	return nil
}

// weightsFolder is where the weights of TotalSegmentator are looked for.
func weightsFolder() (string, error) {
	weights := os.Getenv("IRIS_WEIGHTS")
	if weights == "" {
		data := os.Getenv("XDG_DATA_HOME")
		if data == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", err
			}
			data = filepath.Join(home, ".local", "share")
		}
		weights = filepath.Join(data, "iris", "weights")
	}
	return filepath.Abs(weights)
}
