package main

// ownParameter are the parameters of template.yaml. Their names are nobody's.
var ownParameter = map[string]bool{
	"UploadsBucketName": true, "WorkBucketName": true, "ResultsBucketName": true, "Profile": true, "Architecture": true, "EndpointName": true,
	"ModelImageUri": true, "Tasks": true, "ModelLicense": true, "ModelProgress": true, "InstanceType": true, "InferenceAmi": true,
	"InstancePrice": true, "LingerSeconds": true, "WarmOnIntentSeconds": true, "WarmUpSeconds": true, "CapacityLever": true, "MaxInstances": true,
	"JobsPerInstance": true, "StageMemory": true, "JwtIssuer": true, "JwtAudience": true, "UserPool": true, "SignInDomain": true,
	"SignInUrls": true, "OperatorGroup": true, "DropOwner": true, "ApiRateLimit": true, "WebOrigin": true, "StageConcurrency": true,
	"DomainName": true, "HostedZoneId": true, "CertificateArn": true, "WebHosting": true, "Edge": true, "RetentionDays": true,
	"UploadDays": true, "KeepVersions": true, "WebhookUrl": true, "WebhookSecrets": true, "WebhookAllow": true, "NoticeEmail": true,
	"AlertEmail": true, "LogDays": true, "MonthlyBudgetUSD": true, "BudgetScope": true, "DeletionProtection": true,
}
