package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func (w *world) deploy(args ...string) int {
	return w.run(append([]string{"stack", "-dir", filepath.Join(w.dir, "aws")}, args...)...)
}

const deniedText = "An error occurred (AccessDenied) when calling the CreateChangeSet operation: User: arn:aws:iam::123456789012:user/ops is not authorized to perform: cloudformation:CreateChangeSet"

// Each state of the account, the stack and the machine ends in a sentence and a hint, or in
// a stack that stands; nothing is executed that nobody confirmed.
func TestDeploy(t *testing.T) {
	yes := []string{"CONFIRM=1"}
	for name, c := range map[string]struct {
		replies []reply
		environ []string
		typed   string
		code    int
		words   []string
		calls   []string
		never   []string
	}{
		"a first deployment": {
			replies: []reply{who, once(noStack), proposed, changes("Add UploadsBucket AWS::S3::Bucket"), executed, waited, stands("CREATE_COMPLETE")}, environ: yes,
			words: []string{"2 functions", "The stack iris stands", "ApiUrl", "There is no model yet"},
			calls: []string{"sam deploy --no-execute-changeset --no-confirm-changeset", "execute-change-set --change-set-name " + theChangeSet, "wait stack-create-complete"},
			never: []string{"--guided"},
		},
		"an update at a terminal": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), proposed, changes("Modify ApiFunction AWS::Lambda::Function False"), executed, waited}, typed: "yes\n",
			words: []string{"Execute it? [yes/no]", "modify  ApiFunction", "The stack iris stands"},
			calls: []string{"wait stack-update-complete"},
		},
		"a no at the terminal": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), proposed, changes("Modify ApiFunction AWS::Lambda::Function False")}, typed: "no\n", code: 1,
			words: []string{"nothing was changed", theChangeSet}, never: []string{"execute-change-set"},
		},
		"no terminal and no CONFIRM": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), proposed, changes("Modify ApiFunction AWS::Lambda::Function False")}, code: 1,
			words: []string{"hint: CONFIRM=1 says yes"}, never: []string{"execute-change-set"},
		},
		"a plan": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), proposed, changes("Modify ApiFunction AWS::Lambda::Function False"), {When: "aws cloudformation delete-change-set"}}, environ: []string{"PLAN=1", "CONFIRM=1"},
			words: []string{"modify  ApiFunction", "This was the plan"}, calls: []string{"delete-change-set --change-set-name " + theChangeSet}, never: []string{"execute-change-set"},
		},
		"a plan of a first deployment": {
			replies: []reply{who, noStack, proposed, changes("Add UploadsBucket AWS::S3::Bucket"), {When: "aws cloudformation delete-stack"}}, environ: []string{"PLAN=1"},
			words: []string{"nothing was made"}, calls: []string{"delete-stack --stack-name iris"}, never: []string{"execute-change-set"},
		},
		"parameters that keep their values": { // aws-sam-cli#4180
			replies: []reply{who, stands("UPDATE_COMPLETE", "LingerSeconds=60", "Tasks=tissue", "MaxInstances=4", "X=z"), {When: "sam deploy", Out: "No changes to deploy. Stack iris is up to date\n"}},
			environ: []string{"CONFIRM=1", "PARAMS=MaxInstances=2"}, words: []string{"kept as they are, beside the template's defaults: LingerSeconds=60\n"},
		},
		"nothing to change": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), {When: "sam deploy", Out: "No changes to deploy. Stack iris is up to date\n"}}, environ: yes,
			words: []string{"There is nothing to change."}, never: []string{"execute-change-set"},
		},
		"a table would be replaced": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), proposed, changes("Modify ApiFunction AWS::Lambda::Function False", "Modify JobsTable AWS::DynamoDB::Table True")}, environ: yes, code: 1,
			words: []string{"would replace or remove JobsTable", "REPLACED", "hint: `aws cloudformation delete-change-set", "ALLOW_REPLACEMENT=1"}, never: []string{"execute-change-set"},
		},
		"a user pool would be taken out": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), proposed, changes("Remove People AWS::Cognito::UserPool")}, environ: yes, code: 1,
			words: []string{"People (AWS::Cognito::UserPool)"}, never: []string{"execute-change-set"},
		},
		"a replacement that was allowed": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), proposed, changes("Modify JobsTable AWS::DynamoDB::Table True"), executed, waited}, environ: []string{"CONFIRM=1", "ALLOW_REPLACEMENT=1"},
			calls: []string{"execute-change-set"},
		},
		"nobody is logged in": {
			replies: []reply{{When: "aws sts", Err: "Unable to locate credentials. You can configure credentials by running \"aws configure\".", Code: 253}}, code: 1,
			words: []string{"Nobody is logged in to AWS here", "hint: `aws sso login`"}, never: []string{"sam deploy"},
		},
		"the login has expired": {
			replies: []reply{{When: "aws sts", Err: "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: The security token included in the request is expired", Code: 254}}, code: 1,
			words: []string{"has expired", "hint: log in again"},
		},
		"no region": {
			replies: []reply{{When: "aws configure get region", Code: 1}, who}, environ: []string{"AWS_REGION=", "AWS_DEFAULT_REGION="}, code: 1,
			words: []string{"No region is chosen", "hint: `export AWS_REGION"}, never: []string{"sam deploy"},
		},
		"the region of the configuration": {
			replies: []reply{{When: "aws configure get region", Out: "eu-west-1\n"}, who, stands("UPDATE_COMPLETE"), {When: "sam deploy", Out: "No changes to deploy. Stack iris is up to date\n"}},
			environ: []string{"AWS_REGION="}, words: []string{"eu-west-1"}, calls: []string{"sam deploy --region eu-west-1"},
		},
		"the first deployment had failed": {
			replies: []reply{who, stands("ROLLBACK_COMPLETE")}, code: 1,
			words: []string{"in ROLLBACK_COMPLETE", "can only be deleted", "aws cloudformation delete-stack --stack-name iris"}, never: []string{"sam deploy"},
		},
		"and could not be taken back": {
			replies: []reply{who, stands("ROLLBACK_FAILED")}, code: 1, words: []string{"something of it could not be deleted", "make destroy STACK=iris"}, never: []string{"sam deploy"},
		},
		"the way back had failed": {
			replies: []reply{who, stands("UPDATE_ROLLBACK_FAILED")}, code: 1, words: []string{"continue-update-rollback --stack-name iris"}, never: []string{"sam deploy"},
		},
		"a rolled back update is no obstacle": { // aws-saas-factory-ref-solution-serverless-saas#21
			replies: []reply{who, stands("UPDATE_ROLLBACK_COMPLETE"), {When: "sam deploy", Out: "No changes to deploy. Stack iris is up to date\n"}}, environ: yes,
			words: []string{"There is nothing to change."},
		},
		"somebody else is at it": {
			replies: []reply{who, stands("UPDATE_IN_PROGRESS")}, code: 1, words: []string{"somebody is changing it just now", "hint: wait"}, never: []string{"sam deploy"},
		},
		"a change set without a stack": {
			replies: []reply{who, once(stands("REVIEW_IN_PROGRESS")), proposed, changes("Add UploadsBucket AWS::S3::Bucket"), executed, waited, stands("CREATE_COMPLETE")}, environ: yes,
			calls: []string{"wait stack-create-complete"},
		},
		"no right to make a change set": {
			replies: []reply{who, noStack, {When: "sam deploy", Out: "Initiating deployment\n=====================\n", Err: "\nError: " + deniedText, Code: 1}}, environ: append(yes, "PACKAGES=ours"), code: 1,
			words: []string{"This login may not do that (`sam deploy`: An error occurred (AccessDenied)", "cloudformation:CreateChangeSet", "hint: "}, calls: []string{"sam deploy --s3-bucket ours"}, never: []string{"--resolve-s3"},
		},
		"sam says nothing that is known": {
			replies: []reply{who, noStack, {When: "sam deploy", Out: "done\n"}}, environ: yes, code: 1, words: []string{"without naming a change set", "hint: "},
		},
		"the endpoint fails while it is made": {
			replies: []reply{
				who, once(noStack), proposed, changes("Add ModelEndpoint AWS::SageMaker::Endpoint"), executed,
				{When: "aws cloudformation wait", Err: "Waiter StackCreateComplete failed: Waiter encountered a terminal failure state", Code: 255},
				{When: "describe-stack-events", Out: `{"StackEvents":[
					{"LogicalResourceId":"iris","ResourceType":"AWS::CloudFormation::Stack","ResourceStatus":"ROLLBACK_IN_PROGRESS","ResourceStatusReason":"The following resource(s) failed to create: [ModelEndpoint]. Rollback requested by user."},
					{"LogicalResourceId":"ApiStage","ResourceType":"AWS::ApiGatewayV2::Stage","ResourceStatus":"CREATE_FAILED","ResourceStatusReason":"Resource creation cancelled"},
					{"LogicalResourceId":"ModelEndpoint","ResourceType":"AWS::SageMaker::Endpoint","ResourceStatus":"CREATE_FAILED","ResourceStatusReason":"The account-level service limit 'ml.g4dn.xlarge for endpoint usage' is 0 Instances (Service: SageMaker, Error Code: ResourceLimitExceeded)"},
					{"LogicalResourceId":"iris","ResourceType":"AWS::CloudFormation::Stack","ResourceStatus":"CREATE_IN_PROGRESS","ResourceStatusReason":"User Initiated"},
					{"LogicalResourceId":"Old","ResourceType":"AWS::SQS::Queue","ResourceStatus":"CREATE_FAILED","ResourceStatusReason":"of another deployment"}]}`},
			}, environ: yes, code: 1,
			words: []string{"The account's quota does not allow this instance", "ModelEndpoint", "hint: `make quota-check`"},
		},
		"a parameter that is none": {
			environ: []string{"PARAMS=MaxInstances"}, code: 1, words: []string{`"MaxInstances" is no parameter`, "hint: PARAMS="},
		},
		"secrets are not printed": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), {When: "sam deploy", Out: "No changes to deploy. Stack iris is up to date\n"}}, environ: []string{"CONFIRM=1", "PARAMS=ModelLicense=aca_123 MaxInstances=2"},
			words: []string{"parameters given: ModelLicense=… MaxInstances=2"}, calls: []string{`sam deploy --parameter-overrides file:// "MaxInstances":"2" "ModelLicense":"aca_123"`}, never: []string{"ModelLicense=aca_123"},
		},
		"a parameter is emptied": { // as words of a command sam refuses it
			replies: []reply{who, stands("UPDATE_COMPLETE", "ModelImageUri="+theImage), {When: "sam deploy", Out: "No changes to deploy. Stack iris is up to date\n"}}, environ: []string{"CONFIRM=1", "PARAMS=ModelImageUri="},
			calls: []string{`sam deploy {"ModelImageUri":""}`}, never: []string{"aws ecr"},
		},
		"an old sam": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), {When: "sam deploy", Err: "Error: Invalid value for '--parameter-overrides': file:///tmp/p.yaml is not a valid format. It must look something like 'A=b'", Code: 2}}, environ: []string{"CONFIRM=1", "PARAMS=MaxInstances=2"}, code: 1,
			words: []string{"older than what this was written for", "hint: `pipx upgrade aws-sam-cli`"},
		},
		"an image that is not there": {
			replies: []reply{who, stands("UPDATE_COMPLETE", "ModelImageUri=123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator:1"),
				{When: "aws ecr describe-images", Err: "An error occurred (ImageNotFoundException) when calling the DescribeImages operation: The image with imageId {imageDigest:'null', imageTag:'1'} does not exist", Code: 254}},
			environ: yes, code: 1, words: []string{"ECR has no image", "hint: `make deploy-model`"}, never: []string{"sam deploy"},
		},
		"an image of OCI's kind": {
			replies: []reply{who, stands("UPDATE_COMPLETE", "ModelImageUri=123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator:1"), described("application/vnd.oci.image.index.v1+json")},
			environ: yes, code: 1, words: []string{"application/vnd.oci.image.index.v1+json, which SageMaker refuses"}, never: []string{"sam deploy"},
		},
		"an image that is in no ECR": {
			replies: []reply{who, stands("UPDATE_COMPLETE")}, environ: []string{"CONFIRM=1", "PARAMS=ModelImageUri=docker.io/iris:1"}, code: 1,
			words: []string{"is no image in ECR"}, never: []string{"sam deploy"},
		},
		"an image of another region": {
			replies: []reply{who, stands("UPDATE_COMPLETE")}, environ: []string{"CONFIRM=1", "PARAMS=ModelImageUri=123456789012.dkr.ecr.eu-west-1.amazonaws.com/iris:1"}, code: 1,
			words: []string{"lies in eu-west-1 and the stack in us-east-1"}, never: []string{"sam deploy"},
		},
		"another instance under the lever bounds": {
			replies: []reply{who, stands("UPDATE_COMPLETE", "ModelImageUri="+theImage, "InstanceType=ml.g4dn.xlarge", "CapacityLever=bounds"), described(dockerManifest),
				quotaFor("ml.g6.xlarge", 1), proposed, changes("Modify ModelEndpointConfig AWS::SageMaker::EndpointConfig True"), executed, waited},
			environ: []string{"CONFIRM=1", "PARAMS=InstanceType=ml.g6.xlarge InstancePrice=1.1267"},
			words:   []string{"two change sets"},
			calls:   []string{`sam deploy --parameter-overrides {"CapacityLever":"weights"}`, `sam deploy --parameter-overrides {"CapacityLever":"bounds","InstancePrice":"1.1267","InstanceType":"ml.g6.xlarge"}`},
		},
		"no GPU is allowed": {
			replies: []reply{who, stands("UPDATE_COMPLETE", "ModelImageUri="+theImage), described(dockerManifest), quotaFor(defaultInstance, 0)}, environ: yes, code: 1,
			words: []string{"is 0 in us-east-1", "request-service-quota-increase --service-code sagemaker --quota-code L-E2B7A5C4"}, never: []string{"sam deploy"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.replies...)
			w.environ, w.answers = c.environ, c.typed
			w.wants(c.code, w.deploy(), c.words, c.calls, c.never)
		})
	}
}

// What is to be deployed is looked at before AWS is asked anything.
func TestDeployLooksAtThePackage(t *testing.T) {
	w := newWorld(t)
	w.pack("amd64")
	w.wants(1, w.deploy(), []string{"is for X86_64, and the template asks Lambda for arm64", "hint: `make package LAMBDA_ARCH=arm64`"}, nil, []string{"aws"})
	w.replies = []reply{who, noStack, {When: "sam deploy", Out: "No changes to deploy. Stack iris is up to date\n"}}
	w.wants(1, w.deploy("-arch", "amd64"), nil, []string{`sam deploy {"Architecture":"x86_64"}`}, nil)
	w.write("aws/build/api/bootstrap", []byte("#!/bin/sh\n"))
	w.wants(1, w.deploy(), []string{"is no Linux program"}, nil, []string{"aws"})
	w = newWorld(t)
	w.wants(1, w.run("stack", "-dir", w.dir), []string{"template.yaml is missing", "hint: `make package`"}, nil, []string{"aws"})
	w.wants(1, w.deploy("-arch", "riscv"), []string{`"riscv" is no processor of Lambda`}, nil, nil)
}

// A file of parameters may hold values with spaces, and secrets when nobody else may read it.
func TestParametersOfAFile(t *testing.T) {
	w := newWorld(t, who, stands("UPDATE_COMPLETE"), reply{When: "sam deploy", Out: "No changes to deploy. Stack iris is up to date\n"})
	path := filepath.Join(w.dir, "iris.params")
	w.write("iris.params", []byte("# ours\n\nOperatorGroup=two words\nMaxInstances=2\nWebhookSecrets=whsec_\"x\n"))
	w.environ = []string{"CONFIRM=1", "PARAMS_FILE=" + path, "PARAMS=MaxInstances=3"}
	w.wants(0, w.deploy(), []string{"WebhookSecrets=…"}, []string{`{"MaxInstances":"3","OperatorGroup":"two words","WebhookSecrets":"whsec_\"x"}`}, nil)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	w.wants(1, w.deploy(), []string{"others on this machine may read it", "hint: chmod 600"}, nil, []string{"sam deploy"})
	w.write("iris.params", []byte("MaxInstances 2\n"))
	w.wants(1, w.deploy(), []string{`PARAMS_FILE: "MaxInstances 2" is no parameter`}, nil, []string{"sam deploy"})
	w.environ = []string{"PARAMS_FILE=" + path + "x"}
	w.wants(1, w.deploy(), []string{"PARAMS_FILE cannot be read"}, nil, []string{"sam deploy"})
}

func TestAProgramThatIsMissing(t *testing.T) {
	w := newWorld(t, who, noStack)
	got := w.runWith([]string{"aws"}, "stack", "-dir", filepath.Join(w.dir, "aws"))
	w.wants(1, got, []string{"`sam` is not installed", "hint: install the SAM CLI"}, nil, nil)
	got = w.runWith(nil, "stack", "-dir", filepath.Join(w.dir, "aws"))
	w.wants(1, got, []string{"`aws` is not installed"}, nil, nil)
}

func TestACallThatIsNotUnderstood(t *testing.T) {
	w := newWorld(t)
	w.wants(2, w.run(), []string{"destroy", "smoke"}, nil, nil)
	w.wants(2, w.run("everything"), []string{"want one of these commands"}, nil, nil)
	w.wants(1, w.run("stack", "now"), []string{`"now" is no flag`, "hint: "}, nil, nil)
	w.wants(1, w.run("quota", "-unknown"), []string{"not understood"}, nil, nil)
	w.wants(0, w.run("quota", "-h"), []string{"-instance"}, nil, nil)
}

// Every parameter and output that the program names is one of the template, and everything
// that the template keeps is told by destroy.
func TestTheTemplateHasWhatIsNamed(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	parameters, outputs := page[:strings.Index(page, "\nResources:\n")], page[strings.Index(page, "\nOutputs:\n"):]
	for _, name := range append([]string{
		"ModelImageUri", "Tasks", "InstanceType", "CapacityLever", "Architecture", "WebHosting", "UserPool", "SignInDomain", "SignInUrls", "JwtIssuer", "JwtAudience",
		"WebOrigin", domainParameter, zoneParameter,
	}, secrets...) {
		if !strings.Contains(parameters, "\n  "+name+":\n") {
			t.Errorf("template.yaml has no parameter %s", name)
		}
	}
	for _, name := range []string{"ApiUrl", "Uploads", "Results", "Repository", "WebAppId", "WebBranchName", "PageUrl", "PeoplePool", "PeopleClient", "SignInUrl"} {
		if !strings.Contains(outputs, "\n  "+name+":") {
			t.Errorf("template.yaml has no output %s", name)
		}
	}
	for _, resource := range regexp.MustCompile(`(?m)^    Type: (AWS::\S+)\n(?:    \S.*\n)*?    DeletionPolicy: Retain`).FindAllStringSubmatch(page, -1) {
		if kind := resource[1]; !slices.Contains(kept, kind) && !slices.Contains(remaining, kind) {
			t.Errorf("the template keeps a %s when it is deleted, and destroy does not say so", kind)
		}
	}
	parameter := regexp.MustCompile(`(?m)^  \w+:$`)
	_, section, _ := strings.Cut(parameters, "\nParameters:\n")
	section, _, _ = strings.Cut(section, "\nRules:\n")
	section, _, _ = strings.Cut(section, "\nConditions:\n")
	if n, all := len(defaults.FindAllString(parameters, -1)), len(parameter.FindAllString(section, -1)); n != all || n < 30 {
		t.Errorf("defaults of %d of %d parameters are found", n, all)
	}
	for _, key := range regexp.MustCompile(`(?m)^  (\w+):\n(?:    \S.*\n)*?    NoEcho: true`).FindAllStringSubmatch(parameters, -1) {
		if !slices.Contains(secrets, key[1]) {
			t.Errorf("%s is a secret of the template and is printed", key[1])
		}
	}
}
