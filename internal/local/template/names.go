package template

import (
	"fmt"
	"path"
	"strings"
)

// naming says how a resource type is named and referred to. An ARN is
// arn:aws:<arn>, where %s is the physical name.
type naming struct {
	property string // holds the physical name when the template gives one
	word     string // ends logical ids of this type, and is left out of made names
	arn      string
	refIsARN bool
	// attributes that are neither Arn nor the name; "" is the physical name, "arn" the ARN.
	attributes map[string]string
}

var namings = map[string]naming{
	"AWS::S3::Bucket":               {property: "BucketName", word: "Bucket", arn: "s3:::%s"},
	"AWS::DynamoDB::Table":          {property: "TableName", word: "Table", arn: "dynamodb:REGION:ACCOUNT:table/%s"},
	"AWS::Serverless::Function":     {property: "FunctionName", word: "Function", arn: "lambda:REGION:ACCOUNT:function:%s"},
	"AWS::Serverless::StateMachine": {property: "Name", word: "StateMachine", arn: "states:REGION:ACCOUNT:stateMachine:%s", refIsARN: true, attributes: map[string]string{"Name": ""}},
	"AWS::SNS::Topic":               {property: "TopicName", word: "Topic", arn: "sns:REGION:ACCOUNT:%s", refIsARN: true, attributes: map[string]string{"TopicName": "", "TopicArn": "arn"}},
	"AWS::SQS::Queue":               {property: "QueueName", word: "Queue", arn: "sqs:REGION:ACCOUNT:%s", attributes: map[string]string{"QueueName": ""}},
	"AWS::Events::Rule":             {property: "Name", word: "Rule", arn: "events:REGION:ACCOUNT:rule/%s"},
	"AWS::IAM::Role":                {property: "RoleName", word: "Role", arn: "iam::ACCOUNT:role/%s"},
	"AWS::Logs::LogGroup":           {property: "LogGroupName", word: "LogGroup", arn: "logs:REGION:ACCOUNT:log-group:%s:*"},
	"AWS::SageMaker::Model":         {property: "ModelName", word: "", arn: "sagemaker:REGION:ACCOUNT:model/%s", refIsARN: true, attributes: map[string]string{"ModelName": ""}},
	"AWS::SageMaker::EndpointConfig": {property: "EndpointConfigName", word: "", arn: "sagemaker:REGION:ACCOUNT:endpoint-config/%s", refIsARN: true,
		attributes: map[string]string{"EndpointConfigName": ""}},
	"AWS::SageMaker::Endpoint":     {property: "EndpointName", word: "Endpoint", arn: "sagemaker:REGION:ACCOUNT:endpoint/%s", refIsARN: true, attributes: map[string]string{"EndpointName": ""}},
	"AWS::ApiGatewayV2::Api":       {property: "", word: "", arn: "apigateway:REGION::/apis/%s", attributes: map[string]string{"ApiId": ""}},
	"AWS::Serverless::HttpApi":     {property: "", word: "", arn: "apigateway:REGION::/apis/%s", attributes: map[string]string{"ApiId": ""}},
	"AWS::CloudWatch::Alarm":       {property: "AlarmName", word: "", arn: "cloudwatch:REGION:ACCOUNT:alarm:%s"},
	"AWS::Cognito::UserPool":       {property: "", word: "", arn: "cognito-idp:REGION:ACCOUNT:userpool/%s"},
	"AWS::Cognito::UserPoolClient": {property: "", word: "", arn: "cognito-idp:REGION:ACCOUNT:client/%s", attributes: map[string]string{"ClientId": ""}},
}

// holds says whether a resource exists: its condition is absent or true.
func (e *evaluator) holds(id string) (bool, error) {
	written, ok := e.resources[id]
	if !ok {
		return false, fmt.Errorf("%s: no parameter, pseudo parameter or resource has this name", id)
	}
	c := text(object(written)["Condition"])
	if c == "" {
		return true, nil
	}
	return e.named(c)
}

// identify gives a resource's naming and physical name. A role that SAM makes
// for a function or a state machine is known too.
func (e *evaluator) identify(id string) (naming, string, error) {
	if owner, made := strings.CutSuffix(id, "Role"); made && e.resources[id] == nil {
		if kind := text(object(e.resources[owner])["Type"]); kind == "AWS::Serverless::Function" || kind == "AWS::Serverless::StateMachine" {
			return namings["AWS::IAM::Role"], e.made(id, ""), nil
		}
	}
	if exists, err := e.holds(id); err != nil {
		return naming{}, "", err
	} else if !exists {
		return naming{}, "", fmt.Errorf("resource %s is used, but its condition does not hold", id)
	}
	kind := text(object(e.resources[id])["Type"])
	n, known := namings[kind]
	if !known {
		service := strings.ToLower(strings.Split(kind+"::::", "::")[1])
		n = naming{arn: service + ":REGION:ACCOUNT:%s"}
	}
	if name, ok := e.names[id]; ok {
		return n, name, nil
	}
	name, err := e.physical(id, n)
	if err != nil {
		return naming{}, "", err
	}
	e.names[id] = name
	return n, name, nil
}

// physical is the name that a template gives, else one made of the stack's
// name and the logical id.
func (e *evaluator) physical(id string, n naming) (string, error) {
	done, err := e.enter("name of " + id)
	if err != nil {
		return "", err
	}
	defer done()
	if given, ok := object(object(e.resources[id])["Properties"])[n.property]; ok && n.property != "" {
		v, err := e.resolve(given)
		if err != nil {
			return "", fmt.Errorf("%s.%s: %w", id, n.property, err)
		}
		if _, none := v.(noValue); !none {
			return text(v), nil
		}
	}
	return e.made(id, n.word), nil
}

func (e *evaluator) made(id, word string) string {
	return text(e.pseudo["AWS::StackName"]) + "-" + short(id, word)
}

func (e *evaluator) arn(n naming, name string) string {
	r := strings.NewReplacer("REGION", text(e.pseudo["AWS::Region"]), "ACCOUNT", text(e.pseudo["AWS::AccountId"]))
	return "arn:aws:" + fmt.Sprintf(r.Replace(n.arn), name)
}

// refResource is what Ref gives for a resource.
func (e *evaluator) refResource(id string) (any, error) {
	n, name, err := e.identify(id)
	if err != nil {
		return nil, err
	}
	switch {
	case n.refIsARN:
		return e.arn(n, name), nil
	case n.word == "Queue":
		return e.queueURL(name), nil
	}
	return name, nil
}

func (e *evaluator) queueURL(name string) string {
	return "http://127.0.0.1/" + path.Join(text(e.pseudo["AWS::AccountId"]), name)
}

// attribute is what Fn::GetAtt gives.
func (e *evaluator) attribute(id, attribute string) (any, error) {
	n, name, err := e.identify(id)
	if err != nil {
		return nil, err
	}
	if attribute == "Arn" && !n.refIsARN || attribute == "Arn" && n.word == "StateMachine" {
		return e.arn(n, name), nil
	}
	kind := text(object(e.resources[id])["Type"])
	if what, ok := n.attributes[attribute]; ok {
		if what == "arn" {
			return e.arn(n, name), nil
		}
		return name, nil
	}
	switch {
	case attribute == "ApiEndpoint" && strings.HasSuffix(strings.ToLower(kind), "api"):
		return e.apiEndpoint, nil
	case attribute == "QueueUrl":
		return e.queueURL(name), nil
	case without(kind): // has no effect here, and neither has what points at it
		return name + "." + attribute, nil
	}
	return nil, fmt.Errorf("Fn::GetAtt: %s (%s) has no attribute %s on one machine", id, kind, attribute)
}
