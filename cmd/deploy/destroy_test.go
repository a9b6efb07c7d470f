package main

import "testing"

var resources = reply{When: "aws cloudformation list-stack-resources", Out: `{"StackResourceSummaries":[
	{"LogicalResourceId":"UploadsBucket","PhysicalResourceId":"iris-uploads-1","ResourceType":"AWS::S3::Bucket","ResourceStatus":"CREATE_COMPLETE"},
	{"LogicalResourceId":"JobsTable","PhysicalResourceId":"iris-JobsTable-1","ResourceType":"AWS::DynamoDB::Table","ResourceStatus":"CREATE_COMPLETE"},
	{"LogicalResourceId":"People","PhysicalResourceId":"us-east-1_abc","ResourceType":"AWS::Cognito::UserPool","ResourceStatus":"CREATE_COMPLETE"},
	{"LogicalResourceId":"ModelRepository","PhysicalResourceId":"iris-totalsegmentator","ResourceType":"AWS::ECR::Repository","ResourceStatus":"CREATE_COMPLETE"},
	{"LogicalResourceId":"ApiFunction","PhysicalResourceId":"iris-api","ResourceType":"AWS::Lambda::Function","ResourceStatus":"CREATE_COMPLETE"}]}`}

// What is kept is said before and after; a yes is the stack's name, so that one meant for
// another command deletes nothing.
func TestDestroy(t *testing.T) {
	deleted := reply{When: "aws cloudformation delete-stack"}
	for name, c := range map[string]struct {
		replies []reply
		environ []string
		typed   string
		code    int
		words   []string
		calls   []string
		never   []string
	}{
		"with its name": {
			replies: []reply{who, stands("UPDATE_COMPLETE", "ModelImageUri="+theImage), resources, gpuMoves, deleted, waited}, environ: []string{"CONFIRM=iris"},
			words: []string{"the stack's 1 resources", "keeps what holds data: iris-uploads-1 iris-JobsTable-1 us-east-1_abc iris-totalsegmentator", "The stack iris is gone", "aws s3 rb s3://iris-uploads-1 --force", "--no-deletion-protection-enabled"},
			calls: []string{"iris gpu park", "delete-stack --stack-name iris", "wait stack-delete-complete"},
		},
		"at a terminal":                   {replies: []reply{who, stands("UPDATE_COMPLETE"), resources, deleted, waited}, typed: "yes\n", words: []string{"Delete the stack iris? [yes/no]"}, calls: []string{"delete-stack"}, never: []string{"iris gpu"}},
		"CONFIRM=1":                       {replies: []reply{who, stands("UPDATE_COMPLETE"), resources}, environ: []string{"CONFIRM=1"}, code: 1, words: []string{`CONFIRM says "1"`, "hint: CONFIRM=iris"}, never: []string{"delete-stack"}},
		"nobody asks":                     {replies: []reply{who, stands("UPDATE_COMPLETE"), resources}, code: 1, words: []string{"Nothing was deleted", "hint: CONFIRM=iris says yes"}, never: []string{"delete-stack"}},
		"no stack":                        {replies: []reply{who, noStack}, code: 1, words: []string{"There is no stack iris"}},
		"being changed":                   {replies: []reply{who, stands("UPDATE_IN_PROGRESS")}, environ: []string{"CONFIRM=iris"}, code: 1, words: []string{"somebody is changing it"}, never: []string{"delete-stack"}},
		"after a failed first deployment": {replies: []reply{who, stands("ROLLBACK_COMPLETE"), resources, deleted, waited}, environ: []string{"CONFIRM=iris"}, calls: []string{"delete-stack"}},
		"once more":                       {replies: []reply{who, stands("DELETE_FAILED"), resources, deleted, waited}, environ: []string{"CONFIRM=iris"}, calls: []string{"delete-stack --stack-name iris --deletion-mode FORCE_DELETE_STACK"}},
		"it fails": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), resources, deleted, {When: "aws cloudformation wait", Err: "Waiter StackDeleteComplete failed", Code: 255},
				{When: "describe-stack-events", Out: `{"StackEvents":[{"LogicalResourceId":"WebName","ResourceType":"AWS::Amplify::Domain","ResourceStatus":"DELETE_FAILED","ResourceStatusReason":"in use"}]}`}},
			environ: []string{"CONFIRM=iris"}, code: 1, words: []string{"was not deleted: WebName (AWS::Amplify::Domain) DELETE_FAILED: in use", "hint: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.replies...)
			w.environ, w.answers = c.environ, c.typed
			w.wants(c.code, w.run("destroy", "-iris", "iris"), c.words, c.calls, c.never)
		})
	}
}
