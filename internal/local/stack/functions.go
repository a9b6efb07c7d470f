package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/iris-oculus/iris/internal/local/asl"
	"github.com/iris-oculus/iris/internal/local/lambdas"
	"github.com/iris-oculus/iris/internal/local/template"
)

// functions are the template's, as the host runs them: the binaries below
// build/ with the template's environment and the way to this stack.
func (c Config) functions(declared []template.Function, aws map[string]string) ([]lambdas.Function, error) {
	var out []lambdas.Function
	for _, f := range declared {
		program := filepath.Join(c.Build, f.Folder, "bootstrap")
		if _, err := os.Stat(program); err != nil {
			return nil, fmt.Errorf("function %s: build/%s/bootstrap is not there: run `make build`", f.ID, f.Folder)
		}
		env := maps.Clone(f.Environment)
		maps.Copy(env, aws)
		env["AWS_SDK_UA_APP_ID"] = f.Name // says in each request whose it is
		out = append(out, lambdas.Function{
			Name: f.Name, ARN: f.ARN, Command: []string{program}, Env: env, MemoryMB: f.MemoryMB, Timeout: f.Timeout,
			Concurrency: atOnce(f.MemoryMB), ReservedConcurrency: f.Reserved, MaxRetries: f.MaxRetries, MaxEventAge: f.MaxEventAge, OnFailure: f.OnFailure,
		})
	}
	return out, nil
}

// largeMB is the memory from which a function's processes are few: the stages
// that hold a scan use every processor and gigabytes.
const largeMB = 1024

// atOnce bounds the processes of a function of so much memory; 0: as many as of any.
func atOnce(memoryMB int) int {
	if memoryMB < largeMB {
		return 0
	}
	return 2
}

// invoke calls a function for the workflow, with the service's own errors under
// the names that Retry and Catch match.
func invoke(host *lambdas.Host) func(context.Context, string, []byte) ([]byte, string, error) {
	return func(ctx context.Context, function string, payload []byte) ([]byte, string, error) {
		reply, functionError, err := host.Invoke(ctx, function, payload)
		var refused *lambdas.APIError
		if errors.As(err, &refused) {
			err = &asl.CallError{Name: "Lambda." + refused.Code, Cause: refused.Message}
		}
		return reply, functionError, err
	}
}
