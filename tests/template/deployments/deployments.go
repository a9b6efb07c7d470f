// Package deployments are the ways in which template.yaml is deployed by its tests: by
// those in Go, and by the judges of `make test-cloud`, which get each of them resolved.
package deployments

import "github.com/iris-oculus/iris/internal/local/template"

// Image is an image as a deployment names it. Account, image and zone are AWS's examples
// for documentation.
const Image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator:2026-12-01"

// Who is a deployment on AWS, as far as names go.
var Who = template.Identity{Account: "123456789012", Region: "us-east-1", Stack: "iris", APIEndpoint: "https://api.example"}

// All are parameters that bring every resource into being, one way or another.
var All = map[string]map[string]string{
	"nothing chosen": nil,
	"a model":        {"ModelImageUri": Image},
	"frugal, with everything": {
		"ModelImageUri": Image, "UserPool": "create", "SignInDomain": "iris", "DomainName": "example.org", "HostedZoneId": "Z0123456789ABC", "WebHosting": "amplify",
		"WebhookUrl": "https://example.org/hook", "NoticeEmail": "a@example.org", "AlertEmail": "b@example.org", "MonthlyBudgetUSD": "50", "BudgetScope": "tag", "StageConcurrency": "10",
		"WebOrigin": "https://one.example,https://two.example",
	},
	"hipaa, with everything": {
		"Profile": "hipaa", "ModelImageUri": Image, "UserPool": "create", "SignInDomain": "iris", "DomainName": "example.org", "HostedZoneId": "Z0123456789ABC", "WebHosting": "amplify",
		"WebhookUrl": "https://example.org/hook", "NoticeEmail": "a@example.org", "AlertEmail": "b@example.org", "MonthlyBudgetUSD": "50",
	},
	"hipaa, of a certificate's own":   {"Profile": "hipaa", "JwtIssuer": "https://issuer.example", "DomainName": "example.org", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"},
	"somebody's tokens, no versions":  {"JwtIssuer": "https://issuer.example", "KeepVersions": "no", "CapacityLever": "weights", "ModelImageUri": Image},
	"an edge, and no page":            {"Edge": "cloudfront"},
	"a domain whose zone is not ours": {"DomainName": "example.org", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000", "WebHosting": "amplify"},
}
