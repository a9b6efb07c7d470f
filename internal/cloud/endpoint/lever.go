package endpoint

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	smtypes "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/smithy-go"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// Values of the template's parameter CapacityLever.
const (
	LeverBounds  = "bounds"
	LeverWeights = "weights"
)

// Lever moves the endpoint's capacity.
type Lever interface {
	Capacity(ctx context.Context) (job.Capacity, error)
	SetDesired(ctx context.Context, n int) error
}

// Lever is the lever by its name.
func (e *Endpoint) Lever(name string) (Lever, error) {
	switch name {
	case LeverBounds:
		return bounds{e}, nil
	case LeverWeights:
		return weights{e}, nil
	}
	return nil, fmt.Errorf("capacity lever %q: want %s or %s", name, LeverBounds, LeverWeights)
}

// bounds sets the scalable target's bounds, which are 1..MaxInstances to wake the
// endpoint and 0..0 to let it sleep. Between the bounds target tracking sets the
// capacity.
type bounds struct{ *Endpoint }

func (b bounds) resource() *string {
	return aws.String("endpoint/" + b.cfg.Name + "/variant/" + b.cfg.Variant)
}

// Capacity reads the endpoint's desired count and the target's maximum. An
// endpoint without a scalable target is bound by what it is told to run.
func (b bounds) Capacity(ctx context.Context) (job.Capacity, error) {
	st, err := b.Describe(ctx)
	if err != nil {
		return job.Capacity{}, err
	}
	t, registered, err := b.target(ctx)
	if err != nil {
		return job.Capacity{}, err
	}
	c := job.Capacity{Desired: st.Desired, Bound: st.Desired}
	if registered {
		// Awake means a minimum of 1: bounds 0..n, as a first deployment
		// declares them, do not wake it.
		c.Bound = 0
		if t.low > 0 {
			c.Bound = int(t.high)
		}
	}
	return c, nil
}

// SetDesired registers the bounds. Registering may succeed although the scaling activity
// that follows fails, because the endpoint is changing. The error is then a
// *job.BusyError, and the caller's next try registers them again.
//
// AWS's documentation is contradictory on two points, so neither is relied on. If a
// maximum of 0 is refused, the bounds become 0..1, and the capacity is set directly. If
// the bounds are registered already and the capacity does not follow, it is set
// directly, too. `make probe` finds out how an account behaves.
func (b bounds) SetDesired(ctx context.Context, n int) error {
	want := limits{}
	if n > 0 {
		want = limits{1, int32(min(b.cfg.MaxInstances, 1<<10))}
	}
	st, err := b.Describe(ctx)
	if err != nil {
		return err
	}
	before, registered, err := b.target(ctx)
	if err != nil {
		return err
	}
	settled := (st.Desired > 0) == (n > 0)
	if registered && before == want && !settled && st.changeable() {
		err := weights(b).SetDesired(ctx, n)
		if !isInvalid(err) {
			return err
		}
	}
	err = b.register(ctx, want)
	byHand := false
	if n == 0 && isInvalid(err) {
		byHand, want.high = true, 1
		err = b.register(ctx, want)
	}
	switch {
	case err != nil:
		return refused(err, "register the scalable target")
	case settled:
		return nil
	case !st.changeable():
		return &job.BusyError{Message: "the endpoint is " + st.Status + ": the new bounds take effect when it has settled"}
	case byHand:
		return weights(b).SetDesired(ctx, n)
	}
	return nil
}

// limits are a scalable target's bounds.
type limits struct{ low, high int32 }

// target reads the scalable target, if there is one.
func (b bounds) target(ctx context.Context) (limits, bool, error) {
	out, err := b.scaling.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace:  astypes.ServiceNamespaceSagemaker,
		ScalableDimension: astypes.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceIds:       []string{*b.resource()},
	})
	if err != nil {
		return limits{}, false, fault.Name("describe the scalable target", err)
	}
	if len(out.ScalableTargets) == 0 {
		return limits{}, false, nil
	}
	t := out.ScalableTargets[0]
	return limits{aws.ToInt32(t.MinCapacity), aws.ToInt32(t.MaxCapacity)}, true, nil
}

func (b bounds) register(ctx context.Context, to limits) error {
	_, err := b.scaling.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace:  astypes.ServiceNamespaceSagemaker,
		ScalableDimension: astypes.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId:        b.resource(),
		MinCapacity:       &to.low,
		MaxCapacity:       &to.high,
	})
	return err
}

// isInvalid says whether AWS refuses the values themselves, so that a repeat is refused too.
func isInvalid(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationException" && !inProgress(err)
}

// weights sets the desired count itself; there is no scalable target.
type weights struct{ *Endpoint }

func (w weights) Capacity(ctx context.Context) (job.Capacity, error) {
	st, err := w.Describe(ctx)
	return job.Capacity{Desired: st.Desired, Bound: st.Desired}, err
}

func (w weights) SetDesired(ctx context.Context, n int) error {
	_, err := w.control.UpdateEndpointWeightsAndCapacities(ctx, &sagemaker.UpdateEndpointWeightsAndCapacitiesInput{
		EndpointName: &w.cfg.Name,
		DesiredWeightsAndCapacities: []smtypes.DesiredWeightAndCapacity{{
			VariantName:          &w.cfg.Variant,
			DesiredInstanceCount: aws.Int32(int32(min(n, w.cfg.MaxInstances))),
		}},
	})
	if err != nil {
		return refused(err, "change the endpoint's capacity")
	}
	return nil
}
