package template

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/iris-oculus/iris/internal/local/template"
	"github.com/iris-oculus/iris/internal/stage/gpu"
)

// What others have reported of deployments like this one, each held against the template.
// Where a report needs a test of its own it is in actions_test.go (aliases:
// aws/aws-cdk#30265, aws/serverless-application-model#3720), stateful_test.go (a user pool
// that is replaced: awslabs/visual-asset-management-system#72), rules.guard (an endpoint's
// update that wakes it: aws/sagemaker-python-sdk#3126) or internal/local/template (a
// preflight behind an authorizer: aws/serverless-application-model#2136).

func of(all map[string]template.Resource, kind string) (some []template.Resource) {
	for _, r := range all {
		if r.Type == kind {
			some = append(some, r)
		}
	}
	slices.SortFunc(some, func(a, b template.Resource) int { return strings.Compare(a.ID, b.ID) })
	return some
}

func has(t *testing.T, v any, part string) bool {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), part)
}

// An event is lost without both nets: the rule's, where the function cannot be called, and
// the function's, where it fails (serverless/serverless#4647). A subscription has one, too.
func TestEveryEventHasItsNets(t *testing.T) {
	functions := of(resources(t, deployments["frugal, with everything"]), "AWS::Serverless::Function")
	events := 0
	for _, f := range functions {
		all, _ := f.Properties["Events"].(map[string]any)
		for name, event := range all {
			events++
			if net := map[string]string{"EventBridgeRule": "DeadLetterConfig", "Schedule": "DeadLetterConfig", "SNS": "RedrivePolicy"}; !has(t, event, net[fmt.Sprint(event.(map[string]any)["Type"])]) {
				t.Errorf("%s, %s: what cannot be delivered is lost", f.ID, name)
			}
		}
		if len(all) > 0 && !has(t, f.Properties["EventInvokeConfig"], "OnFailure") {
			t.Errorf("%s: an event at which it fails three times is lost", f.ID)
		}
	}
	if events < 7 {
		t.Errorf("%d events were found", events)
	}
	for _, r := range of(resources(t, deployments["frugal, with everything"]), "AWS::Events::Rule") {
		if !has(t, r.Properties["Targets"], "DeadLetterConfig") {
			t.Errorf("%s has no dead letters", r.ID)
		}
	}
}

// A new account has 10 for all functions together, of which none can be reserved: a
// deployment that asks for one fails (awslabs/fhir-works-on-aws-deployment#691,
// aws-samples/alarm-context-tool#2).
func TestNothingIsReservedUnasked(t *testing.T) {
	for _, f := range of(resources(t, nil), "AWS::Serverless::Function") {
		if f.Properties["ReservedConcurrentExecutions"] != nil {
			t.Errorf("%s reserves %v", f.ID, f.Properties["ReservedConcurrentExecutions"])
		}
	}
	bound := 0
	for _, f := range of(resources(t, map[string]string{"StageConcurrency": "3"}), "AWS::Serverless::Function") {
		if f.Properties["ReservedConcurrentExecutions"] != nil {
			bound++
		}
	}
	if bound != 4 {
		t.Errorf("StageConcurrency bounds %d functions, want prepare, glimpse, mesh and export", bound)
	}
}

// A group that a late line made anew stands in the next deployment's way
// (serverless/serverless#3237, aws-solutions/amazon-marketing-cloud-uploader-from-aws#167):
// each function writes into a group of the template, and may make none.
func TestLogGroupsAreTheTemplates(t *testing.T) {
	all := resources(t, deployments["frugal, with everything"])
	groups := map[string]bool{}
	for _, g := range of(all, "AWS::Logs::LogGroup") {
		groups[fmt.Sprint(g.Properties["LogGroupName"])] = true
	}
	for _, f := range of(all, "AWS::Serverless::Function") {
		group := fmt.Sprint(f.Properties["LoggingConfig"].(map[string]any)["LogGroup"])
		if group != "/aws/lambda/"+fmt.Sprint(f.Properties["FunctionName"]) || !groups[group] {
			t.Errorf("%s writes to %s", f.ID, group)
		}
		denied := false
		for _, s := range statements(t, f) {
			denied = denied || s.Effect == "Deny" && slices.Contains(s.Action, "logs:CreateLogGroup") && slices.Contains(s.Resource, "*")
		}
		if !denied {
			t.Errorf("%s may make its group anew", f.ID)
		}
	}
}

// The account's one policy for delivered logs has 5,120 characters, and every group that is
// not below /aws/vendedlogs/ takes some (aws-samples/service-catalog-engine-for-terraform-os#83,
// aws/aws-cdk#28577).
func TestDeliveredLogsNeedNoRoom(t *testing.T) {
	all := resources(t, nil)
	for _, id := range []string{"ScanLogs", "ApiAccessLogs"} {
		if name := fmt.Sprint(all[id].Properties["LogGroupName"]); !strings.HasPrefix(name, "/aws/vendedlogs/") {
			t.Errorf("%s is %s", id, name)
		}
	}
}

// A metric filter's dimension is taken from the line or refused
// (aws-cloudformation/aws-cloudformation-resource-providers-logs#108), and an alarm of a
// metric that nobody writes stays silent: filter and alarm are of one name.
func TestTheIdleAlarmHearsItsFilter(t *testing.T) {
	all := resources(t, deployments["a model"])
	filter := all["IdleGpuMetric"].Properties["MetricTransformations"].([]any)[0].(map[string]any)
	alarm := all["IdleGpuAlarm"].Properties
	if filter["Dimensions"] != nil || filter["MetricNamespace"] != alarm["Namespace"] || filter["MetricName"] != alarm["MetricName"] || alarm["Dimensions"] != nil && has(t, alarm["Dimensions"], "Name") {
		t.Errorf("filter %v, alarm %v", filter, alarm)
	}
	// The janitor writes once in a period at most, and its schedule drifts by seconds: a
	// period without a line may not begin the count anew.
	if n, of := alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]; n != 4 || of != 5 || alarm["TreatMissingData"] != "notBreaching" {
		t.Errorf("the alarm wants %v of %v periods", n, of)
	}
	if pattern := fmt.Sprint(all["IdleGpuMetric"].Properties["FilterPattern"]); pattern != `{ $.msg = "`+gpu.IdleInstance+`" }` {
		t.Errorf("the filter looks for %s; internal/stage/gpu logs another line", pattern)
	}
}

// A queue with a key of KMS takes no dead letter from EventBridge unless the key lets it
// (aws/aws-cdk#20804, #33169): ours is encrypted by SQS itself, with either profile.
func TestDeadLettersNeedNoKey(t *testing.T) {
	for _, name := range []string{"nothing chosen", "hipaa, with everything"} {
		for _, q := range of(resources(t, deployments[name]), "AWS::SQS::Queue") {
			if q.Properties["KmsMasterKeyId"] != nil || q.Properties["SqsManagedSseEnabled"] != true {
				t.Errorf("%s: %s: %v", name, q.ID, q.Properties)
			}
		}
	}
}

// A budget takes no other address later (org-formation/org-formation-reference#11), so that
// it tells topics; and one notification tells one topic at most.
func TestTheBudgetTellsTopics(t *testing.T) {
	budget := resources(t, deployments["frugal, with everything"])["MonthlyBudget"]
	var at []float64
	for _, n := range budget.Properties["NotificationsWithSubscribers"].([]any) {
		m := n.(map[string]any)
		subscribers := m["Subscribers"].([]any)
		if len(subscribers) != 1 || has(t, subscribers, "EMAIL") {
			t.Errorf("subscribers %v", subscribers)
		}
		at = append(at, float64(m["Notification"].(map[string]any)["Threshold"].(int)))
	}
	if !slices.Equal(at, []float64{50, 80, 100}) {
		t.Errorf("thresholds %v", at)
	}
	if alone := resources(t, map[string]string{"MonthlyBudgetUSD": "5"})["MonthlyBudget"]; len(alone.Properties["NotificationsWithSubscribers"].([]any)) != 1 {
		t.Errorf("without AlertEmail: %v", alone.Properties)
	}
}

// A function with a key for its environment starts only if its role may use it
// (cattle-ops/terraform-aws-gitlab-runner#1253); the key lets in whoever comes through the
// service (aws-cloudformation/cloudformation-coverage-roadmap#321).
func TestTheKeyLetsTheServicesIn(t *testing.T) {
	all := resources(t, deployments["hipaa, with everything"])
	for _, f := range of(all, "AWS::Serverless::Function") {
		if f.Properties["KmsKeyArn"] == nil {
			t.Errorf("%s has no key", f.ID)
		}
	}
	for _, service := range []string{"s3", "dynamodb", "sns", "lambda", "backup"} {
		if !has(t, all["DataKey"].Properties["KeyPolicy"], `"`+service+`.us-east-1.amazonaws.com"`) {
			t.Errorf("the key is closed to who comes through %s", service)
		}
	}
	// Of EventBridge KMS is told no source: a condition on it lets nothing through
	// (awslabs/landing-zone-accelerator-on-aws#407).
	for _, s := range all["DataKey"].Properties["KeyPolicy"].(map[string]any)["Statement"].([]any) {
		if m := s.(map[string]any); has(t, m["Principal"], "events.amazonaws.com") && m["Condition"] != nil {
			t.Errorf("EventBridge has a condition: %v", m["Condition"])
		}
	}
	for _, principal := range []string{"events.amazonaws.com", "budgets.amazonaws.com", "cloudwatch.amazonaws.com", "cloudtrail.amazonaws.com", "logs.us-east-1.amazonaws.com"} {
		if !has(t, all["DataKey"].Properties["KeyPolicy"], `"`+principal+`"`) {
			t.Errorf("the key is closed to %s", principal)
		}
	}
}

// Asynchronous endpoints publish no InvocationsPerInstance, so that a policy by it never
// moves (philschmid/terraform-aws-sagemaker-huggingface#9).
func TestTheBacklogMovesTheCapacity(t *testing.T) {
	all := resources(t, deployments["a model"])
	if !has(t, all["ModelBacklogPolicy"].Properties, "ApproximateBacklogSizePerInstance") || has(t, all["ModelBacklogPolicy"].Properties, "PredefinedMetric") {
		t.Errorf("%v", all["ModelBacklogPolicy"].Properties)
	}
}

// A bucket that calls a function by its own notification, whose policy names the bucket, is
// a circle (aws/serverless-application-model#816, aws/aws-sam-cli#1794): ours speak to
// EventBridge only.
func TestBucketsCallNoFunction(t *testing.T) {
	for _, b := range of(resources(t, nil), "AWS::S3::Bucket") {
		if has(t, b.Properties["NotificationConfiguration"], "Lambda") || has(t, b.Properties["NotificationConfiguration"], "Queue") {
			t.Errorf("%s: %v", b.ID, b.Properties["NotificationConfiguration"])
		}
	}
}

// Deletion protection stands in a rollback's way (floci-io/floci#3948 cites the guide): a
// first deployment can do without.
func TestAFirstDeploymentCanBeRolledBack(t *testing.T) {
	all := resources(t, map[string]string{"DeletionProtection": "off", "UserPool": "create"})
	if all["JobsTable"].Properties["DeletionProtectionEnabled"] != false || all["People"].Properties["DeletionProtection"] != "INACTIVE" {
		t.Errorf("%v, %v", all["JobsTable"].Properties["DeletionProtectionEnabled"], all["People"].Properties["DeletionProtection"])
	}
	all = resources(t, map[string]string{"UserPool": "create"})
	if all["JobsTable"].Properties["DeletionProtectionEnabled"] != true || all["People"].Properties["DeletionProtection"] != "ACTIVE" {
		t.Errorf("by default: %v, %v", all["JobsTable"].Properties["DeletionProtectionEnabled"], all["People"].Properties["DeletionProtection"])
	}
}

// An endpoint whose image is gone cannot wake, and says so only then
// (ministryofjustice/analytical-platform#10195): images go by their number only, and not
// after a few pushes that were never deployed.
func TestTheImageThatServesStays(t *testing.T) {
	repository := resources(t, nil)["ModelRepository"].Properties
	var policy struct {
		Rules []struct {
			Selection struct {
				CountType   string
				CountNumber int
			}
			Action struct{ Type string }
		}
	}
	if err := json.Unmarshal([]byte(repository["LifecyclePolicy"].(map[string]any)["LifecyclePolicyText"].(string)), &policy); err != nil {
		t.Fatal(err)
	}
	for _, r := range policy.Rules {
		if r.Selection.CountType != "imageCountMoreThan" || r.Selection.CountNumber < 10 || r.Action.Type != "expire" {
			t.Errorf("%+v", r)
		}
	}
	if len(policy.Rules) == 0 || repository["ImageTagMutability"] != "IMMUTABLE" {
		t.Errorf("%v", repository)
	}
}

// What outlives its stack may not have a name that the next stack of the same name wants:
// `make destroy` and then `make deploy` would fail with "already exists".
func TestWhatIsKeptIsInNobodysWay(t *testing.T) {
	names := map[string]string{"AWS::S3::Bucket": "BucketName", "AWS::DynamoDB::Table": "TableName", "AWS::ECR::Repository": "RepositoryName", "AWS::Backup::BackupVault": "BackupVaultName"}
	doc, found := document(t), 0
	all := resources(t, deployments["hipaa, with everything"])
	for id, r := range all {
		property := names[r.Type]
		if property == "" {
			continue
		}
		found++
		if r.Properties[property] != nil && !has(t, section(section(section(doc, "Resources"), id), "Properties")[property], "${DataKey}") {
			t.Errorf("%s stays when its stack goes, and is called %v in every stack of this name", id, r.Properties[property])
		}
	}
	if found < 7 {
		t.Errorf("%d resources were looked at", found)
	}
}

// `iris login` comes back to an address of its own, which Cognito compares to the letter,
// and the page to its own with a slash, whatever SignInUrls says.
func TestPeopleComeBack(t *testing.T) {
	for name, want := range map[string][]string{
		"frugal, with everything": {"https://example.org/", "https://www.example.org/", "http://localhost:8976/callback"},
		"hipaa, with everything":  {"https://example.org/", "http://localhost:8976/callback"},
	} {
		for _, address := range want {
			if client := resources(t, deployments[name])["WebClient"]; !has(t, client.Properties["CallbackURLs"], `"`+address+`"`) {
				t.Errorf("%s: nobody comes back to %s: %v", name, address, client.Properties["CallbackURLs"])
			}
		}
	}
}

// Budgets looks whether it may publish when it is told of a topic: the policies of all its
// topics come before it.
func TestTheBudgetsTopicsAreOpenBefore(t *testing.T) {
	budget := section(section(document(t), "Resources"), "MonthlyBudget")
	if budget["DependsOn"] != "BudgetTopicPolicy" {
		t.Errorf("MonthlyBudget waits for %v", budget["DependsOn"])
	}
	told := 0
	for _, n := range section(budget, "Properties")["NotificationsWithSubscribers"].([]any) {
		if has(t, n, `"AlertTopic"`) {
			if told++; !has(t, n, `"AlertTopicPolicy"`) {
				t.Errorf("nothing says that the policy of AlertTopic comes first: %v", n)
			}
		}
	}
	if told != 2 {
		t.Errorf("%d notifications to AlertTopic", told)
	}
}

// An IAM signature covers the host, and CloudFront asks the API at another one: with a
// domain at the edge, whoever signs would be refused, whatever he does.
func TestTheEdgeTakesTokens(t *testing.T) {
	rule := section(section(document(t), "Rules"), "EdgeTakesTokens")
	if !has(t, rule["RuleCondition"], "DomainName") || !has(t, rule["RuleCondition"], "hipaa") || !has(t, rule["Assertions"], "JwtIssuer") || !has(t, rule["Assertions"], "UserPool") {
		t.Errorf("%v", rule)
	}
}
