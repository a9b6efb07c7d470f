package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

const (
	defaultState = ".iris"
	readyFile    = "ready.json"
)

// ready is what `iris up` writes once every service answers. Other commands read it
// from the state folder.
type ready struct {
	Ready       bool   `json:"ready"`
	HTTP        string `json:"http"`
	AWS         string `json:"aws"`
	Credentials string `json:"credentials"`
	// Token is what the HTTP API asks for off loopback; only in the state folder.
	Token string `json:"token,omitempty"`
	// Backup is the socket that gives a backup of the stack; only in the state folder.
	Backup string `json:"backup,omitempty"`
	// Issuer is whose tokens the HTTP API asks for instead, with iris up --auth jwt.
	Issuer string `json:"issuer,omitempty"`
	// Parameters are those of the template that are not its defaults; only in the state
	// folder.
	Parameters map[string]string `json:"parameters,omitempty"`
}

func readReady(state string) (ready, error) {
	var r ready
	text, err := os.ReadFile(filepath.Join(state, readyFile))
	if err != nil {
		return r, withoutPath("read the state folder", err)
	}
	if err := json.Unmarshal(text, &r); err != nil || !r.Ready {
		return r, errors.New("read the state folder: it does not say where the stack is")
	}
	return r, nil
}

func envCommand() *cobra.Command {
	var state string
	c := &cobra.Command{
		Use:   "env",
		Short: "Print the environment in which AWS tools talk to the stack on this machine",
		Long:  "Print the environment in which AWS tools talk to the stack on this machine:\n\n  eval \"$(iris env)\"; aws s3 cp scan.nii.gz s3://iris-uploads/",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := readReady(state)
			if err != nil {
				return &exitError{exitUnreachable, errors.New("unreachable: no stack runs here: start one with `iris up`")}
			}
			for _, pair := range [][2]string{
				{"AWS_ENDPOINT_URL", r.AWS},
				{"AWS_SHARED_CREDENTIALS_FILE", r.Credentials},
				{"AWS_REGION", "us-east-1"},
				{"AWS_DEFAULT_REGION", "us-east-1"}, // what the AWS CLI reads
				{"IRIS_API", r.HTTP},
				{"IRIS_TOKEN", r.Token},
			} {
				if pair[0] == "IRIS_TOKEN" && r.Issuer != "" {
					continue // it holds a token of the issuer, or will
				}
				if pair[0] == "IRIS_TOKEN" && r.Token == "" {
					// One of another stack's in this shell would be sent to this one.
					fmt.Fprintln(cmd.OutOrStdout(), "unset IRIS_TOKEN")
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "export %s=%s\n", pair[0], quote(pair[1]))
			}
			return nil
		},
	}
	stateFlag(c, &state)
	return c
}

// quote makes one word of a text for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
