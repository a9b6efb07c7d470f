package template

import (
	"fmt"
	"strings"
)

// list is what one resource type may say, as paths below Properties: [] stands
// for the items of a list, and a path covers everything below it. A property in
// neither list is an error.
type list struct {
	honoured []string
	declared []string // without effect on one machine
}

// withoutEffect are types that hold no part of the local stack: permissions,
// encryption, names, alarms, budgets, what serves the web, copies, and queues, for which each
// service keeps its own dead letters.
var withoutEffect = []string{
	"AWS::Budgets::", "AWS::CloudFront::", "AWS::CloudWatch::", "AWS::Cognito::", "AWS::IAM::", "AWS::KMS::", "AWS::Logs::",
	"AWS::SQS::", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::Lambda::Permission",
	"AWS::CE::", "AWS::ECR::", "AWS::ResourceGroups::", "AWS::Amplify::", "AWS::WAFv2::",
	"AWS::Backup::", "AWS::CertificateManager::", "AWS::CloudTrail::", "AWS::Route53::",
	"AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGatewayV2::DomainName",
}

func without(kind string) bool {
	for _, prefix := range withoutEffect {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return false
}

var lists = map[string]list{
	"AWS::S3::Bucket": {
		honoured: []string{"BucketName", "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", "CorsConfiguration.CorsRules", "VersioningConfiguration.Status"},
		declared: []string{"BucketEncryption", "LifecycleConfiguration", "PublicAccessBlockConfiguration", "OwnershipControls", "LoggingConfiguration", "IntelligentTieringConfigurations", "Tags"},
	},
	"AWS::DynamoDB::Table": {
		honoured: []string{"TableName", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes[].IndexName", "GlobalSecondaryIndexes[].KeySchema", "GlobalSecondaryIndexes[].Projection", "TimeToLiveSpecification"},
		declared: []string{"BillingMode", "OnDemandThroughput", "PointInTimeRecoverySpecification", "SSESpecification", "DeletionProtectionEnabled", "TableClass", "ContributorInsightsSpecification", "Tags"},
	},
	"AWS::Serverless::Function": {
		honoured: []string{"FunctionName", "CodeUri", "Handler", "Runtime", "PackageType", "MemorySize", "Timeout", "ReservedConcurrentExecutions", "Environment.Variables", "Events",
			"EventInvokeConfig.MaximumRetryAttempts", "EventInvokeConfig.MaximumEventAgeInSeconds", "EventInvokeConfig.DestinationConfig.OnFailure"},
		declared: []string{"Architectures", "EphemeralStorage", "Policies", "Role", "PermissionsBoundary", "Tracing", "LoggingConfig", "KmsKeyArn", "Description", "Tags", "PropagateTags"},
	},
	"AWS::Serverless::StateMachine": {
		honoured: []string{"Name", "Type", "DefinitionUri", "DefinitionSubstitutions", "AutoPublishAlias"},
		declared: []string{"Policies", "Role", "PermissionsBoundary", "Logging", "Tracing", "Tags", "PropagateTags"},
	},
	"AWS::Events::Rule": {
		honoured: append([]string{"Name", "EventPattern", "ScheduleExpression", "State"}, below("Targets[]", ruleTarget)...),
		declared: []string{"Description", "RoleArn", "Targets[].RoleArn", "Targets[].InputTransformer"}, // see addRule
	},
	"AWS::SNS::Topic": {
		honoured: []string{"TopicName", "Subscription[].Protocol", "Subscription[].Endpoint"},
		declared: []string{"KmsMasterKeyId", "DisplayName", "TracingConfig", "Tags"},
	},
	"AWS::SNS::Subscription": {
		honoured: []string{"TopicArn", "Protocol", "Endpoint"},
		declared: []string{"RedrivePolicy", "Region"},
	},
	"AWS::SageMaker::Model": {
		honoured: []string{"ModelName", "PrimaryContainer.Image", "PrimaryContainer.Environment"},
		declared: []string{"ExecutionRoleArn", "EnableNetworkIsolation", "VpcConfig", "PrimaryContainer.Mode", "Tags"},
	},
	"AWS::SageMaker::EndpointConfig": {
		honoured: []string{"EndpointConfigName", "ProductionVariants[].VariantName", "ProductionVariants[].ModelName", "ProductionVariants[].InitialInstanceCount", "ProductionVariants[].InitialVariantWeight",
			"AsyncInferenceConfig.ClientConfig.MaxConcurrentInvocationsPerInstance", "AsyncInferenceConfig.OutputConfig.S3OutputPath", "AsyncInferenceConfig.OutputConfig.S3FailurePath",
			"AsyncInferenceConfig.OutputConfig.NotificationConfig.SuccessTopic", "AsyncInferenceConfig.OutputConfig.NotificationConfig.ErrorTopic"},
		declared: []string{"ProductionVariants[].InstanceType", "ProductionVariants[].ContainerStartupHealthCheckTimeoutInSeconds", "ProductionVariants[].ModelDataDownloadTimeoutInSeconds", "ProductionVariants[].VolumeSizeInGB",
			"ProductionVariants[].InferenceAmiVersion", "AsyncInferenceConfig.OutputConfig.KmsKeyId", "KmsKeyId", "Tags"},
	},
	"AWS::SageMaker::Endpoint": {
		honoured: []string{"EndpointName", "EndpointConfigName"},
		declared: []string{"RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "DeploymentConfig", "Tags"},
	},
	"AWS::ApplicationAutoScaling::ScalableTarget": {
		honoured: []string{"ServiceNamespace", "ScalableDimension", "ResourceId", "MinCapacity", "MaxCapacity"},
		declared: []string{"RoleARN"},
	},
	"AWS::ApplicationAutoScaling::ScalingPolicy": {
		honoured: []string{"PolicyName", "PolicyType", "ScalingTargetId", "ServiceNamespace", "ScalableDimension", "ResourceId", "TargetTrackingScalingPolicyConfiguration"},
	},
	"AWS::ApiGatewayV2::Api": {
		honoured: []string{"ProtocolType", "CorsConfiguration"},
		declared: []string{"Name", "Description", "DisableExecuteApiEndpoint", "Tags"},
	},
	"AWS::ApiGatewayV2::Integration": {
		honoured: []string{"ApiId", "IntegrationType", "IntegrationUri", "PayloadFormatVersion", "TimeoutInMillis"},
		declared: []string{"Description", "IntegrationMethod"},
	},
	"AWS::ApiGatewayV2::Authorizer": {
		honoured: []string{"ApiId", "AuthorizerType", "IdentitySource", "JwtConfiguration.Issuer", "JwtConfiguration.Audience"},
		declared: []string{"Name"},
	},
	"AWS::ApiGatewayV2::Route": {
		honoured: []string{"ApiId", "RouteKey", "Target", "AuthorizationType", "AuthorizerId"},
		declared: []string{"OperationName"},
	},
	"AWS::ApiGatewayV2::Stage": {
		honoured: []string{"ApiId", "StageName", "DefaultRouteSettings.ThrottlingBurstLimit", "DefaultRouteSettings.ThrottlingRateLimit", "RouteSettings"},
		declared: []string{"AutoDeploy", "AccessLogSettings", "Description", "Tags"},
	},
}

// ruleTarget are the properties of a rule's target, in a rule and in a
// function's event alike.
var ruleTarget = []string{"Id", "Arn", "RetryPolicy", "DeadLetterConfig"}

// below puts a path before each property.
func below(path string, properties []string) []string {
	out := make([]string, len(properties))
	for i, p := range properties {
		out[i] = path + "." + p
	}
	return out
}

// check walks a resource's properties and returns those without effect; it
// refuses what is in neither list.
func (l list) check(at string, v any) (idle []string, err error) {
	switch {
	case matches(l.declared, at):
		return []string{at}, nil
	case matches(l.honoured, at):
		return nil, nil
	case at != "" && !leads(l.honoured, at) && !leads(l.declared, at):
		return nil, fmt.Errorf("property %s is not supported on one machine", at)
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sorted(v) {
			more, err := l.check(strings.TrimPrefix(at+"."+k, "."), v[k])
			if err != nil {
				return nil, err
			}
			idle = append(idle, more...)
		}
	case []any:
		for _, item := range v {
			more, err := l.check(at+"[]", item)
			if err != nil {
				return nil, err
			}
			idle = append(idle, more...)
		}
	default:
		return nil, fmt.Errorf("property %s: %q is not of the kind that is expected here", at, text(v))
	}
	return idle, nil
}

func matches(paths []string, at string) bool {
	for _, p := range paths {
		if p == at {
			return true
		}
	}
	return false
}

// leads says whether a listed path goes through at.
func leads(paths []string, at string) bool {
	for _, p := range paths {
		if strings.HasPrefix(p, at+".") || strings.HasPrefix(p, at+"[]") {
			return true
		}
	}
	return false
}
