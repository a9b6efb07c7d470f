package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	awssagemaker "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"github.com/iris-oculus/iris/internal/local/sagemaker"
	"github.com/iris-oculus/iris/internal/local/template"
)

// endpoints are the template's, each with the model command in the place of its
// image. An endpoint that a scalable target bounds begins inside the bounds.
func (c Config) endpoints(t *template.Template) ([]sagemaker.Endpoint, error) {
	var out []sagemaker.Endpoint
	for _, declared := range t.Endpoints {
		config, ok := byName(t.EndpointConfig, declared.Config, func(e template.EndpointConfig) string { return e.Name })
		if !ok {
			return nil, fmt.Errorf("endpoint %s: no endpoint configuration %q", declared.ID, declared.Config)
		}
		model, ok := byName(t.Models, config.Model, func(m template.Model) string { return m.Name })
		if !ok {
			return nil, fmt.Errorf("endpoint configuration %s: no model %q", config.ID, config.Model)
		}
		if len(c.Model) == 0 {
			return nil, fmt.Errorf("endpoint %s: no command was given that serves its model", declared.ID)
		}
		env := os.Environ()
		for name, value := range model.Environment {
			env = append(env, name+"="+value)
		}
		e := sagemaker.Endpoint{
			Name: declared.Name, Variant: config.Variant, Config: config.Name, Instances: config.Instances, Concurrency: config.Concurrency,
			OutputPath: config.OutputPath, FailurePath: config.FailurePath, SuccessTopic: config.SuccessTopic, ErrorTopic: config.ErrorTopic,
			Model: sagemaker.Model{Command: c.Model, Env: env}, StartAfter: c.ModelStartAfter,
		}
		for _, target := range t.Targets {
			if target.Target == fmt.Sprintf("endpoint/%s/variant/%s", e.Name, e.Variant) {
				e.Instances = min(max(e.Instances, target.Min), target.Max)
			}
		}
		out = append(out, e)
	}
	return out, nil
}

func byName[T any](all []T, name string, of func(T) string) (T, bool) {
	for _, v := range all {
		if of(v) == name {
			return v, true
		}
	}
	var none T
	return none, false
}

// registerTargets makes the template's scalable targets and policies, as a
// deployment does. A target that is registered is left alone: the lease moves it.
func registerTargets(ctx context.Context, cfg aws.Config, t *template.Template) error {
	client := applicationautoscaling.NewFromConfig(cfg)
	for _, target := range t.Targets {
		namespace, dimension := scaling.ServiceNamespace(target.Namespace), scaling.ScalableDimension(target.Dimension)
		known, err := client.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
			ServiceNamespace: namespace, ScalableDimension: dimension, ResourceIds: []string{target.Target},
		})
		if err != nil {
			return fmt.Errorf("scalable target %s: %w", target.ID, err)
		}
		if len(known.ScalableTargets) > 0 {
			continue
		}
		low, high := int32(target.Min), int32(target.Max)
		_, err = client.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
			ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: &target.Target, MinCapacity: &low, MaxCapacity: &high,
		})
		if err != nil {
			return fmt.Errorf("scalable target %s: %w", target.ID, err)
		}
	}
	for _, p := range t.Policies {
		in := &applicationautoscaling.PutScalingPolicyInput{
			PolicyName: &p.Name, PolicyType: scaling.PolicyType(p.Type), ResourceId: &p.Target,
			ServiceNamespace: scaling.ServiceNamespace(p.Namespace), ScalableDimension: scaling.ScalableDimension(p.Dimension),
		}
		if err := configure(p, in); err != nil {
			return fmt.Errorf("scaling policy %s: %w", p.Name, err)
		}
		if _, err := client.PutScalingPolicy(ctx, in); err != nil {
			return fmt.Errorf("scaling policy %s: %w", p.Name, err)
		}
	}
	return nil
}

// configure reads a policy's configuration into the SDK's types, whose field
// names are CloudFormation's.
func configure(p template.ScalingPolicy, in *applicationautoscaling.PutScalingPolicyInput) error {
	if p.TargetTracking != nil {
		if err := json.Unmarshal(p.TargetTracking, &in.TargetTrackingScalingPolicyConfiguration); err != nil {
			return err
		}
	}
	if p.Step != nil {
		return json.Unmarshal(p.Step, &in.StepScalingPolicyConfiguration)
	}
	return nil
}

// parkedWithin bounds the wait for endpoints at the start.
const parkedWithin = 2 * time.Minute

// parked waits until no endpoint is on its way from one capacity to another.
// Jobs that a restart found unfinished may keep an endpoint up, or wake it.
func parked(ctx context.Context, cfg aws.Config, t *template.Template) error {
	client := awssagemaker.NewFromConfig(cfg)
	ctx, cancel := context.WithTimeout(ctx, parkedWithin)
	defer cancel()
	for _, e := range t.Endpoints {
		for {
			out, err := client.DescribeEndpoint(ctx, &awssagemaker.DescribeEndpointInput{EndpointName: &e.Name})
			if err != nil {
				return fmt.Errorf("endpoint %s: %w", e.ID, err)
			}
			if out.EndpointStatus == types.EndpointStatusInService {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("endpoint %s is %s: %w", e.ID, out.EndpointStatus, ctx.Err())
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}
