package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

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

// scaled names what a target or a policy scales, in the service's own JSON.
type scaled struct{ ServiceNamespace, ScalableDimension, ResourceId string }

// registerTargets makes the template's scalable targets and policies, as a
// deployment does. A target that is registered is left alone: the lease moves it.
func registerTargets(service *sagemaker.Service, t *template.Template) error {
	for _, target := range t.Targets {
		what := scaled{target.Namespace, target.Dimension, target.Target}
		var known struct{ ScalableTargets []struct{} }
		err := service.Call("DescribeScalableTargets", struct {
			scaled
			ResourceIds []string
		}{what, []string{target.Target}}, &known)
		if err == nil && len(known.ScalableTargets) == 0 {
			err = service.Call("RegisterScalableTarget", struct {
				scaled
				MinCapacity, MaxCapacity int
			}{what, target.Min, target.Max}, &struct{}{})
		}
		if err != nil {
			return fmt.Errorf("scalable target %s: %w", target.ID, err)
		}
	}
	for _, p := range t.Policies {
		err := service.Call("PutScalingPolicy", struct {
			scaled
			PolicyName, PolicyType                   string
			TargetTrackingScalingPolicyConfiguration json.RawMessage `json:",omitempty"`
		}{scaled{p.Namespace, p.Dimension, p.Target}, p.Name, p.Type, p.TargetTracking}, &struct{}{})
		if err != nil {
			return fmt.Errorf("scaling policy %s: %w", p.Name, err)
		}
	}
	return nil
}

// parkedWithin bounds the wait for endpoints at the start.
const parkedWithin = 2 * time.Minute

// parked waits until no endpoint is on its way from one capacity to another.
// Jobs that a restart found unfinished may keep an endpoint up, or wake it.
func parked(ctx context.Context, service *sagemaker.Service, t *template.Template) error {
	ctx, cancel := context.WithTimeout(ctx, parkedWithin)
	defer cancel()
	for _, e := range t.Endpoints {
		for {
			var found struct{ EndpointStatus string }
			if err := service.Call("DescribeEndpoint", map[string]string{"EndpointName": e.Name}, &found); err != nil {
				return fmt.Errorf("endpoint %s: %w", e.ID, err)
			}
			if found.EndpointStatus == "InService" {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("endpoint %s is %s: %w", e.ID, found.EndpointStatus, ctx.Err())
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	return nil
}
