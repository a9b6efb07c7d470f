package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// command is one call of deploy: what it may ask, whom it tells, and under which names the
// account and the stack are known.
type command struct {
	ctx      context.Context
	out      io.Writer
	answers  io.Reader // of a person, where terminal
	terminal bool
	environ  []string

	stack        string
	confirmed    bool
	confirmation string
	planning     bool

	account, region string // after login
}

// env is a variable of the environment.
func (c *command) env(name string) string {
	for _, pair := range slices.Backward(c.environ) {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

func (c *command) say(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

// plan is what a command says before it does anything.
type plan struct {
	does  []string
	costs string
	undo  string
}

func (c *command) announce(title string, p plan) {
	where := ""
	if c.account != "" {
		where = fmt.Sprintf(", account %s, %s", c.account, c.region)
	}
	c.say("%s: stack %s%s", title, c.stack, where)
	for i, line := range p.does {
		word := "does"
		if i > 0 {
			word = ""
		}
		c.say("  %-6s %s", word, line)
	}
	c.say("  %-6s %s", "costs", p.costs)
	c.say("  %-6s %s\n", "undo", p.undo)
}

// confirm asks whether to go on. Without a terminal nobody is asked, and nothing happens.
func (c *command) confirm(question, otherwise string) error {
	if c.confirmed {
		c.say("%s yes (CONFIRM)", question)
		return nil
	}
	if !c.terminal {
		return &fault{text: otherwise + ": nobody confirmed it, and there is no terminal to ask at", hint: "CONFIRM=1 says yes"}
	}
	fmt.Fprintf(c.out, "%s [yes/no] ", question)
	answer, _ := bufio.NewReader(c.answers).ReadString('\n')
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "yes" && a != "y" {
		return &fault{text: otherwise + ": the answer was not yes"}
	}
	return nil
}

// call runs a program and takes what it prints. Its stderr comes back in the error, whose
// hint is that of the first known cause in it.
func (c *command) call(in io.Reader, name string, args ...string) ([]byte, error) {
	p, err := c.program(name, args...)
	if err != nil {
		return nil, err
	}
	var out, said bytes.Buffer
	p.Stdin, p.Stdout, p.Stderr = in, &out, &said
	if err := p.Run(); err != nil {
		return out.Bytes(), c.failed(name, args, said.String(), err)
	}
	return out.Bytes(), nil
}

// show runs a program whose words a person should see, and takes them too.
func (c *command) show(extra []string, name string, args ...string) (string, error) {
	p, err := c.program(name, args...)
	if err != nil {
		return "", err
	}
	var said bytes.Buffer
	p.Env = append(p.Env, extra...)
	p.Stdout = io.MultiWriter(c.out, &said)
	p.Stderr = p.Stdout
	if err := p.Run(); err != nil {
		return said.String(), c.failed(name, args, said.String(), err)
	}
	return said.String(), nil
}

func (c *command) program(name string, args ...string) (*exec.Cmd, error) {
	path, err := c.find(name)
	if err != nil {
		return nil, err
	}
	p := exec.CommandContext(c.ctx, path, args...)
	// No pager and no questions: a command that waits for a key would wait for ever.
	p.Env = append(slices.Clone(c.environ), "AWS_PAGER=", "AWS_CLI_AUTO_PROMPT=off", "SAM_CLI_TELEMETRY=0")
	return p, nil
}

// installs says where a program that is missing comes from.
var installs = map[string]string{
	"aws":    "install the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
	"sam":    "install the SAM CLI: `pipx install aws-sam-cli`",
	"docker": "install Docker with buildx: https://docs.docker.com/engine/install/; only this command needs it",
	"npm":    "install Node.js 20 or newer with npm",
}

func (c *command) find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", &fault{text: fmt.Sprintf("`%s` is not installed", name), hint: installs[name]}
	}
	return path, nil
}

// aws calls the AWS CLI and reads its JSON into a value, if there is one to read it into.
func (c *command) aws(into any, args ...string) error {
	return c.awsWith(nil, into, args...)
}

func (c *command) awsWith(in io.Reader, into any, args ...string) error {
	args = append(args, "--output", "json")
	if c.region != "" {
		args = append(args, "--region", c.region)
	}
	out, err := c.call(in, "aws", args...)
	if err != nil || into == nil || len(bytes.TrimSpace(out)) == 0 {
		return err
	}
	if err := json.Unmarshal(out, into); err != nil {
		return &fault{text: fmt.Sprintf("`aws %s` answered something that is no JSON: %v", strings.Join(args[:2], " "), err)}
	}
	return nil
}

// login finds out whose account and which region this is.
func (c *command) login() error {
	c.region = or(c.env("AWS_REGION"), c.env("AWS_DEFAULT_REGION"))
	if c.region == "" {
		out, err := c.call(nil, "aws", "configure", "get", "region")
		if isMissing(err) {
			return err
		}
		if c.region = strings.TrimSpace(string(out)); c.region == "" {
			return &fault{text: "no region is chosen", hint: "`export AWS_REGION=us-east-1`, or `aws configure`"}
		}
	}
	var who struct{ Account, Arn string }
	if err := c.aws(&who, "sts", "get-caller-identity"); err != nil {
		return err
	}
	if who.Account == "" {
		return &fault{text: "AWS does not say whose account this is", hint: "`aws sts get-caller-identity` should answer"}
	}
	c.account = who.Account
	return nil
}

func isMissing(err error) bool {
	var f *fault
	return errors.As(err, &f) && strings.HasSuffix(f.text, "is not installed")
}
