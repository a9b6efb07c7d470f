package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// stack is what CloudFormation says of it; the zero value is one that is not there.
type stack struct {
	StackName, StackStatus, StackStatusReason string
	Parameters                                []struct{ ParameterKey, ParameterValue string }
	Outputs                                   []struct{ OutputKey, OutputValue string }
}

// exists says that there is a stack to update. One in REVIEW_IN_PROGRESS is a name with
// change sets and nothing more.
func (s stack) exists() bool { return s.StackStatus != "" && s.StackStatus != "REVIEW_IN_PROGRESS" }

func (s stack) parameter(name string) string {
	for _, p := range s.Parameters {
		if p.ParameterKey == name {
			return p.ParameterValue
		}
	}
	return ""
}

func (s stack) output(name string) string {
	for _, o := range s.Outputs {
		if o.OutputKey == name {
			return o.OutputValue
		}
	}
	return ""
}

// describe asks for the stack.
func (c *command) describe() (stack, error) {
	var answer struct{ Stacks []stack }
	err := c.aws(&answer, "cloudformation", "describe-stacks", "--stack-name", c.stack)
	switch {
	case says(err, "does not exist"):
		return stack{}, nil
	case err != nil:
		return stack{}, err
	case len(answer.Stacks) != 1:
		return stack{}, &fault{text: fmt.Sprintf("AWS describes %d stacks of the name %s", len(answer.Stacks), c.stack)}
	}
	return answer.Stacks[0], nil
}

// deployed is the stack, which must be there.
func (c *command) deployed() (stack, error) {
	s, err := c.describe()
	if err != nil {
		return s, err
	}
	if !s.exists() {
		return s, &fault{text: fmt.Sprintf("there is no stack %s in %s", c.stack, c.region), hint: "`make deploy` makes it; STACK=… names another one, AWS_REGION another region"}
	}
	return s, nil
}

// standing logs in and is the stack that stands, one that can be changed.
func (c *command) standing() (stack, error) {
	if err := c.login(); err != nil {
		return stack{}, err
	}
	s, err := c.deployed()
	if err == nil {
		err = c.updatable(s)
	}
	return s, err
}

// updatable refuses a stack that cannot be changed as it is, and says what cures it.
func (c *command) updatable(s stack) error {
	name, status := c.stack, s.StackStatus
	switch {
	case status == "" || status == "REVIEW_IN_PROGRESS":
		return nil
	case status == "ROLLBACK_FAILED": // what is protected from deletion, such as the table
		return &fault{
			text: fmt.Sprintf("the stack %s is in %s: its first deployment failed, and something of it could not be deleted", name, status),
			hint: fmt.Sprintf("`aws cloudformation describe-stack-events --stack-name %s --region %s` says what; `make destroy STACK=%s` twice (the second time it leaves behind what cannot be deleted), then again", name, c.region, name),
		}
	case status == "ROLLBACK_COMPLETE" || status == "CREATE_FAILED":
		return &fault{
			text: fmt.Sprintf("the stack %s is in %s: its first deployment failed, and such a stack can only be deleted", name, status),
			hint: fmt.Sprintf("`aws cloudformation describe-stack-events --stack-name %s --region %s` says why; nothing of value is in it yet: `aws cloudformation delete-stack --stack-name %s --region %s`, then again", name, c.region, name, c.region),
		}
	case status == "UPDATE_ROLLBACK_FAILED":
		return &fault{
			text: fmt.Sprintf("the stack %s is in %s: an update failed, and so did the way back", name, status),
			hint: fmt.Sprintf("`aws cloudformation continue-update-rollback --stack-name %s --region %s`, then again", name, c.region),
		}
	case status == "DELETE_FAILED":
		return &fault{text: fmt.Sprintf("the stack %s is in %s", name, status), hint: "`make destroy` goes on with the deletion"}
	case strings.HasSuffix(status, "_IN_PROGRESS"):
		return &fault{
			text: fmt.Sprintf("the stack %s is in %s: somebody is changing it just now", name, status),
			hint: "wait until it has ended; GPU endpoints take up to 20 minutes, a certificate as long as its DNS record is missing",
		}
	}
	return nil
}

// overrides are parameters of the template as somebody chose them.
type overrides []string // KEY=VALUE

// parameters reads PARAMS and the file that PARAMS_FILE names, which goes first: a line a
// parameter, where values may have spaces. What is no parameter is refused.
func (c *command) parameters(words string) (overrides, error) {
	var all overrides
	add := func(where, word string) error {
		key, value, ok := strings.Cut(word, "=")
		if !ok || !parameterName.MatchString(key) {
			return &fault{text: fmt.Sprintf("%s: %q is no parameter", where, word), hint: "PARAMS='MaxInstances=2 LingerSeconds=60', lists with commas and without spaces; PARAMS_FILE=<file> with a line for each"}
		}
		all = all.with(key, value)
		return nil
	}
	if path := c.env("PARAMS_FILE"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, &fault{text: "PARAMS_FILE cannot be read: " + err.Error()}
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if err := add("PARAMS_FILE", line); err != nil {
				return nil, err
			}
		}
		if info, err := os.Stat(path); err == nil && info.Mode()&0o077 != 0 && slices.ContainsFunc(secrets, func(key string) bool { _, ok := all.value(key); return ok }) {
			return nil, &fault{text: fmt.Sprintf("%s holds secrets, and others on this machine may read it", path), hint: "chmod 600 " + path}
		}
	}
	for _, word := range strings.Fields(words) {
		if err := add("PARAMS", word); err != nil {
			return nil, err
		}
	}
	return all, nil
}

var parameterName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*$`)

// file writes the parameters where `sam deploy` reads them. As words of a command they would
// stand in the list of processes, an empty value would be refused, and a quotation mark
// would be read as one. Its caller removes it.
func (o overrides) file() (string, error) {
	all := map[string]string{}
	for _, word := range o {
		key, value, _ := strings.Cut(word, "=")
		all[key] = value
	}
	text, err := json.Marshal(all) // JSON is YAML
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", "iris-parameters-*.yaml") // for its owner only
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return f.Name(), err
}

func (o overrides) with(key, value string) overrides {
	o = slices.DeleteFunc(slices.Clone(o), func(word string) bool { return strings.HasPrefix(word, key+"=") })
	return append(o, key+"="+value)
}

func (o overrides) value(key string) (string, bool) {
	for _, word := range o {
		if k, v, _ := strings.Cut(word, "="); k == key {
			return v, true
		}
	}
	return "", false
}

// chosen is a parameter as it will be: what was chosen now, else what the stack has.
func chosen(o overrides, s stack, key string) string {
	if v, ok := o.value(key); ok {
		return v
	}
	return s.parameter(key)
}

var defaults = regexp.MustCompile(`(?m)^  (\w+):\n(?:    \S.*\n)*?    Default: (.*)$`)

// differing are the stack's parameters that were not given now and are not what the
// template would take by itself: they keep their values, also where the template's default
// has changed since they were set (aws-sam-cli issue 4180).
func differing(template string, o overrides, s stack) (all []string) {
	if at := strings.Index(template, "\nResources:\n"); at >= 0 {
		template = template[:at]
	}
	for _, m := range defaults.FindAllStringSubmatch(template, -1) {
		name, value := m[1], m[2]
		if strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) && len(value) > 1 {
			value = value[1 : len(value)-1]
		}
		_, given := o.value(name)
		now := slices.IndexFunc(s.Parameters, func(p struct{ ParameterKey, ParameterValue string }) bool { return p.ParameterKey == name })
		if given || now < 0 || s.Parameters[now].ParameterValue == value || slices.Contains(secrets, name) {
			continue
		}
		all = append(all, name+"="+s.Parameters[now].ParameterValue)
	}
	return all
}
