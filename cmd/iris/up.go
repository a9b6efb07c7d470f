package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
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

// upFlags are the flags of iris up as they were given.
type upFlags struct {
	state, http, aws, model, install string
	linger, wake                     time.Duration
	intent                           time.Duration // how long an announced upload keeps the model up
	json, verbose                    bool
	parameters                       map[string]string
	auth, issuer, calls              string
	audience                         []string
}

func upCommand() *cobra.Command {
	var f upFlags
	c := &cobra.Command{
		Use:   "up",
		Short: "Run the whole system on this machine",
		Long: "Up runs the workflow, the functions, the storage, the job table and the model of IRIS Oculus on this machine,\n" +
			"with no account, no Docker and no GPU. When everything answers it prints one line; SIGTERM or Ctrl-C ends it.\n" +
			"State lies in the state folder and survives: what was under way goes on at the next start.\n" +
			"Linux and macOS; on Windows, in WSL.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := c.Flags()
	stateFlag(c, &f.state)
	flags.StringVar(&f.http, "http", "127.0.0.1:8000", "address of the HTTP API; port 0 takes a free one")
	flags.StringVar(&f.aws, "aws", "127.0.0.1:4566", "address of the AWS endpoint")
	flags.DurationVar(&f.linger, "linger", 120*time.Second, "how long the model stays up after the last job")
	flags.DurationVar(&f.intent, "warm-on-intent", 10*time.Minute, "how long the model stays up for an upload that was announced and does not come; 0: an upload does not wake it.\nThe tissue model and label maps never do")
	flags.DurationVar(&f.wake, "wake", 0, "how long an instance takes to come, to rehearse what people on AWS see")
	flags.StringVar(&f.model, "model", "tissue", "tissue, totalsegmentator, or none (uploaded label maps only)")
	flags.StringToStringVar(&f.parameters, "parameter", nil, "a parameter of template.yaml, as Name=Value; may be repeated")
	flags.StringVar(&f.auth, "auth", "none", "whom the HTTP API answers: none (this machine; elsewhere who has the token of the stack) or jwt (who has a token of --issuer)")
	flags.StringVar(&f.issuer, "issuer", "", "with --auth jwt: the OpenID issuer whose tokens are taken, as https://…")
	flags.StringSliceVar(&f.audience, "audience", nil, "with --auth jwt: the client ids or audiences whose tokens are taken (default iris)")
	flags.StringVar(&f.install, "install", defaultInstall(), "folder that holds template.yaml, statemachine/ and build/")
	flags.BoolVar(&f.json, "json", false, "print the one line as JSON")
	flags.StringVar(&f.calls, "calls", "", "file that takes what the functions ask AWS for, to hold it against their policies")
	_ = flags.MarkHidden("calls")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log what the services do")
	return c
}

// access are the parameters that say whom the HTTP API answers.
func (f upFlags) access() (map[string]string, error) {
	asked := map[string]string{}
	switch {
	case f.auth != "none" && f.auth != "jwt":
		return nil, fmt.Errorf("bad_auth: --auth %q: want none or jwt", f.auth)
	case f.auth == "jwt" && f.issuer == "":
		return nil, errors.New("bad_auth: --auth jwt needs --issuer: whose tokens are taken?")
	case f.auth == "none" && (f.issuer != "" || len(f.audience) > 0):
		return nil, errors.New("bad_auth: --issuer and --audience go with --auth jwt")
	case f.auth == "none":
		return asked, nil
	}
	asked["JwtIssuer"] = f.issuer
	if len(f.audience) > 0 {
		asked["JwtAudience"] = strings.Join(f.audience, ",")
	}
	return asked, nil
}
