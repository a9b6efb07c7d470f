package sagemaker

import (
	"strings"
	"time"
)

// The SageMaker control plane: what the lease and a person with the CLI need.
var controlOperations = map[string]operation{
	"DescribeEndpoint":                   typed((*Service).describeEndpoint),
	"ListEndpoints":                      typed((*Service).listEndpoints),
	"UpdateEndpointWeightsAndCapacities": typed((*Service).updateCapacities),
}

// seconds is a time as the JSON protocols write it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

type endpointName struct{ EndpointName string }

type endpointDescription struct {
	EndpointName         string
	EndpointArn          string
	EndpointConfigName   string
	EndpointStatus       string
	FailureReason        string `json:",omitempty"`
	ProductionVariants   []variantState
	CreationTime         float64
	LastModifiedTime     float64
	AsyncInferenceConfig asyncConfig
}

type asyncConfig struct {
	ClientConfig struct{ MaxConcurrentInvocationsPerInstance int }
	OutputConfig struct {
		S3OutputPath       string
		S3FailurePath      string `json:",omitempty"`
		NotificationConfig struct {
			SuccessTopic string `json:",omitempty"`
			ErrorTopic   string `json:",omitempty"`
		}
	}
}

func (s *Service) describeEndpoint(in endpointName) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.get(in.EndpointName)
	if err != nil {
		return nil, err
	}
	out := endpointDescription{
		EndpointName: e.Name, EndpointArn: endpointARN(e.Name), EndpointConfigName: e.Config,
		EndpointStatus: e.status, FailureReason: e.failure, ProductionVariants: e.variants(),
		CreationTime: seconds(e.Created), LastModifiedTime: seconds(e.Modified),
	}
	out.AsyncInferenceConfig.ClientConfig.MaxConcurrentInvocationsPerInstance = e.Concurrency
	out.AsyncInferenceConfig.OutputConfig.S3OutputPath = e.OutputPath
	out.AsyncInferenceConfig.OutputConfig.S3FailurePath = e.FailurePath
	out.AsyncInferenceConfig.OutputConfig.NotificationConfig.SuccessTopic = e.SuccessTopic
	out.AsyncInferenceConfig.OutputConfig.NotificationConfig.ErrorTopic = e.ErrorTopic
	return out, nil
}

type endpointFilter struct {
	NameContains string
	StatusEquals string
}

type endpointSummary struct {
	EndpointName, EndpointArn, EndpointStatus string
	CreationTime, LastModifiedTime            float64
}

func (s *Service) listEndpoints(in endpointFilter) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []endpointSummary{}
	for _, e := range s.endpoints {
		if strings.Contains(e.Name, in.NameContains) && (in.StatusEquals == "" || in.StatusEquals == e.status) {
			list = append(list, endpointSummary{e.Name, endpointARN(e.Name), e.status, seconds(e.Created), seconds(e.Modified)})
		}
	}
	return map[string]any{"Endpoints": list}, nil
}

type capacities struct {
	EndpointName                string
	DesiredWeightsAndCapacities []struct {
		VariantName          string
		DesiredInstanceCount *int
		DesiredWeight        *float64
	}
}

func (s *Service) updateCapacities(in capacities) (any, error) {
	if len(in.DesiredWeightsAndCapacities) != 1 {
		return nil, invalid("DesiredWeightsAndCapacities has %d entries: want 1", len(in.DesiredWeightsAndCapacities))
	}
	want := in.DesiredWeightsAndCapacities[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.get(in.EndpointName)
	if err != nil {
		return nil, err
	}
	if want.VariantName != e.Variant {
		return nil, invalid("VariantName %.63q: want %q", want.VariantName, e.Variant)
	}
	if want.DesiredInstanceCount != nil {
		n := *want.DesiredInstanceCount
		if n < 0 || n > maxInstances {
			return nil, invalid("DesiredInstanceCount %d: want 0..%d", n, maxInstances)
		}
		if err := s.setDesired(e, n, s.cfg.Clock.Now()); err != nil {
			return nil, err
		}
	}
	return map[string]string{"EndpointArn": endpointARN(e.Name)}, nil
}
