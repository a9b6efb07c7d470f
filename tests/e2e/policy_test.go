package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/local/gateway/calls"
	"github.com/iris-oculus/iris/internal/local/template"
	"github.com/iris-oculus/iris/tests/policy"
)

// policies are the statements of each function of the deployed template, by its name, with
// the names of one machine.
func policies(t *testing.T, root string) map[string][]policy.Statement {
	t.Helper()
	who := template.Identity{Account: "000000000000", Region: "us-east-1", Stack: "iris", APIEndpoint: "http://127.0.0.1"}
	all, err := template.Resources(filepath.Join(root, "template.yaml"), who, map[string]string{
		"UploadsBucketName": "iris-uploads", "WorkBucketName": "iris-work", "ResultsBucketName": "iris-results", "EndpointName": "iris-model", "ModelImageUri": "local", "WebhookUrl": "http://127.0.0.1/",
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]policy.Statement{}
	for _, r := range all {
		if name, ok := r.Properties["FunctionName"].(string); ok && r.Type == "AWS::Serverless::Function" {
			if out[name], err = policy.Of(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// mayDo holds every call that the functions of a stack have made against their policies.
// Nothing evaluates those on one machine; on AWS a call without a grant fails.
func (s *stack) mayDo(t *testing.T) {
	t.Helper()
	file, err := os.Open(s.calls)
	if os.IsNotExist(err) {
		return // it did not come so far
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, made := policies(t, s.root), 0
	for lines := bufio.NewScanner(file); lines.Scan(); made++ {
		var c calls.Call
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Errorf("calls: %v", err) // a stack that was killed leaves whole lines all the same
			continue
		}
		if !policy.Allows(all[c.Function], c.Action, c.Resource) {
			t.Errorf("%s did %s on %s, which no policy of it allows: on AWS it could not", c.Function, c.Action, c.Resource)
		}
	}
	t.Logf("%d calls of functions are allowed by their policies", made)
}

// The recorder sees what is done: a scan on its way asks for these and more.
func TestCallsAreRecorded(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	s.ends(t, s.send(t, sample(t, 64), "recorded.nii.gz"), "ready", "")
	text, err := os.ReadFile(s.calls)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[calls.Call]bool{}
	for line := range strings.Lines(string(text)) {
		var c calls.Call
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		seen[c] = true
	}
	arn := "arn:aws:states:us-east-1:000000000000:stateMachine:iris-scan"
	for _, want := range []calls.Call{
		{Function: "iris-intake", Action: "states:StartExecution", Resource: arn},
		{Function: "iris-prepare", Action: "s3:GetObject", Resource: "arn:aws:s3:::iris-uploads/any"},
		{Function: "iris-prepare", Action: "s3:PutObject", Resource: "arn:aws:s3:::iris-work/any"},
		{Function: "iris-segment", Action: "sagemaker:InvokeEndpointAsync", Resource: "arn:aws:sagemaker:us-east-1:000000000000:endpoint/iris-model"},
		{Function: "iris-mesh", Action: "dynamodb:GetItem", Resource: "arn:aws:dynamodb:us-east-1:000000000000:table/iris-jobs"},
		{Function: "iris-gpu", Action: "application-autoscaling:RegisterScalableTarget", Resource: "arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/any"},
		{Function: "iris-settle", Action: "events:PutEvents", Resource: "arn:aws:events:us-east-1:000000000000:event-bus/default"},
	} {
		if !seen[want] {
			t.Errorf("not recorded: %+v", want)
		}
	}
}
