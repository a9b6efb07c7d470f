package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// changeSet is what CloudFormation would do.
type changeSet struct {
	Status, StatusReason string
	Changes              []change
}

type change struct {
	ResourceChange struct{ Action, LogicalResourceId, ResourceType, Replacement string }
}

// kept are kinds of resources that hold what cannot be made again. A replacement would
// leave the old one beside an empty new one.
var kept = []string{"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Cognito::UserPool"}

// replaced are the resources of those kinds that the change set would replace or take out
// of the stack.
func (s changeSet) replaced() (names []string) {
	for _, c := range s.Changes {
		r := c.ResourceChange
		if slices.Contains(kept, r.ResourceType) && (r.Replacement == "True" || r.Action == "Remove") {
			names = append(names, fmt.Sprintf("%s (%s)", r.LogicalResourceId, r.ResourceType))
		}
	}
	return names
}

// table lists the changes: what is replaced or removed first, since that is what a person
// has to look at.
func (c *command) table(s changeSet) {
	rank := func(action, replacement string) int {
		switch {
		case action == "Remove":
			return 0
		case replacement == "True":
			return 1
		case replacement == "Conditional":
			return 2
		}
		return 3
	}
	changes := slices.Clone(s.Changes)
	slices.SortStableFunc(changes, func(a, b change) int {
		x, y := a.ResourceChange, b.ResourceChange
		return rank(x.Action, x.Replacement) - rank(y.Action, y.Replacement)
	})
	c.say("\nThe change set:")
	for _, change := range changes {
		r := change.ResourceChange
		how := ""
		switch r.Replacement {
		case "True":
			how = "  REPLACED"
		case "Conditional":
			how = "  may be replaced"
		}
		c.say("  %-7s %-28s %s%s", strings.ToLower(r.Action), r.LogicalResourceId, r.ResourceType, how)
	}
	c.say("")
}

var changeSetARN = regexp.MustCompile(`arn:[a-z-]+:cloudformation:[a-z0-9-]+:\d+:changeSet/[A-Za-z0-9/_-]+`)

// propose makes a change set of the folder's template; an empty name says that there is
// nothing to change.
func (c *command) propose(dir string, o overrides) (name string, s changeSet, err error) {
	args := []string{
		"deploy", "--template-file", dir + "/template.yaml", "--stack-name", c.stack, "--region", c.region,
		"--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--s3-prefix", c.stack,
		"--no-execute-changeset", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar", "--tags", "app=" + c.stack,
	}
	if bucket := c.env("PACKAGES"); bucket != "" {
		args = append(args, "--s3-bucket", bucket)
	} else {
		args = append(args, "--resolve-s3") // a bucket that sam makes
	}
	if len(o) > 0 {
		file, err := o.file()
		if err != nil {
			return "", s, err
		}
		defer func() { _ = os.Remove(file) }()
		args = append(args, "--parameter-overrides", "file://"+file)
	}
	said, err := c.show(nil, "sam", args...)
	if err != nil {
		return "", s, err
	}
	if name = changeSetARN.FindString(said); name == "" {
		if strings.Contains(said, "No changes to deploy") {
			return "", s, nil
		}
		return "", s, &fault{text: "`sam deploy` ended without naming a change set", hint: "its words are above; `sam --version` should be 1.170 or newer"}
	}
	if err := c.aws(&s, "cloudformation", "describe-change-set", "--change-set-name", name); err != nil {
		return name, s, err
	}
	return name, s, nil
}

// execute carries a change set out and waits for its end.
func (c *command) execute(name string, fresh bool) error {
	if err := c.aws(nil, "cloudformation", "execute-change-set", "--change-set-name", name); err != nil {
		return err
	}
	kind := "stack-update-complete"
	if fresh {
		kind = "stack-create-complete"
	}
	c.say("CloudFormation is at it: some minutes, with a new GPU endpoint up to 20.")
	if err := c.aws(nil, "cloudformation", "wait", kind, "--stack-name", c.stack); err != nil {
		if reason := c.firstFailure(); reason != "" {
			return c.failed("aws", []string{"cloudformation", "execute-change-set"}, reason, err)
		}
		return err
	}
	return nil
}

// firstFailure is why a deployment failed. The events come newest first, and after the first
// failure everything else is "cancelled".
func (c *command) firstFailure() string {
	var answer struct {
		StackEvents []struct{ LogicalResourceId, ResourceType, ResourceStatus, ResourceStatusReason string }
	}
	if c.aws(&answer, "cloudformation", "describe-stack-events", "--stack-name", c.stack, "--max-items", "200") != nil {
		return ""
	}
	reason := ""
	for _, e := range answer.StackEvents {
		if e.ResourceType == "AWS::CloudFormation::Stack" && e.ResourceStatus != "ROLLBACK_IN_PROGRESS" && strings.HasSuffix(e.ResourceStatus, "_IN_PROGRESS") &&
			(strings.HasPrefix(e.ResourceStatus, "CREATE") || strings.HasPrefix(e.ResourceStatus, "UPDATE_IN")) {
			break // this deployment began here
		}
		if strings.HasSuffix(e.ResourceStatus, "_FAILED") && !strings.Contains(e.ResourceStatusReason, "cancelled") {
			reason = fmt.Sprintf("%s (%s) %s: %s", e.LogicalResourceId, e.ResourceType, e.ResourceStatus, e.ResourceStatusReason)
		}
	}
	return reason
}
