package template

import (
	"encoding/json"
	"fmt"
)

// Model is a SageMaker model: a container image with its environment.
type Model struct {
	ID, Name, Image string
	Environment     map[string]string
}

// EndpointConfig says how an endpoint runs its model.
type EndpointConfig struct {
	ID, Name                string
	Variant                 string
	Model                   string // name of the Model
	Instances               int    // at first
	Concurrency             int    // requests at a time for one instance
	OutputPath, FailurePath string // s3://…
	SuccessTopic            string // ARN
	ErrorTopic              string
}

// Endpoint is a SageMaker endpoint.
type Endpoint struct {
	ID, Name string
	Config   string // name of the EndpointConfig
}

// ScalableTarget is a resource that Application Auto Scaling scales at first.
type ScalableTarget struct {
	ID                           string
	Namespace, Dimension, Target string
	Min, Max                     int
}

// ScalingPolicy scales a target.
type ScalingPolicy struct {
	Name, Type                   string
	Namespace, Dimension, Target string
	TargetTracking               json.RawMessage // as PutScalingPolicy takes it
}

func (t *Template) addModel(e *evaluator, r resource) error {
	var p struct {
		PrimaryContainer struct {
			Image       string
			Environment map[string]any
		}
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	_, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	m := Model{ID: r.id, Name: name, Image: p.PrimaryContainer.Image, Environment: map[string]string{}}
	for k, v := range p.PrimaryContainer.Environment {
		m.Environment[k] = text(v)
	}
	t.Models = append(t.Models, m)
	return nil
}

func (t *Template) addEndpointConfig(e *evaluator, r resource) error {
	var p struct {
		ProductionVariants []struct {
			VariantName, ModelName string
			InitialInstanceCount   number
		}
		AsyncInferenceConfig struct {
			ClientConfig struct{ MaxConcurrentInvocationsPerInstance number }
			OutputConfig struct {
				S3OutputPath, S3FailurePath string
				NotificationConfig          struct{ SuccessTopic, ErrorTopic string }
			}
		}
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	if len(p.ProductionVariants) != 1 {
		return fmt.Errorf("property ProductionVariants: %d variants: one machine runs 1", len(p.ProductionVariants))
	}
	_, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	v, out := p.ProductionVariants[0], p.AsyncInferenceConfig.OutputConfig
	t.EndpointConfig = append(t.EndpointConfig, EndpointConfig{
		ID: r.id, Name: name, Variant: v.VariantName, Model: v.ModelName, Instances: int(v.InitialInstanceCount),
		Concurrency: int(p.AsyncInferenceConfig.ClientConfig.MaxConcurrentInvocationsPerInstance),
		OutputPath:  out.S3OutputPath, FailurePath: out.S3FailurePath,
		SuccessTopic: out.NotificationConfig.SuccessTopic, ErrorTopic: out.NotificationConfig.ErrorTopic,
	})
	return nil
}

func (t *Template) addEndpoint(e *evaluator, r resource) error {
	var p struct{ EndpointConfigName string }
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	_, name, err := e.identify(r.id)
	t.Endpoints = append(t.Endpoints, Endpoint{ID: r.id, Name: name, Config: p.EndpointConfigName})
	return err
}

func (t *Template) addScalableTarget(r resource) error {
	var p struct {
		ServiceNamespace, ScalableDimension, ResourceId string
		MinCapacity, MaxCapacity                        number
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	t.Targets = append(t.Targets, ScalableTarget{
		ID: r.id, Namespace: p.ServiceNamespace, Dimension: p.ScalableDimension, Target: p.ResourceId,
		Min: int(p.MinCapacity), Max: int(p.MaxCapacity),
	})
	return nil
}

// addScalingPolicy finds the policy's target by its Ref, or takes the three
// properties that name it.
func (t *Template) addScalingPolicy(e *evaluator, r resource) error {
	var p struct {
		PolicyName, PolicyType, ScalingTargetId         string
		ServiceNamespace, ScalableDimension, ResourceId string
		TargetTrackingScalingPolicyConfiguration        json.RawMessage
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	policy := ScalingPolicy{
		Name: p.PolicyName, Type: p.PolicyType, Namespace: p.ServiceNamespace, Dimension: p.ScalableDimension, Target: p.ResourceId,
		TargetTracking: p.TargetTrackingScalingPolicyConfiguration,
	}
	if p.ScalingTargetId != "" {
		id, err := e.owner(p.ScalingTargetId, "AWS::ApplicationAutoScaling::ScalableTarget")
		if err != nil {
			return err
		}
		where := object(object(e.resources[id])["Properties"])
		for property, into := range map[string]*string{"ServiceNamespace": &policy.Namespace, "ScalableDimension": &policy.Dimension, "ResourceId": &policy.Target} {
			v, err := e.resolve(where[property])
			if err != nil {
				return err
			}
			*into = text(v)
		}
	}
	t.Policies = append(t.Policies, policy)
	return nil
}

// owner is the logical id of the resource of a type whose Ref gives a value.
func (e *evaluator) owner(ref, kind string) (string, error) {
	for _, id := range sorted(e.resources) {
		if text(object(e.resources[id])["Type"]) != kind {
			continue
		}
		if exists, err := e.holds(id); err != nil || !exists {
			continue
		}
		if v, err := e.refResource(id); err == nil && text(v) == ref {
			return id, nil
		}
	}
	return "", fmt.Errorf("%q is no %s of this template", ref, kind)
}
