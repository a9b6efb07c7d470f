package policy

import (
	"testing"

	"github.com/iris-oculus/iris/internal/local/template"
)

// The cases follow the IAM guide's pages "Policy evaluation logic" and "IAM JSON policy
// elements: Resource": wildcards reach across slashes and colons, actions are not
// sensitive to case and resources are, a bucket's ARN is not that of its objects, and a
// Deny wins wherever it stands.
func TestAllows(t *testing.T) {
	all := []Statement{
		{"Allow", []string{"s3:GetObject", "s3:Put*"}, []string{"arn:aws:s3:::work/*"}},
		{"Allow", []string{"s3:ListBucket"}, []string{"arn:aws:s3:::work"}},
		{"Deny", []string{"s3:*"}, []string{"arn:aws:s3:::work/secret/*"}},
		{"Allow", []string{"states:StopExecution"}, []string{"arn:aws:states:us-east-1:1:execution:iris-scan:*"}},
		{"Allow", []string{"sqs:SendMessage"}, []string{"arn:aws:sqs:us-east-1:1:q?"}},
		{"Allow", []string{"autoscaling:Describe"}, []string{"*"}},
	}
	for _, c := range []struct {
		action, arn string
		want        bool
	}{
		{"s3:GetObject", "arn:aws:s3:::work/a/b/c", true},
		{"S3:getobject", "arn:aws:s3:::work/a", true},
		{"s3:PutObject", "arn:aws:s3:::work/a", true},
		{"s3:PutObjectAcl", "arn:aws:s3:::work/a", true},
		{"s3:GetObject", "arn:aws:s3:::work", false},
		{"s3:GetObject", "arn:aws:s3:::workplace/a", false},
		{"s3:GetObject", "arn:aws:s3:::WORK/a", false},
		{"s3:GetObjectVersion", "arn:aws:s3:::work/a", false},
		{"s3:ListBucket", "arn:aws:s3:::work", true},
		{"s3:ListBucket", "arn:aws:s3:::work/a", false},
		{"s3:GetObject", "arn:aws:s3:::work/secret/a", false},
		{"states:StopExecution", "arn:aws:states:us-east-1:1:execution:iris-scan:x", true},
		{"states:StopExecution", "arn:aws:states:us-east-1:1:execution:iris-scan2:x", false},
		{"sqs:SendMessage", "arn:aws:sqs:us-east-1:1:q1", true},
		{"sqs:SendMessage", "arn:aws:sqs:us-east-1:1:q", false},
		{"sqs:SendMessage", "arn:aws:sqs:us-east-1:1:q12", false},
		{"autoscaling:Describe", "*", true},
		{"states:StopExecution", "", true},
		{"states:StartExecution", "", false},
	} {
		if got := Allows(all, c.action, c.arn); got != c.want {
			t.Errorf("%s on %q: %v, want %v", c.action, c.arn, got, c.want)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"*", "", true}, {"**", "abc", true}, {"?", "", false}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-b-b-d", false}, {"*aab", "aaaab", true},
		{"a*", "b", false}, {"abc", "ab", false}, {"ab", "abc", false}, {"*?", "", false}, {"a?c*", "abc", true},
	} {
		if got := match(c.pattern, c.text); got != c.want {
			t.Errorf("%q, %q: %v", c.pattern, c.text, got)
		}
	}
}

// What is not evaluated is refused, not passed over: a statement with a condition could
// allow less than this package says.
func TestWhatIsNotEvaluated(t *testing.T) {
	of := func(statement map[string]any) error {
		_, err := Of(template.Resource{ID: "F", Properties: map[string]any{"Policies": []any{map[string]any{"Statement": []any{statement}}}}})
		return err
	}
	if err := of(map[string]any{"Effect": "Allow", "Action": "s3:GetObject", "Resource": []any{"a", "b"}}); err != nil {
		t.Error(err)
	}
	for name, s := range map[string]map[string]any{
		"a condition":  {"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": map[string]any{}},
		"NotAction":    {"Effect": "Allow", "NotAction": "a:b", "Resource": "*"},
		"no resource":  {"Effect": "Allow", "Action": "a:b"},
		"no effect":    {"Action": "a:b", "Resource": "*"},
		"NotResource":  {"Effect": "Allow", "Action": "a:b", "NotResource": "*"},
		"wrong effect": {"Effect": "Permit", "Action": "a:b", "Resource": "*"},
	} {
		if of(s) == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
