//go:build !windows

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/local/durable"
	"github.com/iris-oculus/iris/internal/local/stack"
)

// run starts the stack and waits for the command's end.
func (f upFlags) run(cmd *cobra.Command) error {
	if !slices.Contains(models, f.model) { // whatever is installed
		return errModel(f.model)
	}
	if err := installed(f.install); err != nil {
		return err
	}
	m, err := findModel(cmd.Context(), cmd.ErrOrStderr(), f.model, f.install)
	if err != nil {
		return err
	}
	if f.linger < 0 || f.linger > time.Hour || f.linger%time.Second != 0 {
		return &exitError{exitUsage, fmt.Errorf("bad_linger: --linger %s: want whole seconds, at most 1h", f.linger)}
	}
	m.parameters["LingerSeconds"] = fmt.Sprint(int(f.linger.Seconds()))
	access, err := f.access()
	if err != nil {
		return &exitError{exitUsage, err}
	}
	maps.Copy(m.parameters, access)
	if f.intent < 0 || f.intent > time.Hour || f.intent%time.Second != 0 {
		return &exitError{exitUsage, fmt.Errorf("bad_linger: --warm-on-intent %s: want whole seconds, at most 1h", f.intent)}
	}
	m.parameters["WarmOnIntentSeconds"] = fmt.Sprint(int(f.intent.Seconds()))
	maps.Copy(m.parameters, f.parameters)
	level := slog.LevelWarn
	if f.verbose {
		level = slog.LevelInfo
	}
	state, err := filepath.Abs(f.state)
	if err != nil {
		return err
	}
	s, err := stack.Start(cmd.Context(), stack.Config{
		State: state, HTTP: f.http, AWS: f.aws,
		Template: filepath.Join(f.install, "template.yaml"), Build: filepath.Join(f.install, "build"),
		Parameters: m.parameters, Model: m.command, ModelStartAfter: f.wake, Calls: f.calls, Version: version,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return err
	}
	r := ready{Ready: true, HTTP: s.HTTP, AWS: s.AWS, Credentials: s.Credentials, Token: s.Token, Issuer: s.Issuer, Parameters: m.parameters, Backup: s.Backup}
	if err := errors.Join(writeReady(state, r), say(cmd, r, f.state, f.json)); err != nil {
		return errors.Join(err, s.Close())
	}
	<-cmd.Context().Done()
	return errors.Join(os.Remove(filepath.Join(state, readyFile)), s.Close())
}

// installed wants the sources and what make build makes of them.
func installed(folder string) error {
	for _, part := range []struct{ path, cure string }{
		{"template.yaml", "`iris up` needs the sources: clone them, `make build`, and run iris there or name their folder with --install"},
		{filepath.Join("build", "intake", "bootstrap"), "run `make build` there"},
	} {
		if _, err := os.Stat(filepath.Join(folder, part.path)); errors.Is(err, fs.ErrNotExist) {
			return usage("not_installed: there is no %s in %s: %s", part.path, folder, part.cure)
		}
	}
	return nil
}

func writeReady(state string, r ready) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	// Only its owner may read the file: the token is in it.
	return durable.WriteFile(filepath.Join(state, readyFile), append(text, '\n'))
}

// say prints the one line. The state folder is named as it was asked for, so that
// the line reads the same in scripts.
func say(cmd *cobra.Command, r ready, state string, asJSON bool) error {
	token := r.Token != ""
	r.Credentials, r.Token, r.Parameters = filepath.Join(state, "credentials"), "", nil
	r.Backup = ""
	if asJSON {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), string(text))
		return err
	}
	env := "iris env"
	if state != defaultState {
		env += " --state " + quote(state)
	}
	asks := ""
	switch {
	case r.Issuer != "":
		asks = " (it asks for a token of " + r.Issuer + ", which iris takes from IRIS_TOKEN)"
	case token:
		asks = " (it asks for the token that iris env exports as IRIS_TOKEN)"
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "ready: the page and the API at %s%s, AWS endpoint at %s; drop a scan there, or: eval \"$(%s)\"; aws s3 cp scan.nii.gz s3://iris-uploads/\n", r.HTTP, asks, r.AWS, env)
	return err
}
