package main

import (
	"context"
	"errors"
	"io"
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
	}
}

// findModel supplies the template's model parameters.
func findModel(_ context.Context, _ io.Writer, name, install string) (model, error) {
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
	default:
		return m, &exitError{exitUsage, errors.New("model: want tissue, totalsegmentator or none")}
	}
	return m, nil
}
