package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// What the plans say of money; docs/cost.md has the whole bill.
const (
	idleCosts = "next to nothing while idle (`bin/iris cost`); a scan about 0.08 USD, by the model"
)

// stackVerb is `make deploy`.
func stackVerb(c *command, flags *flag.FlagSet, args []string) error {
	dir := flags.String("dir", "build/aws", "what `make package` made")
	arch := flags.String("arch", "arm64", "processor of the functions")
	words := flags.String("params", c.env("PARAMS"), "parameters of the template, KEY=VALUE with spaces between")
	replace := flags.Bool("allow-replacement", c.env("ALLOW_REPLACEMENT") != "", "execute a change set that replaces a bucket, the table or the user pool")
	flags.BoolVar(&c.planning, "plan", c.env("PLAN") != "", "show the change set, discard it, and change nothing (PLAN=1)")
	if err := parse(flags, args); err != nil {
		return err
	}
	o, err := c.parameters(*words)
	if err != nil {
		return err
	}
	n, size, err := packaged(*dir, *arch)
	if err != nil {
		return err
	}
	if err := c.login(); err != nil {
		return err
	}
	s, err := c.describe()
	if err != nil {
		return err
	}
	if err := c.updatable(s); err != nil {
		return err
	}
	if *arch == "amd64" {
		o = o.with("Architecture", "x86_64")
	} else if s.parameter("Architecture") == "x86_64" {
		o = o.with("Architecture", *arch)
	}
	undo := fmt.Sprintf("`make destroy STACK=%s`: the stack goes; buckets, table and people stay", c.stack)
	if s.exists() {
		undo = "check out the version before this one and `make deploy` again; parameters that are not given keep their values"
	}
	text, err := os.ReadFile(filepath.Join(*dir, "template.yaml"))
	if err != nil {
		return err
	}
	does := []string{
		fmt.Sprintf("puts %d functions (%d MB, %s) and the template into S3, and shows a change set", n, size>>20, *arch),
		"executes it once you say yes; buckets, the table and the user pool are never replaced",
		"parameters given: " + or(o.shown(), "none"),
	}
	if kept := differing(string(text), o, s); len(kept) > 0 {
		does = append(does, "kept as they are, beside the template's defaults: "+strings.Join(kept, " "))
	}
	c.announce("make deploy", plan{
		does:  does,
		costs: idleCosts, undo: undo,
	})
	if image := chosen(o, s, "ModelImageUri"); image != "" {
		if err := c.image(image); err != nil {
			return err
		}
		if err := c.gpuQuota(or(chosen(o, s, "InstanceType"), defaultInstance)); err != nil {
			return err
		}
	}
	return c.roll(*dir, o, s, *replace)
}

// roll proposes and executes. A new type of instance under the lever bounds needs two
// steps: SageMaker refuses to change a variant that is a scalable target.
func (c *command) roll(dir string, o overrides, s stack, replace bool) error {
	if kind, ok := o.value("InstanceType"); ok && !c.planning && s.exists() && s.parameter("ModelImageUri") != "" &&
		kind != s.parameter("InstanceType") && or(s.parameter("CapacityLever"), "bounds") == "bounds" && or(chosen(o, s, "CapacityLever"), "bounds") == "bounds" {
		c.say("InstanceType changes from %s to %s. SageMaker refuses that for an endpoint that Application Auto Scaling knows,\n"+
			"so there are two change sets: the first takes the scalable target away (CapacityLever=weights), the second changes the instance and brings it back.\n",
			s.parameter("InstanceType"), kind)
		if err := c.step(dir, overrides{"CapacityLever=weights"}, s, replace); err != nil {
			return err
		}
		o = o.with("CapacityLever", "bounds")
	}
	if err := c.step(dir, o, s, replace); err != nil || c.planning {
		return err
	}
	before := s.output("ApiUrl")
	s, err := c.deployed()
	if err != nil {
		return err
	}
	c.say("The stack %s stands.", c.stack)
	for _, out := range s.Outputs {
		c.say("  %-14s %s", out.OutputKey, out.OutputValue)
	}
	if s.parameter("ModelImageUri") == "" {
		c.say("There is no model yet: label maps become models, scans do not. `make quota-check`, then `make deploy-model`.")
	}
	if before != "" && before != s.output("ApiUrl") && s.output("WebAppId") != "" { // the old one is in the page, and with a domain answers no more
		c.say("The API has another address than the page was built for: `make deploy-web` again.")
	}
	c.say("Try it: `make smoke URL=%s`", or(s.output("ApiUrl"), "…"))
	return nil
}

// step is one change set.
func (c *command) step(dir string, o overrides, s stack, replace bool) error {
	name, set, err := c.propose(dir, o)
	if err != nil || name == "" {
		if err == nil {
			c.say("There is nothing to change.")
		}
		return err
	}
	c.table(set)
	if c.planning {
		return c.discard(name, s)
	}
	if names := set.replaced(); len(names) > 0 && !replace {
		return &fault{
			text: fmt.Sprintf("the change set would replace or remove %s, and leave what is in it behind: it is not executed", strings.Join(names, ", ")),
			hint: fmt.Sprintf("`aws cloudformation delete-change-set --region %s --change-set-name %s` discards it; ALLOW_REPLACEMENT=1 executes it", c.region, name),
		}
	}
	if err := c.confirm("Execute it?", "the change set waits and nothing was changed"); err != nil {
		c.say("It is %s: `aws cloudformation execute-change-set --region %s --change-set-name …`, or `delete-change-set`.", name, c.region)
		return err
	}
	return c.execute(name, !s.exists())
}

// discard deletes a change set that was only to be seen, and the empty stack that one of a
// stack that is not there yet leaves behind.
func (c *command) discard(name string, s stack) error {
	if s.exists() {
		c.say("This was the plan; nothing was changed.")
		return c.aws(nil, "cloudformation", "delete-change-set", "--change-set-name", name)
	}
	c.say("This was the plan; nothing was made.")
	return c.aws(nil, "cloudformation", "delete-stack", "--stack-name", c.stack)
}

// secrets are parameters whose values nobody prints.
var secrets = []string{"ModelLicense", "WebhookSecrets", "WebhookUrl"}

// shown is the list with secrets left out.
func (o overrides) shown() string {
	var words []string
	for _, word := range o {
		key, _, _ := strings.Cut(word, "=")
		for _, secret := range secrets {
			if key == secret {
				word = key + "=…"
			}
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
