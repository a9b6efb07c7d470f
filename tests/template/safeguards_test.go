package template

import "testing"

// What docs/security.md claims of the technical safeguards of HIPAA (45 CFR 164.312): every
// bucket of every deployment is encrypted, private and answers modern TLS only, and under
// Profile=hipaa a trail keeps who read or wrote which object or item, with digests that
// show a change of it, and everything is encrypted with a key of one's own.
func TestSafeguards(t *testing.T) {
	trails := 0
	for name, parameters := range deployments {
		all := resources(t, parameters)
		hipaa := parameters["Profile"] == "hipaa"
		policies := of(all, "AWS::S3::BucketPolicy")
		buckets := of(all, "AWS::S3::Bucket")
		if len(buckets) < 3 {
			t.Errorf("%s: %d buckets", name, len(buckets))
		}
		for _, b := range buckets {
			p := b.Properties
			// S3 writes its access logs into no bucket with a key of one's own; the trail
			// beside them in the audit bucket is encrypted with that key by CloudTrail.
			if !has(t, p["BucketEncryption"], "SSEAlgorithm") || hipaa && !has(t, p["BucketEncryption"], `"aws:kms"`) && b.ID != "AuditBucket" {
				t.Errorf("%s, %s: encrypted by %v", name, b.ID, p["BucketEncryption"])
			}
			for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
				if !has(t, p["PublicAccessBlockConfiguration"], `"`+block+`":true`) {
					t.Errorf("%s, %s: %s is not said", name, b.ID, block)
				}
			}
			tls := 0
			for _, policy := range policies {
				if policy.ID == b.ID+"Policy" {
					for _, part := range []string{`"aws:SecureTransport":false`, `"s3:TlsVersion":"1.2"`} {
						if has(t, policy.Properties["PolicyDocument"], part) {
							tls++
						}
					}
				}
			}
			if tls != 2 {
				t.Errorf("%s, %s: %d of two statements of its policy ask for TLS", name, b.ID, tls)
			}
		}
		for _, trail := range of(all, "AWS::CloudTrail::Trail") {
			trails++
			for _, part := range []string{`"IsLogging":true`, `"EnableLogFileValidation":true`, `"ReadWriteType":"All"`, `"AWS::S3::Object"`, `"AWS::DynamoDB::Table"`, `"KMSKeyId"`} {
				if !has(t, trail.Properties, part) {
					t.Errorf("%s: the trail does not say %s", name, part)
				}
			}
		}
		if hipaa != (len(of(all, "AWS::CloudTrail::Trail")) == 1) {
			t.Errorf("%s: hipaa is %v, and there are %d trails", name, hipaa, len(of(all, "AWS::CloudTrail::Trail")))
		}
	}
	if trails < 2 {
		t.Errorf("%d trails were looked at", trails)
	}
}
