package sagemaker

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Application Auto Scaling, for endpoint variants and nothing else.
var scalingOperations = map[string]operation{
	"RegisterScalableTarget":    typed((*Service).registerScalableTarget),
	"DeregisterScalableTarget":  typed((*Service).deregisterScalableTarget),
	"DescribeScalableTargets":   typed((*Service).describeScalableTargets),
	"PutScalingPolicy":          typed((*Service).putScalingPolicy),
	"DeleteScalingPolicy":       typed((*Service).deleteScalingPolicy),
	"DescribeScalingPolicies":   typed((*Service).describeScalingPolicies),
	"DescribeScalingActivities": typed((*Service).describeScalingActivities),
}

const (
	namespace = "sagemaker"
	dimension = "sagemaker:variant:DesiredInstanceCount"
)

// resource names what is scaled.
type resource struct {
	ServiceNamespace  string
	ResourceId        string
	ScalableDimension string
}

func resourceID(e *endpoint) string { return "endpoint/" + e.Name + "/variant/" + e.Variant }

// locate finds the endpoint that a call is about.
func (s *Service) locate(r resource) (*endpoint, error) {
	if r.ServiceNamespace != namespace || r.ScalableDimension != dimension {
		return nil, invalid("want ServiceNamespace %s and ScalableDimension %s", namespace, dimension)
	}
	for _, e := range s.endpoints {
		if resourceID(e) == r.ResourceId {
			return e, nil
		}
	}
	return nil, invalid("ECS, SageMaker or other resource %.128q does not exist", r.ResourceId)
}

// targets lists the endpoints that a Describe call asks for.
func (s *Service) targets(r resource, ids []string) []*endpoint {
	var out []*endpoint
	for _, e := range s.endpoints {
		id := resourceID(e)
		if e.Target != nil && (r.ResourceId == "" || r.ResourceId == id) && (len(ids) == 0 || slices.Contains(ids, id)) {
			out = append(out, e)
		}
	}
	return out
}

type bounds struct {
	resource
	MinCapacity, MaxCapacity *int
}

func (s *Service) registerScalableTarget(in bounds) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.locate(in.resource)
	if err != nil {
		return nil, err
	}
	if err := s.register(e, in.MinCapacity, in.MaxCapacity, s.cfg.Clock.Now()); err != nil {
		return nil, err
	}
	return map[string]string{"ScalableTargetARN": "arn:aws:application-autoscaling:" + region + ":" + account + ":scalable-target/" + e.Name}, nil
}

func (s *Service) deregisterScalableTarget(in resource) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.locate(in)
	if err != nil {
		return nil, err
	}
	if e.Target == nil {
		return nil, errNoTarget
	}
	next := e.Record
	next.Target, next.Policies = nil, nil
	return struct{}{}, e.save(next)
}

type describeTargets struct {
	resource
	ResourceIds []string
}

func (s *Service) describeScalableTargets(in describeTargets) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []any{}
	for _, e := range s.targets(in.resource, in.ResourceIds) {
		list = append(list, map[string]any{
			"ServiceNamespace": namespace, "ResourceId": resourceID(e), "ScalableDimension": dimension,
			"MinCapacity": e.Target.Min, "MaxCapacity": e.Target.Max, "CreationTime": seconds(e.Target.Created),
			"RoleARN": "arn:aws:iam::" + account + ":role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
		})
	}
	return map[string]any{"ScalableTargets": list}, nil
}

type putPolicy struct {
	resource
	PolicyName                               string
	PolicyType                               string
	TargetTrackingScalingPolicyConfiguration json.RawMessage
}

// maxPolicies bounds what one endpoint keeps.
const maxPolicies = 10

func (s *Service) putScalingPolicy(in putPolicy) (any, error) {
	p, err := in.policy()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.locate(in.resource)
	if err != nil {
		return nil, err
	}
	if e.Target == nil {
		return nil, errNoTarget
	}
	next := e.Record
	next.Policies = slices.DeleteFunc(slices.Clone(e.Policies), func(q policy) bool { return q.Name == p.Name })
	next.Policies = append(next.Policies, p)
	if len(next.Policies) > maxPolicies {
		return nil, invalid("%d scaling policies: want at most %d", len(next.Policies), maxPolicies)
	}
	if err := e.save(next); err != nil {
		return nil, err
	}
	s.changed()
	return map[string]any{"PolicyARN": policyARN(e, p), "Alarms": []any{}}, nil
}

func (in putPolicy) policy() (policy, error) {
	p := policy{Name: in.PolicyName}
	if p.Name == "" || len(p.Name) > 256 {
		return p, invalid("PolicyName of %d characters: want 1..256", len(p.Name))
	}
	if in.PolicyType != "TargetTrackingScaling" {
		return p, invalid("PolicyType %.32q: one machine has TargetTrackingScaling", in.PolicyType)
	}
	c, err := decode[struct {
		TargetValue                       float64
		ScaleInCooldown, ScaleOutCooldown *int
		CustomizedMetricSpecification     struct{ MetricName string }
	}](in.TargetTrackingScalingPolicyConfiguration)
	if err != nil {
		return p, err
	}
	if !(c.TargetValue > 0) || c.CustomizedMetricSpecification.MetricName != "ApproximateBacklogSizePerInstance" {
		return p, invalid("target tracking: want TargetValue over 0 and metric ApproximateBacklogSizePerInstance")
	}
	p.TargetValue, p.Configuration = c.TargetValue, in.TargetTrackingScalingPolicyConfiguration
	p.InCooldown, p.OutCooldown = orDefault(c.ScaleInCooldown), orDefault(c.ScaleOutCooldown)
	return p, nil
}

// orDefault is a cooldown in seconds; AWS's default is five minutes.
func orDefault(cooldown *int) int {
	if cooldown == nil {
		return int((5 * time.Minute).Seconds())
	}
	return max(0, *cooldown)
}

func policyARN(e *endpoint, p policy) string {
	return "arn:aws:autoscaling:" + region + ":" + account + ":scalingPolicy:resource/sagemaker/" + resourceID(e) + ":policyName/" + p.Name
}

type policyName struct {
	resource
	PolicyName string
}

func (s *Service) deleteScalingPolicy(in policyName) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.locate(in.resource)
	if err != nil {
		return nil, err
	}
	next := e.Record
	next.Policies = slices.DeleteFunc(slices.Clone(e.Policies), func(q policy) bool { return q.Name == in.PolicyName })
	if len(next.Policies) == len(e.Policies) {
		return nil, errNoTarget
	}
	return struct{}{}, e.save(next)
}

func (s *Service) describeScalingPolicies(in resource) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []any{}
	for _, e := range s.targets(in, nil) {
		for _, p := range e.Policies {
			const kind = "TargetTrackingScaling"
			list = append(list, map[string]any{
				"PolicyARN": policyARN(e, p), "PolicyName": p.Name, "PolicyType": kind, "CreationTime": seconds(e.Target.Created),
				"ServiceNamespace": namespace, "ResourceId": resourceID(e), "ScalableDimension": dimension,
				kind + "PolicyConfiguration": json.RawMessage(p.Configuration),
			})
		}
	}
	return map[string]any{"ScalingPolicies": list}, nil
}

func (s *Service) describeScalingActivities(in resource) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []any{}
	for _, e := range s.targets(in, nil) {
		for _, a := range slices.Backward(e.Activities) { // newest first
			item := map[string]any{
				"ActivityId": strconv.FormatInt(a.ID, 10), "ServiceNamespace": namespace, "ResourceId": resourceID(e), "ScalableDimension": dimension,
				"Description": "Setting desired instance count to " + strconv.Itoa(a.Desired) + ".", "Cause": a.Cause,
				"StartTime": seconds(a.Start), "StatusCode": a.Status,
			}
			if a.Status != activityPending {
				item["EndTime"], item["StatusMessage"] = seconds(a.Due), strings.TrimSpace(a.Message)
			}
			list = append(list, item)
		}
	}
	return map[string]any{"ScalingActivities": list}, nil
}
