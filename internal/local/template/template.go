// Package template reads template.yaml, the SAM template that is deployed on
// AWS, for the one-machine stack, so that nothing is declared twice. In: the
// file, parameter values, the local account's identity. Out: the resources that
// the stack builds, with every intrinsic function resolved to local names and
// ARNs. Every property is in one of three lists (lists.go): honoured here;
// declared without effect on one machine; anything else is an error that names
// the resource and the property.
package template

import (
	"fmt"
	"slices"
	"strings"
)

// Identity is who and where the local stack says it is.
type Identity struct {
	Account, Region, Stack string
	APIEndpoint            string // where the HTTP API answers
}

// Template is an evaluated template. Slices are in the order of logical ids.
type Template struct {
	Parameters     map[string]any // after overrides
	Buckets        []Bucket
	Tables         []Table
	Functions      []Function
	Rules          []Rule
	Topics         []Topic
	Subscriptions  []Subscription
	StateMachines  []StateMachine
	API            *API // nil: none
	Models         []Model
	EndpointConfig []EndpointConfig
	Endpoints      []Endpoint
	Targets        []ScalableTarget
	Policies       []ScalingPolicy
	Outputs        map[string]string
	// Declared are the resources and properties that have no effect on one
	// machine, as "Resource.Property" or "Resource (type)", sorted.
	Declared []string
}

// resource is one resource whose condition holds, resolved.
type resource struct {
	id, kind   string
	properties map[string]any
}

// Load reads and evaluates a template file. Overrides are parameter values by
// name; the others take their defaults.
func Load(path string, who Identity, overrides map[string]string) (*Template, error) {
	doc, err := read(path)
	if err != nil {
		return nil, err
	}
	return evaluate(doc, who, overrides)
}

// Document is a template as it is written: mappings are map[string]any, and a short tag
// is its long form, !Ref X for example {"Ref": "X"}.
func Document(path string) (map[string]any, error) { return read(path) }

// Resource is a resource as CloudFormation is asked for it, those without effect on one
// machine among them.
type Resource struct {
	ID, Type   string
	Properties map[string]any
}

// Resources resolves every resource whose condition holds, in the order of their ids.
// An attribute of a resource without effect here is "<name>.<attribute>".
func Resources(path string, who Identity, overrides map[string]string) ([]Resource, error) {
	doc, err := read(path)
	if err != nil {
		return nil, err
	}
	e, err := evaluatorOf(doc, who, overrides)
	if err != nil {
		return nil, err
	}
	var all []Resource
	for _, id := range sorted(e.resources) {
		exists, err := e.holds(id)
		if err != nil {
			return nil, err
		}
		if !exists {
			continue
		}
		properties, err := e.resolve(object(object(e.resources[id])["Properties"]))
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", id, err)
		}
		all = append(all, Resource{ID: id, Type: text(object(e.resources[id])["Type"]), Properties: object(properties)})
	}
	return all, nil
}

// evaluatorOf knows the parameters' values, and has the globals in the functions.
func evaluatorOf(doc map[string]any, who Identity, overrides map[string]string) (*evaluator, error) {
	parameters, err := parameterValues(object(doc["Parameters"]), overrides)
	if err != nil {
		return nil, err
	}
	e := newEvaluator(doc, who, parameters)
	return e, e.applyGlobals(object(doc["Globals"]))
}

// sections are the top-level keys; those without effect here are false.
var sections = map[string]bool{
	"Parameters": true, "Mappings": true, "Conditions": true, "Globals": true, "Resources": true, "Outputs": true, "Transform": true,
	"AWSTemplateFormatVersion": false, "Description": false, "Metadata": false,
	"Rules": false, // what CloudFormation refuses before it begins
}

func evaluate(doc map[string]any, who Identity, overrides map[string]string) (*Template, error) {
	for _, name := range sorted(doc) {
		if _, known := sections[name]; !known {
			return nil, fmt.Errorf("section %s is not supported on one machine", name)
		}
	}
	if t := text(doc["Transform"]); t != "" && t != "AWS::Serverless-2016-10-31" {
		return nil, fmt.Errorf("transform %s is not supported on one machine", t)
	}
	e, err := evaluatorOf(doc, who, overrides)
	if err != nil {
		return nil, err
	}
	live, declared, err := e.live()
	if err != nil {
		return nil, err
	}
	t := &Template{Parameters: e.parameters, Declared: declared}
	for _, r := range live {
		if err := t.add(e, r); err != nil {
			return nil, fmt.Errorf("resource %s: %w", r.id, err)
		}
	}
	if err := t.joinAPI(e, live); err != nil {
		return nil, err
	}
	slices.Sort(t.Declared)
	t.Declared = slices.Compact(t.Declared)
	return t, t.outputs(e, object(doc["Outputs"]))
}

func newEvaluator(doc map[string]any, who Identity, parameters map[string]any) *evaluator {
	return &evaluator{
		parameters: parameters,
		pseudo: map[string]any{
			"AWS::AccountId": who.Account, "AWS::Region": who.Region, "AWS::Partition": "aws",
			"AWS::StackName": who.Stack, "AWS::URLSuffix": "amazonaws.com", "AWS::NoValue": noValue{},
			"AWS::StackId":          "arn:aws:cloudformation:" + who.Region + ":" + who.Account + ":stack/" + who.Stack + "/local",
			"AWS::NotificationARNs": []any{},
		},
		mappings: object(doc["Mappings"]), conditions: object(doc["Conditions"]), resources: object(doc["Resources"]),
		names: map[string]string{}, busy: map[string]bool{}, apiEndpoint: who.APIEndpoint,
	}
}

// attributes are what a resource may hold beside its properties.
var attributes = []string{"Type", "Properties", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"}

// live resolves every resource whose condition holds and checks its properties
// against the lists.
func (e *evaluator) live() (live []resource, declared []string, err error) {
	for _, id := range sorted(e.resources) {
		if holds, err := e.holds(id); err != nil {
			return nil, nil, err
		} else if !holds {
			continue
		}
		written := object(e.resources[id])
		kind := text(written["Type"])
		for _, a := range sorted(written) {
			if !slices.Contains(attributes, a) {
				return nil, nil, fmt.Errorf("resource %s: attribute %s is not supported on one machine", id, a)
			}
		}
		if without(kind) {
			declared = append(declared, id+" ("+kind+")")
			continue
		}
		list, known := lists[kind]
		if !known {
			return nil, nil, fmt.Errorf("resource %s: type %s is not supported on one machine", id, kind)
		}
		properties, err := e.resolve(object(written["Properties"]))
		if err != nil {
			return nil, nil, fmt.Errorf("resource %s: %w", id, err)
		}
		idle, err := list.check("", properties)
		if err != nil {
			return nil, nil, fmt.Errorf("resource %s: %w", id, err)
		}
		for _, p := range idle {
			declared = append(declared, id+"."+p)
		}
		live = append(live, resource{id: id, kind: kind, properties: object(properties)})
	}
	return live, declared, nil
}

// add turns a resource into what the stack builds.
func (t *Template) add(e *evaluator, r resource) error {
	switch r.kind {
	case "AWS::S3::Bucket":
		return t.addBucket(e, r)
	case "AWS::DynamoDB::Table":
		return t.addTable(e, r)
	case "AWS::Serverless::Function":
		return t.addFunction(e, r)
	case "AWS::Serverless::StateMachine":
		return t.addStateMachine(e, r)
	case "AWS::Events::Rule":
		return t.addRule(e, r)
	case "AWS::SNS::Topic":
		return t.addTopic(e, r)
	case "AWS::SNS::Subscription":
		return t.addSubscription(r)
	case "AWS::SageMaker::Model":
		return t.addModel(e, r)
	case "AWS::SageMaker::EndpointConfig":
		return t.addEndpointConfig(e, r)
	case "AWS::SageMaker::Endpoint":
		return t.addEndpoint(e, r)
	case "AWS::ApplicationAutoScaling::ScalableTarget":
		return t.addScalableTarget(r)
	case "AWS::ApplicationAutoScaling::ScalingPolicy":
		return t.addScalingPolicy(e, r)
	}
	return nil // the parts of an HTTP API are joined when all are known
}

// outputs resolves the Outputs section.
func (t *Template) outputs(e *evaluator, section map[string]any) error {
	t.Outputs = map[string]string{}
	for _, name := range sorted(section) {
		out := object(section[name])
		if c := text(out["Condition"]); c != "" {
			holds, err := e.named(c)
			if err != nil {
				return fmt.Errorf("output %s: %w", name, err)
			}
			if !holds {
				continue
			}
		}
		v, err := e.resolve(out["Value"])
		if err != nil {
			return fmt.Errorf("output %s: %w", name, err)
		}
		t.Outputs[name] = text(v)
	}
	return nil
}

// short is a logical id in lower case without the word for its kind:
// UploadsBucket is uploads.
func short(id, kind string) string {
	return strings.ToLower(cmpOr(strings.TrimSuffix(id, kind), id))
}
