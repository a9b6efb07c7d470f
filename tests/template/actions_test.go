package template

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iris-oculus/iris/internal/local/template"
	"github.com/iris-oculus/iris/tests/policy"
)

// statements are those of a resource's own policies.
func statements(t *testing.T, r template.Resource) []policy.Statement {
	t.Helper()
	all, err := policy.Of(r)
	if err != nil {
		t.Error(err)
	}
	return all
}

// actions are the permissions that each of the SDK's operations needs, as the "Service
// Authorization Reference" of IAM lists them.
var actions = map[string][]string{
	"s3.GetObject": {"s3:GetObject"}, "s3.HeadObject": {"s3:GetObject"}, "s3.PutObject": {"s3:PutObject"},
	"s3.CreateMultipartUpload": {"s3:PutObject"}, "s3.UploadPart": {"s3:PutObject"}, "s3.CompleteMultipartUpload": {"s3:PutObject"},
	"s3.AbortMultipartUpload": {"s3:AbortMultipartUpload"}, "s3.ListParts": {"s3:ListMultipartUploadParts"},
	"s3.ListMultipartUploads": {"s3:ListBucketMultipartUploads"}, "s3.ListObjectsV2": {"s3:ListBucket"}, "s3.ListObjectVersions": {"s3:ListBucketVersions"},
	"s3.DeleteObject": {"s3:DeleteObject"}, "s3.DeleteObjects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
	"transfermanager.UploadObject":                   {"s3:PutObject", "s3:AbortMultipartUpload"},
	"transfermanager.GetObject":                      {"s3:GetObject"},
	"transfermanager.DownloadObject":                 {"s3:GetObject"},
	"lambda.Invoke":                                  {"lambda:InvokeFunction"},
	"eventbridge.PutEvents":                          {"events:PutEvents"},
	"sagemakerruntime.InvokeEndpointAsync":           {"sagemaker:InvokeEndpointAsync"},
	"sagemaker.DescribeEndpoint":                     {"sagemaker:DescribeEndpoint"},
	"sagemaker.UpdateEndpointWeightsAndCapacities":   {"sagemaker:UpdateEndpointWeightsAndCapacities"},
	"applicationautoscaling.DescribeScalableTargets": {"application-autoscaling:DescribeScalableTargets"},
	"applicationautoscaling.RegisterScalableTarget":  {"application-autoscaling:RegisterScalableTarget", "iam:CreateServiceLinkedRole", "sagemaker:DescribeEndpointConfig"},
	"sfn.StartExecution":                             {"states:StartExecution"},
	"sfn.StopExecution":                              {"states:StopExecution"},
	"sfn.DescribeExecution":                          {"states:DescribeExecution"},
	"sfn.ListExecutions":                             {"states:ListExecutions"},
	"sfn.SendTaskSuccess":                            {"states:SendTaskSuccess"},
	"sfn.SendTaskFailure":                            {"states:SendTaskFailure"},
	"dynamodb.GetItem":                               {"dynamodb:GetItem"},
	"dynamodb.BatchGetItem":                          {"dynamodb:BatchGetItem"},
	"dynamodb.PutItem":                               {"dynamodb:PutItem"},
	"dynamodb.UpdateItem":                            {"dynamodb:UpdateItem"},
	"dynamodb.DeleteItem":                            {"dynamodb:DeleteItem"},
	"dynamodb.Query":                                 {"dynamodb:Query"},
	"dynamodb.Scan":                                  {"dynamodb:Scan"},
}

// besides are permissions that no operation is named after, each with the operation that
// makes it needed.
var besides = map[string]struct {
	of  string // a permission of the same function
	why string
}{
	"s3:ListBucket":          {"s3:GetObject", "without it S3 answers 403 for an object that is not there, with it 404"},
	"s3:DeleteObjectVersion": {"s3:DeleteObject", "a DeleteObject that names a version"},
}

// Each function may do what its code does: every call of the SDK that its main reaches has
// its permission, and every permission has a call. Their resources are held
// against the calls that the whole system makes, in tests/e2e.
func TestEveryFunctionMayDoWhatItDoes(t *testing.T) {
	prog, mains := program(t)
	all := resources(t, deployments["frugal, with everything"])
	for name, main := range mains {
		function, ok := all[strings.ToUpper(name[:1])+name[1:]+"Function"]
		if !ok {
			t.Errorf("functions/%s has no resource in the template", name)
			continue
		}
		needed := map[string]string{}
		for operation, by := range reached(prog, main) {
			if actions[operation] == nil {
				t.Errorf("%s calls %s (in %s), whose permission this test does not know", name, operation, by)
			}
			for _, action := range actions[operation] {
				needed[action] = by
			}
		}
		granted := map[string]bool{}
		for _, s := range statements(t, function) {
			if s.Effect == "Allow" {
				for _, action := range s.Action {
					granted[action] = true
				}
			}
		}
		if len(needed) == 0 || len(granted) == 0 {
			t.Errorf("%s: %d permissions needed, %d granted: the test does not see them", name, len(needed), len(granted))
		}
		for action, by := range needed {
			if !granted[action] {
				t.Errorf("%s: no policy of it grants %s, which %s needs", name, action, by)
			}
		}
		for action := range granted {
			if beside, ok := besides[action]; ok && granted[beside.of] {
				continue
			}
			if needed[action] == "" {
				t.Errorf("%s: its policy grants %s, which nothing in its code needs", name, action)
			}
		}
		t.Logf("%s: %v", name, slices.Sorted(maps.Keys(needed)))
	}
	functions := 0
	for _, r := range all {
		if r.Type == "AWS::Serverless::Function" {
			functions++
		}
	}
	if functions != len(mains) {
		t.Errorf("%d functions in the template, %d in functions/", functions, len(mains))
	}
}

// The workflow may call its own functions, and nothing more; the functions may do nothing
// with *, but for what takes no resource.
func TestWhatTakesNoResource(t *testing.T) {
	var got []string
	for _, r := range resources(t, deployments["hipaa, with everything"]) {
		for _, s := range statements(t, r) {
			if s.Effect == "Allow" && slices.Contains(s.Resource, "*") {
				got = append(got, s.Action...)
			}
		}
	}
	slices.Sort(got)
	want := []string{
		"application-autoscaling:DescribeScalableTargets", "cloudwatch:PutMetricData", "ecr:GetAuthorizationToken",
		"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
	}
	if d := cmp.Diff(want, slices.Compact(got)); d != "" {
		t.Errorf("actions on every resource (-want +template): %s", d)
	}
}

// Step Functions authorizes a start by an alias with the machine's own ARN
// (docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html), so that a policy
// of the alias's ARN allows nothing at all.
func TestNoPolicyNamesAnAlias(t *testing.T) {
	named := 0
	for _, r := range resources(t, nil) {
		for _, s := range statements(t, r) {
			for _, arn := range s.Resource {
				if strings.Contains(arn, ":stateMachine:") {
					named++
					if strings.Count(arn, ":") != 6 {
						t.Errorf("%s: %v on %s, which is an alias's or a version's ARN", r.ID, s.Action, arn)
					}
				}
			}
		}
	}
	if named < 5 {
		t.Errorf("%d ARNs of a machine were found", named)
	}
}

// The workflow may call the functions that its states name, and no other.
func TestTheWorkflowCallsItsFunctions(t *testing.T) {
	all := resources(t, nil)
	machine := all["ScanStateMachine"]
	var may, asks []string
	for _, s := range statements(t, machine) {
		if slices.Contains(s.Action, "lambda:InvokeFunction") {
			may = append(may, s.Resource...)
		}
	}
	for _, v := range machine.Properties["DefinitionSubstitutions"].(map[string]any) {
		asks = append(asks, v.(string))
	}
	slices.Sort(may)
	slices.Sort(asks)
	if d := cmp.Diff(asks, may); d != "" || len(asks) < 5 {
		t.Errorf("functions (-asked +allowed): %s", d)
	}
	for _, p := range machine.Properties["Policies"].([]any) {
		if p.(map[string]any)["Statement"] == nil {
			t.Errorf("%v is one of SAM's own, whose resources end in a star", p)
		}
	}
}
