package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
)

// destroyVerb is `make destroy`.
func destroyVerb(c *command, flags *flag.FlagSet, args []string) error {
	iris := flags.String("iris", "bin/iris", "the command line, which lets the GPU sleep")
	if err := parse(flags, args); err != nil {
		return err
	}
	if err := c.login(); err != nil {
		return err
	}
	s, err := c.describe()
	if err != nil {
		return err
	}
	if s.StackStatus == "" {
		return &fault{text: fmt.Sprintf("there is no stack %s in %s", c.stack, c.region), hint: "STACK=… names another one, AWS_REGION another region"}
	}
	if strings.HasSuffix(s.StackStatus, "_IN_PROGRESS") && s.StackStatus != "REVIEW_IN_PROGRESS" {
		return c.updatable(s)
	}
	var answer struct{ StackResourceSummaries []resourceSummary }
	if err := c.aws(&answer, "cloudformation", "list-stack-resources", "--stack-name", c.stack); err != nil {
		return err
	}
	var keeps []resourceSummary
	for _, r := range answer.StackResourceSummaries {
		if (slices.Contains(kept, r.ResourceType) || slices.Contains(remaining, r.ResourceType)) && r.PhysicalResourceId != "" {
			keeps = append(keeps, r)
		}
	}
	c.announce("make destroy", plan{
		does: []string{
			fmt.Sprintf("lets the GPU sleep, then deletes the stack's %d resources: functions, workflow, API, endpoint, alarms", len(answer.StackResourceSummaries)-len(keeps)),
			"keeps what holds data:" + list(keeps),
			"keeps what is not the stack's: SAM's bucket of packages, a hosted zone, the logs of a model whose endpoint made them itself",
		},
		costs: "nothing; what is kept goes on costing: S3 0.023 USD per GB and month, the table 0.25, images 0.10",
		undo:  "`make deploy` makes a new stack beside what was kept; records and results come back by hand only",
	})
	if c.confirmation != "" && c.confirmation != c.stack {
		return &fault{text: fmt.Sprintf("CONFIRM says %q, and a deletion wants the stack's name", c.confirmation), hint: "CONFIRM=" + c.stack}
	}
	c.confirmed = c.confirmation == c.stack
	if err := c.confirm(fmt.Sprintf("Delete the stack %s?", c.stack), "nothing was deleted"); err != nil {
		if !c.terminal {
			return &fault{text: err.Error(), hint: "CONFIRM=" + c.stack + " says yes"}
		}
		return err
	}
	if s.parameter("ModelImageUri") != "" {
		if err := c.gpu(*iris, "park"); err != nil {
			c.say("The GPU could not be put to sleep before: %v. It goes with the stack.", err)
		}
	}
	deletion := []string{"cloudformation", "delete-stack", "--stack-name", c.stack}
	if s.StackStatus == "DELETE_FAILED" { // once more: what cannot be deleted stays
		deletion = append(deletion, "--deletion-mode", "FORCE_DELETE_STACK")
	}
	if err := c.aws(nil, deletion...); err != nil {
		return err
	}
	c.say("CloudFormation is at it.")
	if err := c.aws(nil, "cloudformation", "wait", "stack-delete-complete", "--stack-name", c.stack); err != nil {
		hint := "`aws cloudformation describe-stack-events` says why; run it again when that is cured"
		if reason := c.firstFailure(); reason != "" {
			return &fault{text: fmt.Sprintf("the stack %s was not deleted: %s", c.stack, reason), hint: hint}
		}
		return &fault{text: fmt.Sprintf("the stack %s was not deleted: %v", c.stack, err), hint: hint}
	}
	c.say("The stack %s is gone. To erase what was kept, for good:", c.stack)
	for _, r := range keeps {
		switch r.ResourceType {
		case "AWS::S3::Bucket":
			c.say("  aws s3 rb s3://%s --force   # with KeepVersions: empty it in the console, versions too", r.PhysicalResourceId)
		case "AWS::DynamoDB::Table":
			c.say("  aws dynamodb update-table --table-name %s --no-deletion-protection-enabled && aws dynamodb delete-table --table-name %s", r.PhysicalResourceId, r.PhysicalResourceId)
		case "AWS::ECR::Repository":
			c.say("  aws ecr delete-repository --repository-name %s --force", r.PhysicalResourceId)
		case "AWS::Backup::BackupVault":
			c.say("  aws backup list-recovery-points-by-backup-vault --backup-vault-name %s   # delete-recovery-point each, then delete-backup-vault", r.PhysicalResourceId)
		case "AWS::KMS::Key":
			c.say("  aws kms schedule-key-deletion --key-id %s   # last: nothing that it encrypts can be read afterwards", r.PhysicalResourceId)
		case "AWS::Cognito::UserPool":
			c.say("  aws cognito-idp update-user-pool --user-pool-id %s --deletion-protection INACTIVE && aws cognito-idp delete-user-pool --user-pool-id %s", r.PhysicalResourceId, r.PhysicalResourceId)
		}
	}
	return nil
}

// remaining are further kinds of resources that the template retains.
var remaining = []string{"AWS::ECR::Repository", "AWS::KMS::Key", "AWS::Backup::BackupVault"}

type resourceSummary struct{ LogicalResourceId, PhysicalResourceId, ResourceType string }

func list(all []resourceSummary) string {
	text := ""
	for _, r := range all {
		text += " " + r.PhysicalResourceId
	}
	return or(text, " nothing")
}
