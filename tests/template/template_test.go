// Package template holds what the deployed template must be, whatever is deployed with it:
// everything that it names exists, each function may do what its code does and nothing
// else, a change replaces nothing that holds scans, and it stays within CloudFormation's
// limits. internal/local/template reads it for one machine and tests what it leaves there.
package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/local/template"
	deploy "github.com/iris-oculus/iris/tests/template/deployments"
)

var path = filepath.Join("..", "..", "template.yaml")

var deployments = deploy.All

const image = deploy.Image

// deployed is AWS, as far as names go.
var deployed = deploy.Who

func document(t *testing.T) map[string]any {
	t.Helper()
	doc, err := template.Document(path)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func section(doc map[string]any, name string) map[string]any {
	m, _ := doc[name].(map[string]any)
	return m
}

func resources(t *testing.T, parameters map[string]string) map[string]template.Resource {
	t.Helper()
	all, err := template.Resources(path, deployed, parameters)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]template.Resource{}
	for _, r := range all {
		byID[r.ID] = r
	}
	return byID
}

// Every deployment resolves, and together they have every resource: a branch that none of
// them takes would be looked at by nobody.
func TestEveryDeploymentResolves(t *testing.T) {
	left := maps.Clone(section(document(t), "Resources"))
	for name, parameters := range deployments {
		all, err := template.Resources(path, deployed, parameters)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, r := range all {
			delete(left, r.ID)
		}
	}
	if len(left) > 0 {
		t.Errorf("no deployment of this test has %v", slices.Sorted(maps.Keys(left)))
	}
}

// walker goes through a document and notes what it names.
type walker struct {
	refs, conditions map[string]string // by name, where it was found first
	attributes       map[string]string // Resource.Attribute
}

var placeholder = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

func (w *walker) note(into map[string]string, name, at string) {
	if into[name] == "" {
		into[name] = at
	}
}

func (w *walker) walk(v any, at string) {
	switch v := v.(type) {
	case []any:
		for n, item := range v {
			w.walk(item, fmt.Sprintf("%s[%d]", at, n))
		}
	case map[string]any:
		for key, inner := range v {
			switch key {
			case "Ref":
				w.note(w.refs, fmt.Sprint(inner), at)
			case "Condition":
				if name, ok := inner.(string); ok {
					w.note(w.conditions, name, at)
					continue
				}
			case "DependsOn":
				names, _ := inner.([]any)
				if name, ok := inner.(string); ok {
					names = []any{name}
				}
				for _, name := range names {
					w.note(w.refs, fmt.Sprint(name), at)
				}
			case "Fn::If":
				if args, ok := inner.([]any); ok && len(args) == 3 {
					w.note(w.conditions, fmt.Sprint(args[0]), at)
				}
			case "Fn::GetAtt":
				w.getAtt(inner, at)
			case "Fn::Sub":
				w.sub(inner, at)
			}
			w.walk(inner, at+"."+key)
		}
	}
}

func (w *walker) getAtt(v any, at string) {
	if args, ok := v.([]any); ok && len(args) == 2 {
		v = fmt.Sprintf("%v.%v", args[0], args[1])
	}
	w.note(w.attributes, fmt.Sprint(v), at)
}

func (w *walker) sub(v any, at string) {
	text, own := v, map[string]any{}
	if args, ok := v.([]any); ok && len(args) == 2 {
		text, own = args[0], args[1].(map[string]any)
	}
	for _, m := range placeholder.FindAllStringSubmatch(fmt.Sprint(text), -1) {
		switch name := m[1]; {
		case own[name] != nil:
		case strings.Contains(name, ".") && !strings.HasPrefix(name, "AWS::"):
			w.note(w.attributes, name, at)
		default:
			w.note(w.refs, name, at)
		}
	}
}

// Every Ref, GetAtt, Sub, DependsOn and condition names something of the template, and
// everything that is declared is used.
func TestEveryNameExists(t *testing.T) {
	doc := document(t)
	w := &walker{refs: map[string]string{}, conditions: map[string]string{}, attributes: map[string]string{}}
	for _, name := range []string{"Conditions", "Rules", "Globals", "Resources", "Outputs"} {
		w.walk(doc[name], name)
	}
	known, parameters, conditions := section(doc, "Resources"), section(doc, "Parameters"), section(doc, "Conditions")
	for name, at := range w.refs {
		if known[name] == nil && parameters[name] == nil && !strings.HasPrefix(name, "AWS::") {
			t.Errorf("%s: there is no %q", at, name)
		}
	}
	for name, at := range w.attributes {
		if id, attribute, ok := strings.Cut(name, "."); !ok || attribute == "" || known[id] == nil {
			t.Errorf("%s: there is no resource of %q", at, name)
		}
	}
	for name, at := range w.conditions {
		if conditions[name] == nil {
			t.Errorf("%s: there is no condition %q", at, name)
		}
	}
	for name := range parameters {
		if w.refs[name] == "" {
			t.Errorf("parameter %s: nothing reads it", name)
		}
	}
	for name := range conditions {
		if w.conditions[name] == "" {
			t.Errorf("condition %s: nothing depends on it", name)
		}
	}
	if len(w.refs) < 50 || len(w.attributes) < 30 || len(w.conditions) < 20 {
		t.Errorf("%d references, %d attributes and %d conditions were found: the walk misses some", len(w.refs), len(w.attributes), len(w.conditions))
	}
}

// What a resource names exists whenever it does itself: else CloudFormation refuses the
// template for some parameters only. Resolving says so; here each deployment is resolved
// again without what other parameters would add.
func TestWhatIsNamedExistsWithIt(t *testing.T) {
	for name, value := range map[string]string{
		"ModelImageUri": image, "UserPool": "create", "WebHosting": "amplify", "WebhookUrl": "https://example.org/", "NoticeEmail": "a@example.org",
		"AlertEmail": "a@example.org", "MonthlyBudgetUSD": "5", "Profile": "hipaa", "Edge": "cloudfront", "DeletionProtection": "off", "BudgetScope": "tag",
		"StageConcurrency": "5", "KeepVersions": "no", "JwtIssuer": "https://issuer.example", "CapacityLever": "weights", "InferenceAmi": "",
		"UploadsBucketName": "u", "WorkBucketName": "w", "ResultsBucketName": "r", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0", "HostedZoneId": "Z1",
	} {
		if _, err := template.Resources(path, deployed, map[string]string{name: value}); err != nil {
			t.Errorf("%s=%s alone: %v", name, value, err)
		}
	}
}

// CloudFormation's limits, with room: 500 resources (SAM adds a role to every function
// and a permission to every event), 200 parameters, 200 outputs, 1 MB; 10,240 characters
// for the policies of a role.
func TestLimits(t *testing.T) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc := document(t)
	all := section(doc, "Resources")
	after := 0
	for _, r := range all {
		after++
		resource := r.(map[string]any)
		properties, _ := resource["Properties"].(map[string]any)
		switch resource["Type"] {
		case "AWS::Serverless::Function":
			events, _ := properties["Events"].(map[string]any)
			after += 2 + 2*len(events) // role, invoke config; a rule or subscription and its permission
		case "AWS::Serverless::StateMachine":
			after += 3 // role, version, alias
		}
	}
	t.Logf("%d bytes, %d resources, %d after SAM, %d parameters, %d outputs", len(text), len(all), after, len(section(doc, "Parameters")), len(section(doc, "Outputs")))
	if len(text) > 500_000 || after > 250 || len(section(doc, "Parameters")) > 100 || len(section(doc, "Outputs")) > 100 {
		t.Error("half of a limit of CloudFormation is used")
	}
	long := deployed
	long.Stack = strings.Repeat("s", 40)
	resolved, err := template.Resources(path, long, map[string]string{
		"ModelImageUri": image, "EndpointName": strings.Repeat("e", 63), "WebhookUrl": "https://example.org/",
		"UploadsBucketName": strings.Repeat("u", 63), "WorkBucketName": strings.Repeat("w", 63), "ResultsBucketName": strings.Repeat("r", 63),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range resolved {
		policy, err := json.Marshal(r.Properties["Policies"])
		if err != nil {
			t.Fatal(err)
		}
		if len(policy) > 10_240*4/5 {
			t.Errorf("%s: policies of %d characters, of 10,240", r.ID, len(policy))
		}
	}
}

// A resource of * in a policy needs its reason beside it: in a comment on its line, or on
// the line where its statements begin.
func TestEveryStarHasAReason(t *testing.T) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, stars := strings.Split(string(text), "\n"), 0
	for n, line := range lines {
		if !strings.Contains(line, `Resource: "*"`) {
			continue
		}
		stars++
		above := n
		for !strings.Contains(lines[above], "Statement:") {
			above--
		}
		if !strings.Contains(line, " # ") && !strings.Contains(lines[above], " # ") {
			t.Errorf("template.yaml:%d: a resource of * without a reason: %s", n+1, line)
		}
		if regexp.MustCompile(`Action: ("\*"|\[?"?[a-z0-9-]+:\*)`).MatchString(line) && !strings.Contains(line, "kms:*") {
			t.Errorf("template.yaml:%d: every action on every resource: %s", n+1, line)
		}
	}
	if stars == 0 {
		t.Error("no star was found: the test does not see them")
	}
}

// Nothing of the template belongs to one partition, one account, one region or one zone.
// A service's own principal has one name everywhere.
func TestNothingIsTiedToAPlace(t *testing.T) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n, line := range strings.Split(string(text), "\n") {
		code, _, _ := strings.Cut(line, " # ")
		for _, bad := range []string{`arn:aws:`, `arn:aws-`, `AvailabilityZone`, `AssociatePublicIpAddress`, `MapPublicIpOnLaunch`} {
			if strings.Contains(code, bad) {
				t.Errorf("template.yaml:%d: %s in %s", n+1, bad, line)
			}
		}
		if m := regexp.MustCompile(`\b[0-9]{12}\b`).FindString(code); m != "" {
			t.Errorf("template.yaml:%d: the number of an account, %s", n+1, m)
		}
	}
}
