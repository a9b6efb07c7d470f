package template

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"time"
)

// Function is a Lambda function.
type Function struct {
	ID, Name, ARN string
	// Folder is the last element of CodeUri: the function's folder below build/.
	Folder      string
	MemoryMB    int
	Timeout     time.Duration
	Reserved    *int // reserved concurrency; nil: none
	Environment map[string]string
	MaxRetries  *int          // of an asynchronous invocation; nil: AWS's default
	MaxEventAge time.Duration // 0: AWS's default
	OnFailure   string        // ARN
}

// globalSections are the kinds that Globals may give properties to.
var globalSections = map[string]string{
	"Function": "AWS::Serverless::Function", "StateMachine": "AWS::Serverless::StateMachine", "HttpApi": "AWS::Serverless::HttpApi",
}

// applyGlobals puts SAM's Globals under the properties of each resource.
func (e *evaluator) applyGlobals(globals map[string]any) error {
	for _, section := range sorted(globals) {
		kind, known := globalSections[section]
		if !known {
			return fmt.Errorf("section Globals.%s is not supported on one machine", section)
		}
		for id, r := range e.resources {
			written := object(r)
			if text(written["Type"]) != kind {
				continue
			}
			merged := maps.Clone(written)
			merged["Properties"] = overlay(globals[section], object(written["Properties"]))
			e.resources[id] = merged
		}
	}
	return nil
}

// overlay merges as SAM does: mappings key by key, lists one after the other,
// else the resource's own value.
func overlay(under, over any) any {
	switch o := over.(type) {
	case map[string]any:
		u, ok := under.(map[string]any)
		if _, _, call := intrinsic(o); !ok || call {
			return over
		}
		merged := maps.Clone(u)
		for k, v := range o {
			if below, both := u[k]; both {
				v = overlay(below, v)
			}
			merged[k] = v
		}
		return merged
	case []any:
		if u, ok := under.([]any); ok {
			return slices.Concat(u, o)
		}
	}
	return over
}

func (t *Template) addFunction(e *evaluator, r resource) error {
	var p struct {
		CodeUri, Handler, Runtime, PackageType string
		MemorySize, Timeout                    number
		ReservedConcurrentExecutions           *number
		Environment                            struct{ Variables map[string]any }
		EventInvokeConfig                      struct {
			MaximumRetryAttempts     *number
			MaximumEventAgeInSeconds number
			DestinationConfig        struct {
				OnFailure struct{ Destination string }
			}
		}
		Events map[string]event
	}
	if err := decode(r.properties, &p); err != nil {
		return err
	}
	if p.PackageType != "" && p.PackageType != "Zip" || p.Runtime != "provided.al2023" && p.Runtime != "provided.al2" {
		return fmt.Errorf("property Runtime: %q in package %q: one machine runs provided.al2023 in a Zip", p.Runtime, p.PackageType)
	}
	folder := path.Base(path.Clean(p.CodeUri))
	if p.CodeUri == "" || folder == "." || folder == "/" {
		return fmt.Errorf("property CodeUri: %q names no folder below build/", p.CodeUri)
	}
	n, name, err := e.identify(r.id)
	if err != nil {
		return err
	}
	f := Function{
		ID: r.id, Name: name, ARN: e.arn(n, name), Folder: folder,
		MemoryMB: int(p.MemorySize), Timeout: seconds(p.Timeout), Reserved: p.ReservedConcurrentExecutions.int(),
		Environment: map[string]string{},
		MaxRetries:  p.EventInvokeConfig.MaximumRetryAttempts.int(), MaxEventAge: seconds(p.EventInvokeConfig.MaximumEventAgeInSeconds),
		OnFailure: p.EventInvokeConfig.DestinationConfig.OnFailure.Destination,
	}
	for k, v := range p.Environment.Variables {
		f.Environment[k] = text(v)
	}
	t.Functions = append(t.Functions, f)
	for _, id := range sorted(p.Events) {
		if err := t.addEvent(f, id, p.Events[id]); err != nil {
			return fmt.Errorf("property Events.%s: %w", id, err)
		}
	}
	return nil
}

func seconds(n number) time.Duration { return time.Duration(float64(n) * float64(time.Second)) }

func (n *number) int() *int {
	if n == nil {
		return nil
	}
	i := int(*n)
	return &i
}
