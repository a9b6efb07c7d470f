package sagemaker

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/smithy-go"

	"github.com/iris-oculus/iris/internal/local/store"
)

// quiet is a simulation in which nothing happens by itself and no container
// ever answers, so that a test can look at the endpoint's own times.
func quiet(t *testing.T, change func(*Endpoint)) (*sim, *endpoint) {
	m := newSim(t, "weights", 0, 1, false)
	e := m.s.endpoints[0]
	e.Desired, e.instances, e.changing, e.status = 0, nil, false, statusInService
	e.StartAfter, e.ScaleAfter = 0, 0
	if change != nil {
		change(&e.Endpoint)
	}
	m.s.world, m.queue = still{m}, nil
	return m, e
}

// still is a world where containers start at once and never answer.
type still struct{ *sim }

func (w still) boot(e *endpoint, id int64)      { w.after(0, func() { w.s.booted(e, id, nil) }) }
func (w still) serve(*endpoint, int64, Request) {}
func (w still) halt(e *endpoint, id int64)      { w.after(0, func() { w.s.halted(e, id) }) }
func (w still) emit(stateChange)                {}
func (w still) abandon(e *endpoint, _ int64, r Request, reason string) {
	w.after(0, func() { w.conclude(e, r, outcome{reason: reason}) })
}

// add queues n requests.
func (m *sim) add(n int, ttl string) {
	m.t.Helper()
	for range n {
		h := http.Header{}
		h.Set(headerPrefix+"InputLocation", "s3://work/in")
		h.Set(headerPrefix+"RequestTTLSeconds", ttl)
		h.Set(headerPrefix+"InvocationTimeoutSeconds", "3600")
		if _, err := m.s.invoke("gpu", h); err != nil {
			m.t.Fatal(err)
		}
	}
}

// pass lets time go by.
func (m *sim) pass(d time.Duration) {
	end := m.now.Add(d)
	m.pump()
	m.after(d, func() {})
	m.until(end.Add(time.Nanosecond))
	m.now = end
}

func (m *sim) bounds(low, high int) error {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	return m.s.register(m.s.endpoints[0], &low, &high, m.now)
}

func TestTargetTrackingFollowsTheBacklog(t *testing.T) {
	m, e := quiet(t, nil)
	e.Policies = []policy{{Name: "backlog", TargetValue: 2, InCooldown: 300, OutCooldown: 60}}
	if err := m.bounds(1, 3); err != nil {
		t.Fatal(err)
	}
	m.pass(time.Second)
	if e.Desired != 1 || e.current() != 1 {
		t.Fatalf("within bounds 1..3: %d, %d", e.Desired, e.current())
	}
	m.add(5, "21600")
	m.pass(2*time.Minute + 30*time.Second)
	if e.Desired != 1 {
		t.Errorf("after two datapoints: %d", e.Desired)
	}
	m.pass(time.Minute)
	if e.Desired != 3 {
		t.Errorf("after three datapoints with a backlog of 5: %d, want 3", e.Desired)
	}
	for len(e.queue) > 1 {
		m.s.served(e, e.queue[1].Sequence)
	}
	m.pass(14 * time.Minute)
	if e.Desired != 3 {
		t.Errorf("after 14 low datapoints: %d", e.Desired)
	}
	m.pass(7 * time.Minute)
	if e.Desired != 1 {
		t.Errorf("after 15 low datapoints and the cooldown: %d, want 1", e.Desired)
	}
	m.add(5, "21600")
	if err := m.bounds(0, 0); err != nil {
		t.Fatal(err)
	}
	m.pass(time.Hour)
	if e.Desired != 0 {
		t.Errorf("asleep between bounds 0..0: %d", e.Desired)
	}
}

func TestAScalingActivityFailsWhileUpdatingAndIsNotRepeated(t *testing.T) {
	m, e := quiet(t, func(e *Endpoint) { e.StartAfter, e.ScaleAfter = time.Minute, 2*time.Second })
	if err := m.bounds(1, 1); err != nil {
		t.Fatal(err)
	}
	if err := m.bounds(0, 0); !errors.Is(err, errPendingUpdate) {
		t.Errorf("a second registration at once: %v, want %v", err, errPendingUpdate)
	}
	m.pass(10 * time.Second)
	if err := m.bounds(0, 0); err != nil {
		t.Fatal(err)
	}
	m.pass(10 * time.Minute)
	last := e.Activities[len(e.Activities)-1]
	if e.Desired != 1 || last.Status != activityFailed || !strings.Contains(last.Message, "Cannot update in-progress endpoint") {
		t.Errorf("desired %d, last activity %+v: want the activity failed", e.Desired, last)
	}
	if err := m.bounds(0, 0); err != nil {
		t.Fatal(err)
	}
	m.pass(10 * time.Second)
	if e.Desired != 0 {
		t.Errorf("registered again: %d, want 0", e.Desired)
	}
}

func TestRequestsExpireInTheQueueOnly(t *testing.T) {
	m, e := quiet(t, nil)
	m.add(2, "60")
	m.add(1, "120")
	m.pass(59 * time.Second)
	if len(e.queue) != 3 {
		t.Errorf("%d requests before their time", len(e.queue))
	}
	m.pass(2 * time.Second)
	if len(e.queue) != 1 {
		t.Errorf("%d requests after the first two expired", len(e.queue))
	}
	if err := m.s.setDesired(e, 1, m.now); err != nil {
		t.Fatal(err)
	}
	m.pass(10 * time.Minute)
	if len(e.queue) != 1 || e.queue[0].instance == 0 {
		t.Error("a running request expired")
	}
	m.pass(time.Hour)
	if len(e.queue) != 0 {
		t.Error("a request outlived its invocation timeout")
	}
}

func TestTheScalingAPI(t *testing.T) {
	f := setUp(t, t.TempDir(), func(e *Endpoint) { e.StartAfter = time.Hour })
	c := applicationautoscaling.NewFromConfig(f.sdk())
	ns, dim, id := astypes.ServiceNamespaceSagemaker, astypes.ScalableDimensionSageMakerVariantDesiredInstanceCount, aws.String("endpoint/gpu/variant/AllTraffic")
	register := func(low, high *int32) error {
		_, err := c.RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
			ServiceNamespace: ns, ScalableDimension: dim, ResourceId: id, MinCapacity: low, MaxCapacity: high,
		})
		return err
	}
	tracking := func(metric string) error {
		_, err := c.PutScalingPolicy(t.Context(), &applicationautoscaling.PutScalingPolicyInput{
			ServiceNamespace: ns, ScalableDimension: dim, ResourceId: id, PolicyName: aws.String("backlog"), PolicyType: astypes.PolicyTypeTargetTrackingScaling,
			TargetTrackingScalingPolicyConfiguration: &astypes.TargetTrackingScalingPolicyConfiguration{
				TargetValue: aws.Float64(2),
				CustomizedMetricSpecification: &astypes.CustomizedMetricSpecification{
					MetricName: &metric, Namespace: aws.String("AWS/SageMaker"), Statistic: astypes.MetricStatisticAverage,
				},
			},
		})
		return err
	}
	var api smithy.APIError
	if err := tracking("ApproximateBacklogSizePerInstance"); !errors.As(err, &api) || api.ErrorCode() != "ObjectNotFoundException" {
		t.Errorf("a policy without a target: %v", err)
	}
	if err := register(aws.Int32(2), aws.Int32(1)); !errors.As(err, &api) || api.ErrorCode() != "ValidationException" {
		t.Errorf("bounds 2..1: %v", err)
	}
	if err := register(aws.Int32(1), nil); err == nil {
		t.Error("a new target without a maximum was accepted")
	}
	if err := register(aws.Int32(1), aws.Int32(2)); err != nil {
		t.Fatal(err)
	}
	if err := tracking("Invocations"); err == nil {
		t.Error("a metric that asynchronous endpoints do not have was accepted")
	}
	if err := tracking("ApproximateBacklogSizePerInstance"); err != nil {
		t.Fatal(err)
	}
	targets, err := c.DescribeScalableTargets(t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: ns, ResourceIds: []string{*id}})
	if err != nil || len(targets.ScalableTargets) != 1 || *targets.ScalableTargets[0].MinCapacity != 1 || *targets.ScalableTargets[0].MaxCapacity != 2 {
		t.Errorf("targets %+v, %v", targets, err)
	}
	policies, err := c.DescribeScalingPolicies(t.Context(), &applicationautoscaling.DescribeScalingPoliciesInput{ServiceNamespace: ns})
	if err != nil || len(policies.ScalingPolicies) != 1 || *policies.ScalingPolicies[0].TargetTrackingScalingPolicyConfiguration.TargetValue != 2 {
		t.Errorf("policies %+v, %v", policies, err)
	}
	if err := register(aws.Int32(0), aws.Int32(0)); err != nil { // while it starts: accepted, and without effect
		t.Fatal(err)
	}
	acts, err := c.DescribeScalingActivities(t.Context(), &applicationautoscaling.DescribeScalingActivitiesInput{ServiceNamespace: ns, ResourceId: id})
	if err != nil || len(acts.ScalingActivities) != 2 || acts.ScalingActivities[0].StatusCode != astypes.ScalingActivityStatusCodeFailed ||
		acts.ScalingActivities[1].StatusCode != astypes.ScalingActivityStatusCodeSuccessful {
		t.Errorf("activities %+v, %v: want newest first, failed and successful", acts, err)
	}
	if _, err := c.DeleteScalingPolicy(t.Context(), &applicationautoscaling.DeleteScalingPolicyInput{ServiceNamespace: ns, ScalableDimension: dim, ResourceId: id, PolicyName: aws.String("backlog")}); err != nil {
		t.Error(err)
	}
	if _, err := c.DeregisterScalableTarget(t.Context(), &applicationautoscaling.DeregisterScalableTargetInput{ServiceNamespace: ns, ScalableDimension: dim, ResourceId: id}); err != nil {
		t.Error(err)
	}
	if targets, err = c.DescribeScalableTargets(t.Context(), &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: ns}); err != nil || len(targets.ScalableTargets) != 0 {
		t.Errorf("after deregistering %+v, %v", targets, err)
	}
}

func TestWhatIsNotSupportedIsRefusedByName(t *testing.T) {
	f := setUp(t, "", nil)
	c := sagemaker.NewFromConfig(f.sdk())
	var api smithy.APIError
	_, err := c.DeleteEndpoint(t.Context(), &sagemaker.DeleteEndpointInput{EndpointName: aws.String("gpu")})
	if !errors.As(err, &api) || api.ErrorCode() != "UnknownOperationException" || !strings.Contains(api.ErrorMessage(), "DeleteEndpoint") {
		t.Errorf("DeleteEndpoint: %v", err)
	}
	if _, err := c.DescribeEndpoint(t.Context(), &sagemaker.DescribeEndpointInput{EndpointName: aws.String("other")}); !errors.As(err, &api) || api.ErrorCode() != "ValidationException" {
		t.Errorf("another endpoint: %v", err)
	}
	list, err := c.ListEndpoints(t.Context(), &sagemaker.ListEndpointsInput{})
	if err != nil || len(list.Endpoints) != 1 || *list.Endpoints[0].EndpointName != "gpu" {
		t.Errorf("list %+v, %v", list, err)
	}
}

// An account may tell of a request that waited too long, or not: both are here.
func TestExpiredRequestsAreAnnouncedWhenAskedFor(t *testing.T) {
	for _, announce := range []bool{false, true} {
		m, e := quiet(t, func(e *Endpoint) { e.AnnounceExpired = announce })
		var told []string
		m.s.cfg.Publish = func(_ *store.Batch, _, _, message string) error {
			told = append(told, message)
			return nil
		}
		e.ErrorTopic = "arn:errors"
		m.add(2, "60")
		m.pass(2 * time.Minute)
		if len(e.queue) != 0 {
			t.Errorf("announced %v: %d requests are left", announce, len(e.queue))
		}
		if want := map[bool]int{false: 0, true: 2}[announce]; len(told) != want || want > 0 && !strings.Contains(told[0], reasonExpired) {
			t.Errorf("announced %v: %v", announce, told)
		}
	}
}
