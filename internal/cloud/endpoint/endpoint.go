// Package endpoint calls the GPU endpoint, which is one of SageMaker's asynchronous
// inference. In: a desired capacity, or a request for one inference. Out: the desired
// and the running number of instances, or where a result will be. Errors: a
// *job.BusyError when a change is refused because another is under way or AWS is
// throttled or failing, a *job.EndpointFailedError when the endpoint takes no request;
// else as cloud/fault names them.
//
// Capacity is set in one of two ways, by the Lever that the template's CapacityLever
// names.
package endpoint

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	smtypes "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	"github.com/aws/smithy-go"

	"github.com/iris-oculus/iris/internal/cloud/fault"
	"github.com/iris-oculus/iris/internal/job"
)

// Config names the endpoint.
type Config struct {
	Name         string
	Variant      string // AllTraffic when empty
	MaxInstances int    // at least 1: the most that lever bounds allows
}

// Endpoint describes the endpoint and sends it requests. Make one with New.
type Endpoint struct {
	cfg     Config
	control *sagemaker.Client
	scaling *applicationautoscaling.Client
	runtime *sagemakerruntime.Client
}

// New binds the endpoint that cfg names.
func New(sdk aws.Config, cfg Config) *Endpoint {
	if cfg.Variant == "" {
		cfg.Variant = "AllTraffic"
	}
	cfg.MaxInstances = max(1, cfg.MaxInstances)
	return &Endpoint{
		cfg:     cfg,
		control: sagemaker.NewFromConfig(sdk),
		scaling: applicationautoscaling.NewFromConfig(sdk),
		runtime: sagemakerruntime.NewFromConfig(sdk),
	}
}

// State is the endpoint as SageMaker describes it.
type State struct {
	Status  string // as SageMaker's EndpointStatus
	Desired int
	Current int
}

// Describe reads the endpoint's state. While a deployment makes the endpoint, which takes
// minutes and comes after the functions, the error is a *job.BusyError.
func (e *Endpoint) Describe(ctx context.Context) (State, error) {
	out, err := e.control.DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: &e.cfg.Name})
	switch {
	case notYet(err), err == nil && out.EndpointStatus == smtypes.EndpointStatusCreating:
		return State{}, &job.BusyError{Message: "the endpoint " + e.cfg.Name + " is not there yet"}
	case err != nil:
		return State{}, fault.Name("describe endpoint "+e.cfg.Name, err)
	}
	for _, v := range out.ProductionVariants {
		if aws.ToString(v.VariantName) == e.cfg.Variant {
			return State{
				Status:  string(out.EndpointStatus),
				Desired: int(aws.ToInt32(v.DesiredInstanceCount)),
				Current: int(aws.ToInt32(v.CurrentInstanceCount)),
			}, nil
		}
	}
	return State{}, fmt.Errorf("describe endpoint %s: it has no variant %s", e.cfg.Name, e.cfg.Variant)
}

// Up says whether an instance is in service now.
func (e *Endpoint) Up(ctx context.Context) (bool, error) {
	st, err := e.Describe(ctx)
	return st.Current > 0, err
}

// Running is the endpoint's status and how many instances are in service.
func (e *Endpoint) Running(ctx context.Context) (status string, current int, err error) {
	st, err := e.Describe(ctx)
	return st.Status, st.Current, err
}

// notYet says whether there is no such endpoint, which SageMaker says in the text of a
// ValidationException.
func notYet(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "ValidationException" && strings.HasPrefix(api.ErrorMessage(), "Could not find endpoint")
}

// changeable says whether SageMaker takes a change of capacity now, which it does only
// in this status.
func (s State) changeable() bool { return s.Status == string(smtypes.EndpointStatusInService) }

// refused turns "another change is under way" into a BusyError.
func refused(err error, doing string) error {
	if inProgress(err) {
		return &job.BusyError{Message: doing + ": another change of the endpoint is under way"}
	}
	return fault.Name(doing, err)
}

// inProgress says whether an error means that another change is under way. SageMaker
// says so in the text of a ValidationException, Application Auto Scaling by a code.
func inProgress(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	text := strings.ToLower(api.ErrorMessage())
	return api.ErrorCode() == "ConcurrentUpdateException" || strings.Contains(text, "in-progress") || strings.Contains(text, "in progress")
}
