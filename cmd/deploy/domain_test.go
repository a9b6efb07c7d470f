package main

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
)

var (
	zones = reply{When: "aws route53 list-hosted-zones-by-name", Out: `{"HostedZones":[
		{"Id":"/hostedzone/ZPRIVATE","Name":"iris-oculus.com.","Config":{"PrivateZone":true}},
		{"Id":"/hostedzone/Z0123456789","Name":"iris-oculus.com.","Config":{"PrivateZone":false}},
		{"Id":"/hostedzone/ZOTHER","Name":"iris-oculus.com.au.","Config":{"PrivateZone":false}}],"DNSName":"iris-oculus.com","IsTruncated":false,"MaxItems":"10"}`}
	zone = reply{When: "aws route53 get-hosted-zone --id Z0123456789", Out: `{"HostedZone":{"Id":"/hostedzone/Z0123456789"},"DelegationSet":{"NameServers":["ns-1.awsdns-01.com","NS-2.awsdns-02.net"]}}`}
)

// A certificate is asked for only where it can be issued: its domain's name servers are
// those of the zone (anomalyco/sst#5781, aws-samples/amazon-cloudfront-secure-static-site#22).
func TestDomain(t *testing.T) {
	was := nameServers
	t.Cleanup(func() { nameServers = was })
	for name, c := range map[string]struct {
		replies []reply
		servers []string
		domain  string
		code    int
		words   []string
		calls   []string
		never   []string
	}{
		"delegated": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), zones, zone, proposed, changes("Add Certificate AWS::CertificateManager::Certificate"), executed, waited},
			servers: []string{"ns-2.awsdns-02.net.", "ns-1.awsdns-01.com."}, words: []string{"ok     iris-oculus.com is delegated to zone Z0123456789", "0.50 USD"},
			calls: []string{`sam deploy --parameter-overrides {"DomainName":"iris-oculus.com","HostedZoneId":"Z0123456789"}`},
		},
		"with a page, which has the address of before in it": {
			replies: []reply{who, once(stands("UPDATE_COMPLETE", ">WebAppId=d1")), stands("UPDATE_COMPLETE", ">WebAppId=d1", ">ApiUrl=https://api.iris-oculus.com"), zones, zone, proposed, changes("Add Certificate AWS::CertificateManager::Certificate"), executed, waited},
			servers: []string{"ns-2.awsdns-02.net.", "ns-1.awsdns-01.com."}, words: []string{"The API has another address than the page was built for: `make deploy-web` again."},
		},
		"delegated elsewhere": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), zones, zone}, servers: []string{"ns1.registrar.example."}, code: 1,
			words: []string{"is delegated to ns1.registrar.example, which are not the zone's: certificates would stay pending", "hint: tell the registrar these: ns-1.awsdns-01.com, ns-2.awsdns-02.net"}, never: []string{"sam deploy"},
		},
		"not delegated": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), zones, zone}, code: 1, words: []string{"DNS knows no name servers of iris-oculus.com"}, never: []string{"sam deploy"},
		},
		"no zone": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), {When: "list-hosted-zones-by-name", Out: `{"HostedZones":[{"Id":"/hostedzone/ZPRIVATE","Name":"iris-oculus.com.","Config":{"PrivateZone":true}}]}`}}, code: 1,
			words: []string{"Route 53 has no public zone", "hint: `aws route53 create-hosted-zone"}, never: []string{"sam deploy"},
		},
		"two zones": {
			replies: []reply{who, stands("UPDATE_COMPLETE"), {When: "list-hosted-zones-by-name", Out: `{"HostedZones":[{"Id":"/hostedzone/ZA","Name":"iris-oculus.com."},{"Id":"/hostedzone/ZB","Name":"iris-oculus.com."}]}`}}, code: 1,
			words: []string{"several public zones"}, never: []string{"sam deploy"},
		},
		"no stack yet":  {replies: []reply{who, noStack}, code: 1, words: []string{"There is no stack iris"}},
		"no domain":     {domain: "https://iris-oculus.com/", code: 1, words: []string{"is no domain", "hint: DOMAIN="}},
		"a single word": {domain: "iris", code: 1, words: []string{"is no domain"}},
	} {
		t.Run(name, func(t *testing.T) {
			nameServers = func(context.Context, string) ([]string, error) {
				if c.servers == nil {
					return nil, errors.New("no such host")
				}
				return c.servers, nil
			}
			w := newWorld(t, c.replies...)
			w.environ = []string{"CONFIRM=1", "DOMAIN=" + or(c.domain, "Iris-Oculus.com.")}
			w.wants(c.code, w.run("domain", "-dir", filepath.Join(w.dir, "aws")), c.words, c.calls, c.never)
		})
	}
}

func TestQuota(t *testing.T) {
	limits := reply{When: "aws lambda get-account-settings", Out: `{"AccountLimit":{"TotalCodeSize":80530636800,"CodeSizeUnzipped":262144000,"CodeSizeZipped":52428800,"ConcurrentExecutions":1000,"UnreservedConcurrentExecutions":900},"AccountUsage":{"TotalCodeSize":0,"FunctionCount":0}}`}
	none := reply{When: "aws service-quotas list-", Out: "[]"}
	for name, c := range map[string]struct {
		replies []reply
		code    int
		words   []string
	}{
		"allowed":            {[]reply{who, quotaOne, limits}, 0, []string{"ok     an endpoint on ml.g4dn.xlarge is allowed", "1000 functions may run at once", "StageMemory"}},
		"zero":               {[]reply{who, quotaFor(defaultInstance, 0), limits}, 1, []string{"is 0 in us-east-1", "--quota-code L-E2B7A5C4 --desired-value 1"}},
		"the default counts": {[]reply{who, {When: "list-service-quotas", Out: "[]"}, {When: "list-aws-default-service-quotas", Out: `[{"QuotaCode":"L-E2B7A5C4","QuotaName":"ml.g4dn.xlarge for endpoint usage","Value":0.0}]`}, limits}, 1, []string{"is 0 in us-east-1"}},
		"not in this region": {[]reply{who, none, limits}, 1, []string{"does not know", "hint: the instance may not exist in this region"}},
		"quotas are secret":  {[]reply{who, {When: "service-quotas", Err: "An error occurred (AccessDeniedException) when calling the ListServiceQuotas operation: not authorized to perform: servicequotas:ListServiceQuotas", Code: 254}, limits}, 0, []string{"may not read quotas"}},
		"a new account":      {[]reply{who, quotaOne, {When: "aws lambda", Out: `{"AccountLimit":{"ConcurrentExecutions":10,"UnreservedConcurrentExecutions":10}}`}}, 0, []string{"low    10 functions may run at once"}},
		"throttled":          {[]reply{who, {When: "service-quotas", Err: "An error occurred (TooManyRequestsException) when calling the ListServiceQuotas operation: Rate exceeded", Code: 254}, limits}, 1, []string{"too many requests", "hint: try again in a minute"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.replies...)
			w.wants(c.code, w.run("quota"), c.words, nil, nil)
		})
	}
}
