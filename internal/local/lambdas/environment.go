package lambdas

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// environment is all that a process gets: Lambda's own variables, then the
// function's. Nothing of this process's environment is handed on.
func environment(f *function, in *instance) []string {
	region := f.host.config.Region
	vars := map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME":        f.spec.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": fmt.Sprint(f.spec.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.spec.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      time.Now().UTC().Format("2006/01/02/") + "[$LATEST]" + in.token,
		"AWS_REGION":                      region,
		"AWS_DEFAULT_REGION":              region,
		"AWS_LAMBDA_RUNTIME_API":          f.host.runtime.address + "/" + in.token,
		"LAMBDA_TASK_ROOT":                filepath.Dir(f.spec.Command[0]),
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"_HANDLER":                        "bootstrap",
		"TZ":                              ":UTC",
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin:/bin",
	}
	for name, value := range f.spec.Env {
		vars[name] = value
	}
	var out []string
	for name, value := range vars {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return out
}

// architecture is this machine's in Lambda's words.
func architecture() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

// publicVariables leaves out credentials, which on AWS are a role's and no
// variables of the function.
func publicVariables(env map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range env {
		switch name {
		case "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE":
		default:
			out[name] = value
		}
	}
	return out
}
