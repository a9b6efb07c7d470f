package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/iris-oculus/iris/internal/local/stack"
)

// defaultInstall is the folder that bin/iris was built in, else the current one.
func defaultInstall() string {
	if program, err := os.Executable(); err == nil {
		dir := filepath.Dir(filepath.Dir(program))
		if _, err := os.Stat(filepath.Join(dir, "template.yaml")); err == nil {
			return dir
		}
	}
	return "."
}

func upCommand() *cobra.Command {
	var state, httpAddr, awsAddr, modelName, install string
	var linger, wake time.Duration
	var asJSON, verbose bool
	var parameters map[string]string
	c := &cobra.Command{
		Use:   "up",
		Short: "Run the whole system on this machine",
		Long: "Up runs the workflow, the functions, the storage, the job table and the model of IRIS Oculus on this machine,\n" +
			"with no account, no Docker and no GPU. When everything answers it prints one line; SIGTERM or Ctrl-C ends it.\n" +
			"State lies in the state folder and survives: what was under way goes on at the next start.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := findModel(cmd.Context(), cmd.ErrOrStderr(), modelName, install)
			if err != nil {
				return err
			}
			if linger < 0 || linger > time.Hour || linger%time.Second != 0 {
				return &exitError{exitUsage, fmt.Errorf("bad_linger: --linger %s: want whole seconds, at most 1h", linger)}
			}
			m.parameters["LingerSeconds"] = fmt.Sprint(int(linger.Seconds()))
			maps.Copy(m.parameters, parameters)
			asked := state
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelInfo
			}
			if state, err = filepath.Abs(state); err != nil {
				return err
			}
			s, err := stack.Start(cmd.Context(), stack.Config{
				State: state, HTTP: httpAddr, AWS: awsAddr,
				Template: filepath.Join(install, "template.yaml"), Build: filepath.Join(install, "build"),
				Parameters: m.parameters, Model: m.command, ModelStartAfter: wake,
				Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
			})
			if err != nil {
				return err
			}
			r := ready{Ready: true, HTTP: s.HTTP, AWS: s.AWS, Credentials: s.Credentials, Token: s.Token}
			if err := errors.Join(writeReady(state, r), say(cmd, r, asked, asJSON)); err != nil {
				return errors.Join(err, s.Close())
			}
			<-cmd.Context().Done()
			return errors.Join(os.Remove(filepath.Join(state, readyFile)), s.Close())
		},
	}
	f := c.Flags()
	stateFlag(c, &state)
	f.StringVar(&httpAddr, "http", "127.0.0.1:8000", "address of the HTTP API; port 0 takes a free one")
	f.StringVar(&awsAddr, "aws", "127.0.0.1:4566", "address of the AWS endpoint")
	f.DurationVar(&linger, "linger", 120*time.Second, "how long the model stays up after the last job")
	f.DurationVar(&wake, "wake", 0, "how long an instance takes to come, to rehearse what people on AWS see")
	f.StringVar(&modelName, "model", "tissue", "tissue, totalsegmentator, or none (uploaded label maps only)")
	f.StringToStringVar(&parameters, "parameter", nil, "a parameter of template.yaml, as Name=Value; may be repeated")
	f.StringVar(&install, "install", defaultInstall(), "folder that holds template.yaml, statemachine/ and build/")
	f.BoolVar(&asJSON, "json", false, "print the one line as JSON")
	f.BoolVarP(&verbose, "verbose", "v", false, "log what the services do")
	return c
}

// say prints the one line. The state folder is named as it was asked for, so that
// the line reads the same in scripts.
func say(cmd *cobra.Command, r ready, state string, asJSON bool) error {
	token := r.Token != ""
	r.Credentials, r.Token = filepath.Join(state, "credentials"), ""
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
	if token {
		asks = " (it asks for the token that iris env exports as IRIS_TOKEN)"
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "ready: jobs at %s%s, AWS endpoint at %s; drop a scan: eval \"$(%s)\"; aws s3 cp scan.nii.gz s3://iris-uploads/\n", r.HTTP, asks, r.AWS, env)
	return err
}
