package sagemaker

import (
	"encoding/json"
	"time"
)

// notification is the SNS message about a finished request, with AWS's names.
type notification struct {
	Region             string             `json:"awsRegion"`
	EventTime          string             `json:"eventTime"`
	ReceivedTime       string             `json:"receivedTime"`
	InvocationStatus   string             `json:"invocationStatus"` // Completed or Failed
	FailureReason      string             `json:"failureReason,omitempty"`
	FailureLocation    string             `json:"failureLocation,omitempty"`
	RequestParameters  requestParameters  `json:"requestParameters"`
	ResponseParameters *responseParameter `json:"responseParameters,omitempty"`
	InferenceID        string             `json:"inferenceId"`
	EventVersion       string             `json:"eventVersion"`
	EventSource        string             `json:"eventSource"`
	EventName          string             `json:"eventName"`
}

type requestParameters struct {
	Accept           string `json:"accept,omitempty"`
	ContentType      string `json:"contentType,omitempty"`
	CustomAttributes string `json:"customAttributes,omitempty"`
	EndpointName     string `json:"endpointName"`
	InputLocation    string `json:"inputLocation"`
}

type responseParameter struct {
	ContentType    string `json:"contentType"`
	OutputLocation string `json:"outputLocation"`
}

// awsTime is how SageMaker writes times in messages.
const awsTime = "2006-01-02T15:04:05.000Z"

func notify(endpoint string, r Request, o outcome, now time.Time) string {
	n := notification{
		Region:           region,
		EventTime:        now.UTC().Format(awsTime),
		ReceivedTime:     r.Received.UTC().Format(awsTime),
		InvocationStatus: "Completed",
		RequestParameters: requestParameters{
			Accept: r.Accept, ContentType: r.ContentType, CustomAttributes: r.Attributes,
			EndpointName: endpoint, InputLocation: r.Input,
		},
		InferenceID:  r.InferenceID,
		EventVersion: "1.0", EventSource: "aws:sagemaker", EventName: "InferenceResult",
	}
	if o.reason != "" {
		n.InvocationStatus, n.FailureReason, n.FailureLocation = "Failed", o.reason, r.Failure
	} else {
		n.ResponseParameters = &responseParameter{ContentType: o.contentType, OutputLocation: r.Output}
	}
	b, _ := json.Marshal(n) // strings only
	return string(b)
}

// stateChange is the detail of "SageMaker Endpoint State Change". Unlike the
// API, events spell a status in capitals, and times in milliseconds.
type stateChange struct {
	EndpointName       string         `json:"EndpointName"`
	EndpointArn        string         `json:"EndpointArn"`
	EndpointConfigName string         `json:"EndpointConfigName"`
	EndpointStatus     string         `json:"EndpointStatus"` // IN_SERVICE or UPDATING
	ProductionVariants []variantState `json:"ProductionVariants"`
	CreationTime       int64          `json:"CreationTime"`
	LastModifiedTime   int64          `json:"LastModifiedTime"`
	Tags               struct{}       `json:"Tags"`
}

type variantState struct {
	VariantName          string  `json:"VariantName"`
	CurrentWeight        float64 `json:"CurrentWeight"`
	DesiredWeight        float64 `json:"DesiredWeight"`
	CurrentInstanceCount int     `json:"CurrentInstanceCount"`
	DesiredInstanceCount int     `json:"DesiredInstanceCount"`
}

func (e *endpoint) variants() []variantState {
	return []variantState{{e.Variant, 1, 1, e.current(), e.Desired}}
}

func (e *endpoint) stateChange() stateChange {
	status := map[string]string{statusInService: "IN_SERVICE", statusUpdating: "UPDATING"}[e.status]
	return stateChange{
		EndpointName: e.Name, EndpointArn: endpointARN(e.Name), EndpointConfigName: e.Config,
		EndpointStatus: status, ProductionVariants: e.variants(),
		CreationTime: e.Created.UnixMilli(), LastModifiedTime: e.Modified.UnixMilli(),
	}
}
