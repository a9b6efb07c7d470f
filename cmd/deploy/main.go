// Command deploy puts IRIS Oculus on AWS and takes it off again. In: a command, flags, the
// environment of the AWS CLI. Out: on stderr what it will do, what that costs and how it
// is undone, and then what became of it. It calls `aws`, `sam`, `docker` and `npm` as a
// person would; nothing of AWS is linked into it but what signs the requests of `smoke`.
//
// Every failure is a sentence and a hint. Nothing is changed before somebody has said yes
// (a terminal, or CONFIRM=1), and without a terminal nobody is asked.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// verb is one command of deploy.
type verb struct {
	name, short string
	run         func(*command, *flag.FlagSet, []string) error
}

var verbs = []verb{
	{"stack", "build/aws becomes a change set of the stack, which is shown and, once confirmed, executed", stackVerb},
	{"model", "the model server's image is built, pushed, deployed and tried on one scan", modelVerb},
	{"web", "the page is built for the stack's outputs and put on Amplify", webVerb},
	{"domain", "the delegation of a domain is checked, and the stack gets its names and certificates", domainVerb},
	{"quota", "what this account may run: GPU endpoints, functions", quotaVerb},
	{"smoke", "a deployment is tried: health, drop, poll, download", smokeVerb},
	{"destroy", "the stack is deleted; what it keeps is listed", destroyVerb},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	c := &command{ctx: ctx, out: os.Stderr, answers: os.Stdin, terminal: term.IsTerminal(int(os.Stdin.Fd())), environ: os.Environ()}
	os.Exit(run(c, os.Args[1:]))
}

// run is main without the process: 0 for success, 1 for a failure, 2 for a wrong call.
func run(c *command, args []string) int {
	at := -1
	if len(args) > 0 {
		at = slices.IndexFunc(verbs, func(v verb) bool { return v.name == args[0] })
	}
	if at < 0 {
		fmt.Fprintln(c.out, "deploy: want one of these commands:")
		for _, v := range verbs {
			fmt.Fprintf(c.out, "  %-8s %s\n", v.name, v.short)
		}
		return 2
	}
	flags := flag.NewFlagSet("deploy "+args[0], flag.ContinueOnError)
	flags.SetOutput(c.out)
	flags.StringVar(&c.stack, "stack", or(c.env("STACK"), "iris"), "name of the CloudFormation stack")
	flags.BoolVar(&c.confirmed, "confirm", c.env("CONFIRM") != "", "do it without asking (CONFIRM=1)")
	flags.StringVar(&c.confirmation, "confirmation", c.env("CONFIRM"), "what CONFIRM says; destroy wants the stack's name")
	err := verbs[at].run(c, flags, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	return c.tell(err)
}

// tell prints an error as a sentence and a hint.
func (c *command) tell(err error) int {
	if err == nil {
		return 0
	}
	var f *fault
	if !errors.As(err, &f) {
		f = &fault{text: err.Error()}
	}
	fmt.Fprintf(c.out, "\n%s\n", sentence(f.text))
	if f.hint != "" {
		fmt.Fprintf(c.out, "hint: %s\n", f.hint)
	}
	return 1
}

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return "It failed without a word."
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

func or(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// parse reads a verb's flags, and refuses anything beside them.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return &fault{text: "the call is not understood", hint: "`-h` after the command lists its flags"}
	}
	if flags.NArg() > 0 {
		return &fault{text: fmt.Sprintf("%q is no flag", flags.Arg(0)), hint: "`-h` after the command lists its flags"}
	}
	return nil
}
